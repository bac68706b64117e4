"""Ground floor: errors, units, keyed randomness, time, provenance. Imports nothing of opsonin above itself."""

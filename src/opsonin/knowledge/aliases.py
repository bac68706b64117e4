"""What somebody meant who asked for a name that the knowledge base does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsonin.core.errors import did_you_mean
from opsonin.model.drugs import Drug


def meant(name: str, known: Mapping[str, object]) -> str:
    """`Did you mean 'x'?` for the drug that is also known by this name, else for the closest name.

    Args:
        known: entries by name.
    """
    for entry in known.values():
        if isinstance(entry, Drug) and _plain(name) in map(_plain, entry.also_known_as):
            return f"Did you mean '{entry.name}'? It is named so here."
    return did_you_mean(name, known)


def _plain(name: str) -> str:
    """A name without what people write differently: case, hyphens, primes and spaces."""
    return re.sub(r"[\W_]", "", name).lower()

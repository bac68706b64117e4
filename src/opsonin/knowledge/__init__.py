"""The knowledge base: a library of TOML entries, its loader and its checker. No biology is computed here."""

"""Loops over arrays on the CPU. No biology of their own: they call `laws/` as globals."""

"""`python -m opsonin`: the command line without its console script."""

from __future__ import annotations

from opsonin.cli.main import entry

if __name__ == "__main__":
    entry()

"""The console script, and `python -m opsonin`."""

from __future__ import annotations

import sys
from typing import NoReturn

from opsonin.cli import INTERRUPTED
from opsonin.core.garbage import seldom_collected


def entry() -> NoReturn:
    """Run the command line; Ctrl-C is answered in words even while its modules are being read."""
    with seldom_collected():
        try:
            from opsonin.cli.main import entry as command_line
        except KeyboardInterrupt:
            print("interrupted  before anything was done.", file=sys.stderr)
            sys.exit(INTERRUPTED)
        command_line()


if __name__ == "__main__":
    entry()

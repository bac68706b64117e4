"""A worker process of a population: follows the patients of the parts that it is given.

    python -m opsonin.engine.sweep_worker 1

It speaks as `worker.py` does; a part is what that calls an arm.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opsonin.engine.worker import Hears, Work, serve

if TYPE_CHECKING:
    from opsonin.engine.follower import Follower


def _ready() -> Work:
    from opsonin.engine.follower import Follower

    opened: dict[Path, Follower] = {}

    def work(folder: Path, part: str | None, hears: Hears) -> None:
        if folder not in opened:
            opened[folder] = Follower.open(folder)
        opened[folder].follow(int(part or 0))
        hears[0].finished(part or "")

    return work


if __name__ == "__main__":
    serve(_ready)

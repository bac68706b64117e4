"""How a run is shown while it goes: live on a terminal, as plain lines elsewhere, or not at all.

What there is to tell comes from the engine's `Listener`; every line goes to standard error.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console

from opsonin.store.result import time_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from opsonin.engine.progress import Listener

MINUTES_PER_DAY = 1440.0
SECONDS_BETWEEN_LINES = 10.0
# So many arms that are done stay shown; replicates and fields can be hundreds.
MOST_BARS = 12
MOST_NAMED = 3
COMPILING = "compiling the kernels: once per version, one to three minutes ..."


class Pace:
    """Simulated days per minute of waiting, and the seconds left, for one arm; its clock starts now."""

    def __init__(self, time_min: float, duration_min: float) -> None:
        self.duration = duration_min / MINUTES_PER_DAY
        self._from = time_min / MINUTES_PER_DAY
        self._since = time.monotonic()

    def at(self, time_min: float) -> str:
        """Text such as "12.0 of 84.0 d, 30 d/min, 2:24 left"."""
        day = time_min / MINUTES_PER_DAY
        elapsed = time.monotonic() - self._since
        told = f"{day:.1f} of {self.duration:.1f} d"
        if elapsed <= 0.0 or day <= self._from:
            return told
        speed = (day - self._from) / elapsed  # days per second
        minutes, seconds = divmod(round((self.duration - day) / speed), 60)
        return f"{told}, {speed * 60.0:.3g} d/min, {minutes}:{seconds:02d} left"


def _before(done_min: float, total_min: float) -> str:
    done, total = done_min / MINUTES_PER_DAY, total_min / MINUTES_PER_DAY
    return f"before time 0, {done:.1f} of {total:.1f} d"


class Stopping:
    """What is said at once to who asked for a stop, however little is said else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next: dict[str, float] = {}  # arm that goes on -> its next stored time [min]

    def heading(self, arm: str, time_min: float) -> None:
        self._next[arm] = time_min

    def finished(self, arm: str) -> None:
        self._next.pop(arm, None)

    def stopping(self) -> None:
        with suppress(OSError):  # nobody is left to read it
            self._console.print(
                self._how(list(self._next.items())), markup=False, highlight=False, soft_wrap=True
            )

    @staticmethod
    def _how(going: list[tuple[str, float]]) -> str:
        at = [f"{time_text(time_min)} of arm '{arm}'" for arm, time_min in going[:MOST_NAMED]]
        more = f" and {len(going) - MOST_NAMED} more" if len(going) > MOST_NAMED else ""
        where = (
            f"at the next stored time ({', '.join(at)}{more})" if at else "as soon as everything is stored"
        )
        again = "Ctrl-C again stops at once and loses what was computed since the last stored time."
        return f"Stopping {where}, please wait. {again}"


class PlainProgress(Stopping):
    """Lines of text, one per `SECONDS_BETWEEN_LINES` at most while an arm goes on."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._paces: dict[str, Pace] = {}
        self._last = -SECONDS_BETWEEN_LINES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def compiling(self, *, done: bool) -> None:
        self._say("kernels are ready" if done else COMPILING)

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self._say(f"arm '{arm}': {_before(done_min, total_min)}")

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self._paces[arm] = Pace(time_min, duration_min)
        self._last = time.monotonic()
        self._say(f"arm '{arm}': from {time_text(time_min)} to {time_text(duration_min)}")

    def step(self, arm: str, time_min: float, cells: int) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self._say(f"arm '{arm}': {self._paces[arm].at(time_min)}, {cells:,} cells")

    def finished(self, arm: str) -> None:
        super().finished(arm)
        self._say(f"arm '{arm}': done")

    def note(self, text: str) -> None:
        self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveProgress(Stopping):
    """A bar per arm that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        super().__init__(console)
        self._progress: Progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._paces: dict[str, Pace] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def compiling(self, *, done: bool) -> None:
        self.note("kernels are ready" if done else COMPILING)

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        self._show(arm, done_min, total_min, _before(done_min, total_min))

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self._paces[arm] = Pace(time_min, duration_min)
        self._show(arm, time_min, duration_min, "")

    def _show(self, arm: str, completed: float, total: float, told: str) -> None:
        values: dict[str, Any] = {"total": total, "completed": completed, "told": told}
        if arm in self._tasks:
            self._progress.update(self._tasks[arm], **values)
        else:
            self._tasks[arm] = self._progress.add_task(arm, **values)

    def step(self, arm: str, time_min: float, cells: int) -> None:
        told = f"{self._paces[arm].at(time_min)}, {cells:,} cells"
        self._progress.update(self._tasks[arm], completed=time_min, told=told)

    def finished(self, arm: str) -> None:
        super().finished(arm)
        task = self._tasks[arm]
        total = next(shown.total for shown in self._progress.tasks if shown.id == task)
        self._progress.update(task, completed=total, told=f"{self._paces[arm].duration:.1f} d done")
        over = [shown for shown in self._progress.tasks if shown.visible and shown.finished][:-MOST_BARS]
        for done in over:
            self._progress.update(done.id, visible=False)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)


class NoProgress(PlainProgress):
    """Says nothing unasked."""

    def _say(self, text: str) -> None:
        pass


def progress(*, silent: bool) -> PlainProgress | LiveProgress:
    """What fits the place that standard error goes to."""
    console = Console(stderr=True)
    if silent:
        return NoProgress(console)
    return (
        LiveProgress(console)
        if console.is_terminal and not console.is_dumb_terminal
        else PlainProgress(console)
    )


if TYPE_CHECKING:
    _satisfied: tuple[Listener, Listener] = (PlainProgress(Console()), LiveProgress(Console()))

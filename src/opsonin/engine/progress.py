"""What a run tells whoever watches it. Showing it is the command line's business."""

from __future__ import annotations

from typing import Protocol

from opsonin.engine.signals import StopRequest


class Listener(Protocol):
    """Hears how a run goes on; every method may be a no-op."""

    def compiling(self, *, done: bool) -> None:
        """Kernels are being compiled (once per version of the sources), or are ready."""

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        """The tissue of an arm lives up to its time 0, of which nothing is stored; called as often as `step`."""

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        """An arm starts, or goes on, at `time_min`."""

    def heading(self, arm: str, time_min: float) -> None:
        """An arm goes on to `time_min`, its next stored time, where a stop would end it."""

    def step(self, arm: str, time_min: float, cells: int) -> None:
        """An arm has reached `time_min`; called a few times per second at most."""

    def finished(self, arm: str) -> None:
        """An arm is complete and stored."""

    def stopping(self) -> None:
        """A stop was asked for just now; called in a thread of its own."""

    def note(self, text: str) -> None:
        """Something worth saying once."""


class Silent:
    """A listener that hears nothing."""

    def compiling(self, *, done: bool) -> None:
        pass

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        pass

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        pass

    def heading(self, arm: str, time_min: float) -> None:
        pass

    def step(self, arm: str, time_min: float, cells: int) -> None:
        pass

    def finished(self, arm: str) -> None:
        pass

    def stopping(self) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Named:
    """Tells a listener which of several runs an arm belongs to."""

    def __init__(self, listener: Listener, run: str) -> None:
        self._listener, self._run = listener, run

    def compiling(self, *, done: bool) -> None:
        self._listener.compiling(done=done)

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        self._listener.preparing(self._of_run(arm), done_min, total_min)

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self._listener.started(self._of_run(arm), time_min, duration_min)

    def heading(self, arm: str, time_min: float) -> None:
        self._listener.heading(self._of_run(arm), time_min)

    def step(self, arm: str, time_min: float, cells: int) -> None:
        self._listener.step(self._of_run(arm), time_min, cells)

    def finished(self, arm: str) -> None:
        self._listener.finished(self._of_run(arm))

    def stopping(self) -> None:
        self._listener.stopping()

    def note(self, text: str) -> None:
        self._listener.note(self._of_run(text))

    def _of_run(self, text: str) -> str:
        return f"{self._run}: {text}"


Hears = tuple[Listener, StopRequest]

"""Stopping politely: the first SIGINT or SIGTERM lets the run reach its next stored time, the second stops it now."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType


def _nobody() -> None:
    """Hears of a stop and does nothing."""


class StopRequest:
    """While active, remembers that the user or the system asked to stop. Does nothing outside the main thread.

    Whoever is to know of it at once hears of it in a thread of its own: a signal may come in the middle of a print.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self, told: Callable[[], None] = _nobody) -> None:
        self.requested = False
        self._before: dict[int, object] = {}
        self._told = told
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # whose `put` may be interrupted by itself
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            self._teller.start()
            for number in self._SIGNALS:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._before:
            self._asked.put(False)
            self._teller.join()
        self._before = {}

    def _tell(self) -> None:
        if self._asked.get():
            self._told()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        self._asked.put(True)

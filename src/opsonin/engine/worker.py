"""A worker process: goes on with the runs, or arms of runs, that it is given, one after the other.

    python -m opsonin.engine.worker THREADS

It reads {"go_on": FOLDER, "arm": NAME or null} and {"stop": true}, one JSON document per line, and writes what a
`Listener` would hear, then "done", "failed" with the faults, or "stopped". When the one who started it is gone, it
ends at once: what it has stored is whole, and whoever resumes the run need not wait for it.
"""

from __future__ import annotations

import io
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from opsonin.core import kernel_cache
from opsonin.core.errors import Fault, HostError, Interrupted, OpsoninError, out_of_memory
from opsonin.engine.signals import StopRequest

_ALONE = 1  # exit code that nobody is there to read
_Task = tuple[str, str | None]  # folder of a run, and an arm of it or None


class _Told:
    """A listener that writes what it hears."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def say(self, event: str, **words: Any) -> None:
        try:
            self._out.write(json.dumps({"event": event, **words}) + "\n")
            self._out.flush()
        except BrokenPipeError:  # nobody is left to hear it: `_read` sees that, too, and the run stops soon
            with suppress(BrokenPipeError):
                self._out.close()
            self._out = io.StringIO()

    def compiling(self, *, done: bool) -> None:
        self.say("compiling", done=done)

    def preparing(self, arm: str, done_min: float, total_min: float) -> None:
        self.say("preparing", arm=arm, done_min=done_min, total_min=total_min)

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self.say("started", arm=arm, time_min=time_min, duration_min=duration_min)

    def heading(self, arm: str, time_min: float) -> None:
        self.say("heading", arm=arm, time_min=time_min)

    def step(self, arm: str, time_min: float, cells: int) -> None:
        self.say("step", arm=arm, time_min=time_min, cells=cells)

    def finished(self, arm: str) -> None:
        self.say("finished", arm=arm)

    def stopping(self) -> None:
        """Who asked for it is the one who reads this."""

    def note(self, text: str) -> None:
        self.say("note", text=text)


Hears = tuple[_Told, StopRequest]
Work = Callable[[Path, str | None, Hears], None]
"""What is done for one task: its folder, an arm or part of it, who hears of it."""


def main(threads: int) -> None:
    """Go on with runs until there is no more to do."""

    def ready() -> Work:
        kernel_cache.prepare(threads)
        from opsonin.engine.arms import go_on_with_arm
        from opsonin.engine.run import go_on

        def work(folder: Path, arm: str | None, hears: Hears) -> None:
            if arm is None:
                go_on(folder, hears, threads)
            else:
                go_on_with_arm(folder, arm, hears, threads)

        return work

    serve(ready)


def serve(ready: Callable[[], Work]) -> None:
    """Do one task after the other until there are no more; `ready` imports what that takes."""
    told = _Told(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # whatever else is printed must not come between the documents
    work = ready()
    tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
    stop = StopRequest()  # set by words, not by signals
    at_work = threading.Event()
    threading.Thread(target=_read, args=(tasks, stop, at_work), daemon=True).start()
    while (task := tasks.get()) is not None:
        folder, arm = task
        at_work.set()
        try:
            work(Path(folder), arm, (told, stop))
        except Interrupted:
            told.say("stopped")
        except Exception as error:
            failure = _as_failure(error)
            faults = [{"where": f.where, "problem": f.problem, "fix": f.fix} for f in failure.faults]
            told.say("failed", kind=type(failure).__name__, faults=faults)
        else:
            told.say("done")
        at_work.clear()


def _read(tasks: queue.SimpleQueue[_Task | None], stop: StopRequest, at_work: threading.Event) -> None:
    for line in sys.stdin:
        words = json.loads(line)
        if "go_on" in words:
            tasks.put((words["go_on"], words["arm"]))
        else:
            stop.requested = True
    if at_work.is_set():
        os._exit(_ALONE)
    tasks.put(None)


def _as_failure(error: Exception) -> OpsoninError:
    if isinstance(error, OpsoninError):
        return error
    if out_of_memory(error):
        return HostError(
            Fault(
                "memory",
                "there is not enough of it; what was stored is intact.",
                "`opsonin resume` goes on, with fewer --threads or in more memory.",
            )
        )
    traceback.print_exception(error)  # to standard error: a report of it needs more than a name
    return OpsoninError(Fault("worker", f"{type(error).__name__}: {error}", "Please report it."))


if __name__ == "__main__":
    main(int(sys.argv[1]))

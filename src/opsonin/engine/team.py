"""Worker processes that take runs to their ends, each in its own folder; only paths, progress and faults are exchanged.

They are plain commands (`engine/worker.py`), not copies of this process: a script that calls `opsonin.run` needs no
guard for them, and they outlive neither this process nor a lost pipe.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from opsonin.core import errors
from opsonin.core.errors import Fault, Interrupted, OpsoninError, RunError
from opsonin.engine.processes import environment
from opsonin.engine.progress import Hears, Listener

# In cells x days: starting a process takes as long as this many cells take for a day.
WORTH_A_PROCESS = 5_000.0
WORKER = "opsonin.engine.worker"
_POLL = 0.2  # s; how soon a stop is passed on
_Event = tuple[str, dict[str, Any]]  # name of the run, what its worker said


@dataclass(frozen=True)
class Task:
    """What a worker is given: a run by its folder, or one arm or part of it; `listener` hears how it goes on."""

    path: Path
    listener: Listener
    arm: str | None = None


def carry_out(
    tasks: Mapping[str, Task], hears: Hears, size: tuple[int, int], out: Path, module: str = WORKER
) -> None:
    """Take every run, or arm of a run, to its end.

    Args:
        tasks: by name; size: (workers, threads of each); out: the folder that holds all, for messages.
        module: that each worker runs.
    Raises:
        Interrupted: a stop was asked for; every run stored what it had reached.
        OpsoninError: of the first kind met, with the faults of every run that failed; the others are done.
    """
    waiting: queue.SimpleQueue[tuple[str, Task]] = queue.SimpleQueue()
    for item in tasks.items():
        waiting.put(item)
    events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    members: list[_Member] = []
    try:
        for _ in range(size[0]):
            members.append(_Member(waiting, events, size[1], module))
        failed, left = _heard(tasks, events, members, hears)
    finally:
        for member in members:
            member.end()
    if failed:
        kind = type(next(iter(failed.values())))
        faults = [
            Fault(f"{name}: {fault.where}", fault.problem, fault.fix)
            for name, error in failed.items()
            for fault in error.faults
        ]
        raise kind(*faults)
    if left:
        raise interrupted(", ".join(left), out)


def interrupted(name: str, out: Path, where: str = "") -> Interrupted:
    """The run was stopped while `name` went on."""
    place = name + (f", {where}" if where else "")
    problem = "the run was stopped; everything up to here is stored."
    return Interrupted(Fault(place, problem, f"Go on with: opsonin resume {out}"))


def _heard(
    tasks: Mapping[str, Task], events: queue.SimpleQueue[_Event], members: list[_Member], hears: Hears
) -> tuple[dict[str, OpsoninError], list[str]]:
    """Pass on what the workers say until all have ended: what failed, and what is not done."""
    listener, stop = hears
    failed: dict[str, OpsoninError] = {}
    left = list(tasks)
    told = False
    while any(member.busy for member in members) or not events.empty():
        if stop.requested and not told:
            told = True
            for member in members:
                member.stop()
        try:
            name, said = events.get(timeout=_POLL)
        except queue.Empty:
            continue
        match said.pop("event"):
            case "done":
                left.remove(name)
            case "failed":
                left.remove(name)
                failed[name] = _error(said)
                listener.note(f"{name} failed: {failed[name]}")  # the others may take hours yet
            case "stopped":
                pass
            case event:
                getattr(tasks[name].listener, event)(**said)
    return failed, left


def _error(said: Mapping[str, Any]) -> OpsoninError:
    kind = getattr(errors, said["kind"], RunError)
    error: OpsoninError = kind(*(Fault(**fault) for fault in said["faults"]))
    return error


class _Member:
    """A worker process and the thread that talks to it; takes runs from `waiting` until there are none."""

    def __init__(
        self,
        waiting: queue.SimpleQueue[tuple[str, Task]],
        events: queue.SimpleQueue[_Event],
        threads: int,
        module: str = WORKER,
    ) -> None:
        self._waiting, self._events = waiting, events
        self._stopped = False
        self._done = threading.Event()  # it was let go, and ends by itself
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment(),
            start_new_session=True,  # Ctrl-C is for this process alone: it decides what the workers hear
        )
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let the worker store what it has reached, and give it nothing more to do."""
        self._stopped = True
        self._say({"stop": True})

    def end(self) -> None:
        """End the process, at once if it is still at work: what it has stored stays."""
        if self.busy:
            self._process.kill()
        self._thread.join()
        self._close(self._process.stdin)
        if self._process.poll() is None and not self._done.is_set():
            self._process.kill()
        self._process.wait()
        self._close(self._process.stdout)

    @staticmethod
    def _close(pipe: IO[str] | None) -> None:
        """Close a pipe whose reader may be gone: what was still to be written to it has nobody to hear it."""
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            return

    def _talk(self) -> None:
        while not self._stopped:
            try:
                name, task = self._waiting.get_nowait()
            except queue.Empty:
                break
            self._say({"go_on": str(task.path), "arm": task.arm})
            if not self._listen(name):
                return
        self._done.set()
        self._close(self._process.stdin)  # nothing more to do: it ends

    def _listen(self, name: str) -> bool:
        """Pass on what is said of a run until it ends; False if the worker is gone."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                self._process.kill()  # it was ended in the middle of a word, or is not itself
                break
            ended = said["event"] in ("done", "failed", "stopped")
            self._events.put((name, said))  # whose reader may take it apart at once
            if ended:
                return True
        self._events.put((name, {"event": "failed", "kind": "HostError", "faults": [self._gone()]}))
        return False

    def _gone(self) -> dict[str, str]:
        code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return {
            "where": "worker",
            "problem": f"its process {how}; the system may have run out of memory.",
            "fix": "What it had stored is intact: `opsonin resume` goes on, with fewer --threads in less memory.",
        }

    def _say(self, words: dict[str, Any]) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return  # it is gone, which its reader tells

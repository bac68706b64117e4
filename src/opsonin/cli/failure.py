"""What a failure becomes: an exit code, and a message on standard error or, with --json, an object on output.

Which failure has which code is said by the errors themselves; a traceback is shown only if OPSONIN_DEBUG=1.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from opsonin.cli.options import json_text
from opsonin.core.errors import Fault, HostError, InputError, Interrupted, OpsoninError, out_of_memory

DEBUG = "OPSONIN_DEBUG"
_GO_ON = "If a result was begun, `opsonin resume` goes on with it."
_FULL = {errno.ENOSPC, errno.EDQUOT}


def as_failure(error: BaseException) -> OpsoninError:  # noqa: PLR0911 - one case per kind of error
    """Any error as one of opsonin's own, with what to do about it."""
    match error:
        case OpsoninError():
            return error
        case KeyboardInterrupt():
            return Interrupted(Fault("interrupted", "before it was done.", _GO_ON))
        case _ if out_of_memory(error):
            return HostError(
                Fault("memory", "there is not enough of it.", "Use a smaller field, or a larger machine.")
            )
        case OSError() if error.errno in _FULL:
            return HostError(
                Fault(_place(error), "the disk (or the quota) is full.", "Free some space and go on.")
            )
        case PermissionError():
            return HostError(
                Fault(
                    _place(error), "permission denied.", "Name another place, or ask who owns it for access."
                )
            )
        case OSError():
            return HostError(Fault(_place(error), f"{error.strerror or error}.", "Name another place."))
        case _ if hasattr(error, "format_message"):  # a usage error of the command-line library
            return InputError(_misused(error))
        case _:
            problem = f"{type(error).__name__}: {error}"
            return OpsoninError(
                Fault("opsonin failed unexpectedly", problem, f"{DEBUG}=1 shows where; please report it.")
            )


def _misused(error: Any) -> Fault:
    """What the command-line library found, without what its own libraries put before it."""
    asked = getattr(error.ctx, "command_path", "opsonin") if error.ctx else "opsonin"
    shows = "the commands" if asked == "opsonin" else "what it takes"
    problem = str(error.format_message()).replace("Value error, ", "")
    return Fault("command line", problem, f"`{asked} --help` shows {shows}.")


@contextmanager
def telling_what_is_left(out: Path) -> Iterator[None]:
    """Running out of memory or being interrupted while entered says what `out` holds by then, and how to go on."""
    try:
        yield
    except OpsoninError:
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(
            Fault("interrupted", *_left_in(out, "", "The same command begins again."))
        ) from error
    except Exception as error:
        if not out_of_memory(error):
            raise
        again = "Use a smaller field, or a larger machine."
        problem, fix = _left_in(out, "it ran out ", again)
        raise HostError(
            Fault("memory", problem, fix if fix == again else f"Where there is more memory: {fix}")
        ) from error


def _left_in(out: Path, what: str, again: str) -> tuple[str, str]:
    """What an output folder holds when `what` stopped its run, and what to do about it: `again` if it holds nothing."""
    from opsonin.store import layout

    if not (out / layout.PROVENANCE).is_file():
        return f"{what}before anything was stored.", again
    if (out / layout.SUMMARY).is_file():
        problem = f"{what}after the run: its result is whole in {out}, its report is not written."
        return problem, f"opsonin report {out}"
    if not any(out.rglob(f"{layout.ARMS}/*/[0-9]*[0-9]")):  # of its parts, too
        problem = f"{what}before time 0: no state is stored in {out} yet, and what led up to it is lost."
        return problem, f"It begins anew with: opsonin resume {out}"
    counts = {arm: layout.segment_count(out, arm) for arm in layout.stored_arms(out)}
    times = ", ".join(f"arm '{arm}' {count} time{'s' * (count != 1)}" for arm, count in counts.items())
    problem = f"{what}before it was done; what was stored in {out} is intact{': ' + times if times else ''}."
    return problem, f"opsonin resume {out}"


def quiet_end() -> None:
    """Let libraries that lack the memory to clean up after themselves not say so as Python ends: it was told."""
    if os.environ.get(DEBUG) != "1":
        sys.unraisablehook = lambda _: None
        warnings.filterwarnings("ignore", message="coroutine .* was never awaited")


def tell(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong and give the exit code."""
    failure = as_failure(error)
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error)
    if not (as_json and _printed(failure)):
        with suppress(OSError):  # nothing is left to say it on; the exit code does
            print("\n".join(str(fault) for fault in failure.faults), file=sys.stderr)
    return failure.exit_code


def _printed(failure: OpsoninError) -> bool:
    """Whether the failure could be printed as JSON: standard output may be what has failed."""
    faults = [{"where": f.where, "problem": f.problem, "fix": f.fix} for f in failure.faults]
    told = {"ok": False, "exit_code": failure.exit_code, "faults": faults}
    try:
        print(json_text(told), flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        discard_output()
        return False
    return True


def discard_output() -> None:
    """Let what is still to be written to standard output vanish, so that Python does not fail over it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _place(error: OSError) -> str:
    return str(error.filename) if error.filename is not None else "system"

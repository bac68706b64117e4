"""Typed errors that say where, what, what was expected, and how to mend it.

Nothing here knows biology; every floor above raises these and the command line prints them.
"""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST = 300  # signs without a space: the longest word that is quoted whole; no path of ours is as long
_MOST = 2_000  # signs of a problem
_LONG = re.compile(rf"\S{{{_LONGEST + 1},}}")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        where: the place: file and line, key, row, cell or time.
        problem: the offending value and what was expected instead.
        fix: what to do about it; empty where `problem` already says it.
    """

    where: str
    problem: str
    fix: str = ""

    def __post_init__(self) -> None:
        for name in ("where", "problem"):
            text = _LONG.sub(_shortened, getattr(self, name))
            if len(text) > _MOST:
                text = f"{text[: _MOST - 100]} ... {text[-60:]} ({len(text):,} signs)"
            object.__setattr__(self, name, text)

    def __str__(self) -> str:
        indent = "\n    "
        return printable(f"{self.where}  {self.problem}") + (indent + printable(self.fix) if self.fix else "")


def _shortened(word: re.Match[str]) -> str:
    """A word of a table or scenario that is too long to be shown: its ends, and how long it is."""
    text = word[0]
    return f"{text[:60]}...{text[-20:]} ({len(text):,} signs)"


def printable(text: str) -> str:
    """A text whose control characters and invisible marks are written as escapes: what is quoted may hold any."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class OpsoninError(Exception):
    """Base of every error opsonin raises on purpose; carries all faults found, not just the first."""

    exit_code = 3

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[type[OpsoninError], tuple[Fault, ...]]:
        return type(self), self.faults


class InputError(OpsoninError):
    """The scenario, table or command line is wrong (exit code 2)."""

    exit_code = 2


class HostError(OpsoninError):
    """The machine cannot do it: disk, memory, permissions, a missing extra (exit code 3)."""


class RunError(OpsoninError):
    """A run failed or its stored result cannot be used (exit code 3)."""


class Interrupted(OpsoninError):
    """The run was stopped after committing what it had; it can be resumed (exit code 130)."""

    exit_code = 130


_NO_MEMORY = (  # as the libraries say it that raise something of their own
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "failed to launch worker thread",
    "returned null without setting an exception",
)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, by an error or by what led to it; without any, threads and libraries do not start."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    if any(words in str(error).lower() for words in _NO_MEMORY):
        return True
    led_to_it = error.__cause__ or error.__context__
    return led_to_it is not None and out_of_memory(led_to_it)


def did_you_mean(name: str, known: Iterable[str], alike: float = 0.6) -> str:
    """`Did you mean 'x'?` for the closest known name if it is `alike` enough, else the list of known names."""
    names = sorted(known)
    lowered = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=alike)
    if close:
        return f"Did you mean '{lowered[close[0]]}'?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"Known: {shown}." if names else "None is known."

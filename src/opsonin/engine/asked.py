"""What a caller in Python may ask of a run beside its scenario: checked before a folder is begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from opsonin.core.errors import Fault, InputError
from opsonin.io.scenario import Scenario

_MOST_SEED, _MOST_THREADS = 2**63 - 1, 64


def require_asked(scenario: object, seed: object, threads: object) -> None:
    """InputError with everything that is not a scenario, a seed or a number of threads."""
    faults = [*_of_scenario(scenario), *_of_seed(seed), *_of_threads(threads)]
    if faults:
        raise InputError(*faults)


def require_threads(threads: object) -> None:
    """InputError unless it is a number of threads or None."""
    if faults := list(_of_threads(threads)):
        raise InputError(*faults)


def _of_scenario(scenario: object) -> Iterator[Fault]:
    if not isinstance(scenario, Scenario | str | Path):
        fix = "Give a Scenario, as from Scenario.from_dict(tables), the path of one, or a result folder."
        yield Fault("scenario", f"is of type {type(scenario).__name__}.", fix)


def _of_seed(seed: object) -> Iterator[Fault]:
    if seed is not None and not _whole(seed, 0, _MOST_SEED):
        yield Fault("seed", f"is {seed!r}; it must be a whole number from 0 to 2^63 - 1.")


def _of_threads(threads: object) -> Iterator[Fault]:
    if threads is not None and not _whole(threads, 1, _MOST_THREADS):
        yield Fault(
            "threads",
            f"is {threads!r}; it must be a whole number from 1 to {_MOST_THREADS}.",
            "Leave it out.",
        )


def _whole(number: object, least: int, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most

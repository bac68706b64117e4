"""Result folders as they are named on a command line."""

from __future__ import annotations

from pathlib import Path

from opsonin.core.errors import Fault, InputError, did_you_mean


def require_result(out: Path) -> None:
    """InputError where a folder is not a result: a wrong name on the command line is the user's to mend."""
    from opsonin.store.layout import PROVENANCE

    if out.is_file():
        raise InputError(Fault(str(out), "is a file.", "Give the folder that `opsonin run` wrote (-o)."))
    if not out.is_dir():
        beside = [item.name for item in out.parent.iterdir() if item.is_dir()] if out.parent.is_dir() else []
        hint = did_you_mean(out.name, beside)
        raise InputError(Fault(str(out), "there is no such folder.", hint if hint.startswith("Did") else ""))
    if not (out / PROVENANCE).is_file():
        fix = "Give the folder that `opsonin run` wrote (-o)."
        raise InputError(Fault(str(out), f"is not an opsonin result: it has no {PROVENANCE}.", fix))


def require_untouched(out: Path) -> None:
    """RunError where a result or a part of it is not as a run wrote it: provenance changed, arms of others.

    What is shown relies on it.
    """
    from opsonin.store.gathered import Gathered
    from opsonin.store.layout import verify_unchanged
    from opsonin.store.origins import verify_arms
    from opsonin.store.result import Result

    def verify(result: Result) -> None:
        verify_unchanged(result.provenance, str(result.path))
        if not isinstance(result, Gathered):
            verify_arms(result)
            return
        for part in result.parts.values():
            verify(part)

    verify(Result.open(out))

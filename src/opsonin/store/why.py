"""Why a tumour lives, read from the stored ledger: what each barrier took, over the whole time and early and late.

Of several fields the ledgers are added up; of replicates each is read by itself. How kills are shared out among
barriers is `observe/barriers.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.schedule import minutes
from opsonin.store import layout
from opsonin.store.ensemble import Ensemble, interval
from opsonin.store.gathered import Gathered
from opsonin.store.result import Result
from opsonin.store.segments import LEDGER, Array, Columns

if TYPE_CHECKING:
    import pandas

_LOST, _LOSS = "lost.", "log_loss."
_SEEN = 5e-4  # a smaller share reads 0 %


@dataclass(frozen=True)
class Account:
    """The ledger of one arm.

    Attributes:
        arm: its name; barriers: name -> title, in the order of the ledger.
        ticks: (times,) end of every stretch of time that was noted.
        each: of every replicate the columns of its ledger, (times,) each; one where there are none.
    """

    arm: str
    barriers: dict[str, str]
    ticks: Array
    each: tuple[Columns, ...]

    @property
    def times(self) -> Array:
        """End of every stretch [min]."""
        return np.array([minutes(int(tick)) for tick in self.ticks])

    def total(self, column: str) -> float:
        """Sum of a column over time, mean over replicates."""
        return float(np.mean([columns[column].sum() for columns in self.each]))

    def course(self) -> Array:
        """(barriers, times) share of each barrier in what is lost, mean over replicates."""
        return np.asarray(np.mean([_shared(self._lost(columns)) for columns in self.each], axis=0))

    def shares(self, chosen: Array | None = None) -> Array:
        """(replicates, barriers) share of each barrier in what is lost, in the chosen stretches of time or in all."""
        rows = np.ones(len(self.ticks), bool) if chosen is None else chosen
        return np.array([_shared(self._lost(columns)[:, rows].sum(axis=1)) for columns in self.each])

    def let_through(self) -> Array:
        """(barriers,) geometric mean over all contacts of what each lets through; NaN for space."""
        contact = self.total("contact_min")
        losses = [
            self.total(_LOSS + name) if _LOSS + name in self.each[0] else np.nan for name in self.barriers
        ]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.exp(-np.array(losses) / contact)

    def early(self) -> Array:
        """(times,) which stretches end in the first half of the time."""
        return np.asarray(2 * self.ticks <= self.ticks[-1])

    def _lost(self, columns: Columns) -> Array:
        return np.array([columns[_LOST + name] for name in self.barriers])


def _shared(lost: Array) -> Array:
    total = lost.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.0, lost / total, np.nan)


def accounts(result: Result, arms: Sequence[str]) -> list[Account]:
    """The ledger of each of these arms that has got past time 0.

    Raises:
        InputError: there is no such arm, or no ledger in this result.
    """
    found = []
    for arm in arms:
        if arm not in result.arms:
            fix = did_you_mean(arm, result.arms)
            raise InputError(Fault(str(result.path), f"there is no arm '{arm}'.", fix))
        parts = result.parts.values() if isinstance(result, Ensemble) else [result]
        each = [_ledger(part, arm) for part in parts]
        ticks = _common(each)
        if len(ticks):
            found.append(Account(arm, _titles(result), ticks, tuple(_at(columns, ticks) for columns in each)))
    return found


def table(result: Result, arm: str | None = None) -> pandas.DataFrame:
    """See `Result.why`."""
    import pandas

    names = result.arms if arm is None else [arm]
    tables = [ranked(account) for account in accounts(result, names)]
    return pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame(columns=["arm"])


def ranked(account: Account) -> pandas.DataFrame:
    """The barriers of one arm, the worst first; columns as in `Result.why`."""
    import pandas

    each, early = account.shares(), account.early()
    lost = [account.total(_LOST + name) for name in account.barriers]
    columns: dict[str, Any] = {
        "arm": account.arm,
        "barrier": list(account.barriers),
        "title": list(account.barriers.values()),
        "lets_through": account.let_through(),
        "lost": lost,
        "share": each.mean(axis=0),
        "early": account.shares(early).mean(axis=0),
        "late": account.shares(~early).mean(axis=0),
    }
    if len(each) > 1:
        half = interval(each)
        columns |= {"low": columns["share"] - half, "high": columns["share"] + half}
    return pandas.DataFrame(columns).sort_values("share", ascending=False, kind="stable", ignore_index=True)


def taking(found: Sequence[Account]) -> dict[str, str]:
    """The barriers that take a share in any of these accounts: name -> title, in the order of the ledger."""
    most = np.max([np.nan_to_num(account.shares().mean(axis=0)) for account in found], axis=0)
    named = found[0].barriers.items()
    return {name: title for (name, title), share in zip(named, most, strict=True) if share >= _SEEN}


def _titles(result: Result) -> dict[str, str]:
    return dict(result.provenance.get("barriers", {}))


def _ledger(result: Result, arm: str) -> Columns:
    """The ledger of a run, or of the fields of a patient together; no rows where the arm has not begun."""
    if isinstance(result, Gathered):
        parts = [_ledger(part, arm) for part in result.parts.values()]
        if any(len(part) == 1 for part in parts):  # one has not begun: nothing is known of all together
            return {"tick": np.zeros(0, np.int64)}
        ticks = _common(parts)
        kept = [_at(part, ticks) for part in parts]
        return {"tick": ticks} | {
            name: np.sum([part[name] for part in kept], axis=0) for name in kept[0] if name != "tick"
        }
    if arm not in result.arms:
        return {"tick": np.zeros(0, np.int64)}
    if not _titles(result) or not (layout.segment_folder(result.path, arm, 0) / LEDGER).is_file():
        raise InputError(
            Fault(
                str(result.path),
                "has no encounter ledger: it was made by an opsonin that kept none.",
                f"Run it anew: opsonin run {result.path} -o NEW_FOLDER",
            )
        )
    return result.joined(arm, LEDGER)


def _common(parts: Sequence[Columns]) -> Array:
    """Ticks that all parts have."""
    common = set.intersection(*(set(part["tick"].tolist()) for part in parts))
    return np.array(sorted(common), np.int64)


def _at(columns: Columns, ticks: Array) -> Columns:
    chosen = np.isin(columns["tick"], ticks)
    return {name: values[chosen] for name, values in columns.items()}

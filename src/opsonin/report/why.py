"""Why, in words and numbers: the barriers of every arm, ranked by what they take, for the page and the command line.

The picture is in `why_picture.py`; what the numbers mean is in docs/why.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.errors import InputError
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.report import downloads, why_picture, words
from opsonin.store import why
from opsonin.store.result import Result
from opsonin.store.why import Account

if TYPE_CHECKING:
    import pandas as pd

    from opsonin.report.stored import StoredResult

_NAMED = 3  # barriers that a sentence names
MEANING = (
    "Lost kills: what could be killed if a killer held every tumour cell with nothing in its way, less what is to be "
    "expected. A barrier's share is its Shapley value: what taking it away brings, averaged over all orders in which "
    "the barriers could be taken away. The shares add up to all that is lost."
)


def section(
    result: StoredResult, arms: Sequence[str], horizon: float, clock: words.Clock
) -> dict[str, Any] | None:
    """What the page shows; None for a result without a ledger, or before its first stretch of time."""
    found = kept(result, arms)
    if not found:
        return None
    ranked = {account.arm: why.ranked(account) for account in found}
    seen = why.taking(found)
    order = [name for name in ranked[found[0].arm]["barrier"] if name in seen]
    fill = why_picture.colours(found[0].barriers)
    return {
        "meaning": MEANING,
        "sentences": [sentence(account, ranked[account.arm]) for account in found],
        "arms": list(ranked),
        "rows": [
            {"title": seen[name], "cells": [_cell(table, name) for table in ranked.values()]}
            for name in order
        ],
        "nothing": [low(title) for name, title in found[0].barriers.items() if name not in seen],
        "legend": [{"fill": fill[name], "text": title} for name, title in seen.items()],
        "panels": [
            {
                "title": account.arm,
                "alt": f"What each barrier takes over time. {sentence(account, ranked[account.arm])}",
                "svg": why_picture.svg(account, seen, horizon, clock),
                "file": downloads.safe(f"why-{account.arm}"),
                "csv": _csv(account),
            }
            for account in found
        ],
    }


def kept(result: StoredResult, arms: Sequence[str]) -> list[Account]:
    """The ledgers of the arms that have begun; none of a result that kept none."""
    if not isinstance(result, Result):
        return []
    try:
        return why.accounts(result, [arm for arm in arms if arm in result.arms])
    except InputError:
        return []


def sentence(account: Account, ranked: pd.DataFrame) -> str:
    """What came of an arm's contacts, and its largest barriers."""
    told = totals(account)
    rows: list[dict[str, Any]] = ranked.head(_NAMED).to_dict("records")  # type: ignore[assignment]
    largest = [f"{low(row['title'])} ({percent(row['share'])})" for row in rows if row["share"] > 0.0]
    led = f" Most is lost to {', '.join(largest)}." if largest else ""
    return (
        f"{account.arm}: {words.number(told['kills'])} kills, {words.number(told['expected'])} expected of contacts as "
        f"they are; killers, bystanders among them, touched tumour cells for {percent(told['held'])} of the "
        f"tumour cells' time.{led}"
    )


def totals(account: Account) -> dict[str, float]:
    """Of the whole time, mean over replicates: kills counted, expected and possible, and the share of time held."""
    contact = account.total("contact_min")
    whole = contact + account.total("near_min") + account.total("far_min")
    return {
        "until_day": float(account.times[-1]) / MINUTES_PER_DAY,
        "kills": account.total("kills"),
        "expected": account.total("expected"),
        "possible": account.total("possible"),
        "held": contact / whole if whole > 0.0 else float("nan"),
    }


def percent(share: float) -> str:
    """'33 %', '0.4 %', a dash for what is not known."""
    if not np.isfinite(share):
        return words.MISSING
    return f"{100.0 * share:.0f} %" if share >= 0.0095 or share < 0.0005 else f"{100.0 * share:.1f} %"


def within(low: float, high: float) -> str:
    """The 90 % interval of a share; '' where there is none, or where its ends read the same."""
    ends = percent(max(low, 0.0)), percent(min(high, 1.0))
    return f"{ends[0]} to {ends[1]}" if np.isfinite(low) and ends[0] != ends[1] else ""


def low(title: str) -> str:
    """A title inside a sentence."""
    return title[:1].lower() + title[1:]


def _cell(table: pd.DataFrame, name: str) -> dict[str, str]:
    row: dict[str, Any] = table.set_index("barrier").loc[name].to_dict()  # type: ignore[assignment]
    return {
        "share": percent(row["share"]),
        "within": within(row["low"], row["high"]) if "low" in row else "",
        "early": percent(row["early"]),
        "late": percent(row["late"]),
        "passed": words.number(float(row["lets_through"])),
    }


def _csv(account: Account) -> downloads.Download:
    """Shares of one arm over time, a row per stretch and a column per barrier."""
    import pandas as pd

    columns: dict[str, Any] = {"arm": account.arm, "until_d": account.times / MINUTES_PER_DAY}
    columns |= dict(zip(account.barriers, account.course(), strict=True))
    return downloads.table(f"why-{account.arm}", pd.DataFrame(columns))

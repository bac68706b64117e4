"""How the report tells what was found before time 0. No numbers are made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsonin.report import words

_COLUMNS = ("cells", "arrivals", "loss", "proliferation", "recruitment", "elasticity", "exhaustion")


def untreated(found: Mapping[str, Any] | None, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """Sentences, warnings and a table of the immune types; None where time 0 was not reached.

    Args:
        found: `Result.start`; titles: cell type -> title.
    """
    if not found:
        return None
    number = words.number
    halves = " and ".join(number(value) for value in found["killing_halves"])
    sentences = [f"Relaxation moved the cells by {number(found['displacement'])} µm (median)."]
    if found["gross_growth"]:
        sentences += [
            f"Tumour cells, per day, over {number(found['days'])} days with all densities held: "
            f"{number(found['gross_growth'])} by division, less {number(found['necrosis'])} by lack of oxygen and "
            f"{number(found['killing'])} by killing ({halves} in the two halves).",
            f"The tumour is known to grow by {number(found['published_growth'])} per day, so "
            f"{number(found['spontaneous'])} are lost spontaneously; what is left is {number(found['growth'])}.",
        ]
    rows = [
        {"title": titles.get(row["type"], row["type"]), "values": [number(row[name]) for name in _COLUMNS]}
        for row in found["sources"]
        if row["cells"]
    ]
    return {"sentences": sentences, "warnings": list(found["warnings"]), "rows": rows}

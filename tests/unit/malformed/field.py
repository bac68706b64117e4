"""A small valid scenario and its biopsy, for tests that break one thing at a time.

No test is here.
"""

from __future__ import annotations

from pathlib import Path

CELLS = 36
LABELS = ("SOX10+", "CD8+PD1+PDL1-", "CD8-PD1-PDL1-")
SCENARIO = """\
[scenario]
name = "field"
duration = "10 d"
seed = 7

[tissue]
tumour = "melanoma"
biopsy = "cells.csv"
select = { patient = "P1", image = 1 }
labels = "melanoma-markers"
thickness = "20 um"

[[arm]]
name = "control"

[[arm]]
name = "combo"
dose = [
    { drug = "nivolumab", amount = "240 mg", every = "5 d" },
    { drug = "nivolumab", amount = "3 mg/kg", at = "12 h", every = "2 d", until = "4 d" },
]

[output]
every = "1 d"

[numerics]
coupling_step = "6 min"
motion_step = "1 min"

[knowledge]
"tumour.melanoma.patient_weight" = "70 kg"
"""
GENERATED = """\
biopsy = "cells.csv"
select = { patient = "P1", image = 1 }
labels = "melanoma-markers"
thickness = "20 um"
"""


def biopsy_lines() -> list[str]:
    """Header and one line per cell: a 10 um lattice of patient P1, image 1, in a 6 x 6 field."""
    rows = [f"P1,1,{10.0 * (n % 6)},{10.0 * (n // 6)},{LABELS[n % 3]}" for n in range(CELLS)]
    return ["patient,image,x_um,y_um,cell_type", *rows]


def write_field(folder: Path, scenario: str = SCENARIO, lines: list[str] | None = None) -> Path:
    """The scenario's path; its biopsy lies beside it."""
    (folder / "cells.csv").write_text("\n".join(lines or biopsy_lines()) + "\n", encoding="utf-8")
    path = folder / "scenario.toml"
    path.write_text(scenario, encoding="utf-8")
    return path

"""Every field at hand lives through its burn-in and three days; whatever is not steady is told in the report."""

from __future__ import annotations

import html
import multiprocessing
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

PANELS = {
    "melanoma-markers": ("melanoma", ["biopsies/melanoma_cells.csv.gz"]),
    "tnbc-mibi": ("tnbc", ["biopsies/tnbc_cells.csv.gz"]),
    "pdac-markers": ("pdac", ["biopsies/pdac/*.csv.gz"]),
    "codex-mouse": ("b16", ["codex_mouse/*.csv.gz"]),
}


def every_field(shared: Path) -> list[dict[str, Any]]:
    fields = []
    for labels, (tumour, patterns) in PANELS.items():
        for file in sorted(path for pattern in patterns for path in shared.glob(pattern)):
            header = pd.read_csv(file, nrows=0).columns
            by = [column for column in ("patient", "image") if column in header]
            rows = pd.read_csv(file, usecols=by).drop_duplicates().to_dict("records") if by else [{}]
            base = {"tumour": tumour, "biopsy": str(file), "labels": labels}
            fields += [{**base, "select": row} for row in rows]
    return fields


def told(region: dict[str, Any], folder: Path) -> tuple[list[str], list[str]]:
    """Runs a field; (what is not steady, what of it the report does not say)."""
    import opsonin
    from opsonin.core import kernel_cache

    kernel_cache.prepare(1)
    warnings.simplefilter("error")
    data = {
        "scenario": {"name": "every field", "duration": "3 d"},
        "tissue": region,
        "arm": [{"name": "control"}],
        "output": {"every": "3 d"},
    }
    result = opsonin.run(opsonin.Scenario.from_dict(data), folder, threads=1)
    opsonin.write_report(folder)
    found = list(result.start["warnings"])
    page = html.unescape((folder / "report.html").read_text())
    return found, [text for text in found if text not in page]


@pytest.mark.proof
def test_every_field_runs_for_three_days_and_the_report_tells_what_is_not_steady(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = every_field(shared_data)
    assert len(fields) == 65
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        jobs = [pool.submit(told, field, tmp_path / str(k)) for k, field in enumerate(fields)]
        outcomes = [job.result() for job in jobs]
    with capsys.disabled():
        for field, (found, _) in zip(fields, outcomes, strict=True):
            if found:
                print("\n", Path(field["biopsy"]).name, *field["select"].values(), *found)
    assert [untold for _, untold in outcomes if untold] == []

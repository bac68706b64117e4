"""One imaged melanoma field for 84 days, one arm, one core; and how long opsonin takes to start.

    python benchmarks/biopsy_field.py [--days 84] [--biopsy TABLE]

Floors: the run, burn-in included, under 150 s; `opsonin --help` under 0.5 s; process start to first coupling step,
warm, under 2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARED = Path(os.environ.get("OPSONIN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SCENARIO = """
[scenario]
name = "benchmark"
duration = "{days} d"
seed = {seed}
[tissue]
tumour = "melanoma"
biopsy = "{biopsy}"
select = {{ patient = "MEL05", image = 2 }}
labels = "melanoma-markers"
thickness = "20 um"
[[arm]]
name = "{arm}"
{dose}
"""
DOSE = 'dose = [{ drug = "nivolumab", amount = "240 mg", every = "14 d" }]'
FIRST_STEP = """
import sys, time
from opsonin.core import kernel_cache
kernel_cache.prepare(1)
from opsonin.engine import arms, loop, start
from opsonin.engine.compile import compile_scenario
from opsonin.io.scenario import Scenario
plan = compile_scenario(Scenario.load(sys.argv[1]))
arms.use_threads(1, len(plan.imaged.id))
tissue = start.settled(plan)
loop.advance(plan, plan.courses[0], tissue, 0, lambda *_: None)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=84)
    parser.add_argument("--biopsy", default=str(SHARED / "data/biopsies/melanoma_cells.csv.gz"))
    arguments = parser.parse_args()
    command = shutil.which("opsonin", path=str(Path(sys.executable).parent)) or "opsonin"
    one_core = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(0, one_core)
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.toml"
        write(scenario, 1, "control", "", arguments)
        subprocess.run(
            [sys.executable, "-c", FIRST_STEP, str(scenario)], check=True
        )  # compile what is not yet
        report("opsonin --help", repeated([command, "--help"]), "0.5 s")
        report(
            "process start to first coupling step, warm",
            repeated([sys.executable, "-c", FIRST_STEP, str(scenario)]),
            "2 s",
        )
        for arm, dose in (("control", ""), ("nivolumab", DOSE)):
            write(scenario, arguments.days, arm, dose, arguments)
            out = Path(folder) / arm
            began = time.perf_counter()
            subprocess.run(
                [command, "run", str(scenario), "-o", str(out), "--threads", "1", "--quiet"], check=True
            )
            took = time.perf_counter() - began
            end = json.loads((out / "summary.json").read_text())
            cells = sum(v for k, v in end["arms"][arm].items() if k.endswith("_count"))
            print(
                f"{arm}: {arguments.days} d, {end['cells_at_start']} cells at the start, {cells:.0f} at the end: "
                f"{took:.1f} s on one core, report included (floor 150 s for 84 d, burn-in included)"
            )


def write(path: Path, days: int, arm: str, dose: str, arguments: argparse.Namespace) -> None:
    path.write_text(SCENARIO.format(days=days, seed=7, biopsy=arguments.biopsy, arm=arm, dose=dose))


def repeated(command: list[str], times: int = 7) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return taken


def report(what: str, taken: list[float], floor: str) -> None:
    print(
        f"{what}: median {statistics.median(taken):.2f} s ({min(taken):.2f}-{max(taken):.2f}), floor {floor}"
    )


if __name__ == "__main__":
    main()

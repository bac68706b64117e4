"""A run: begun in a folder of its own, gone on with where it was left, taken to its end.

What one step is, is `loop.py`; the arms of a tissue are `arms.py`, several tissues `gathered.py`.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core import kernel_cache
from opsonin.engine.arms import compile_kernels, complete
from opsonin.engine.asked import require_asked, require_threads
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.fields import patient_provenance
from opsonin.engine.gathered import carry_out
from opsonin.engine.progress import Hears, Listener, Silent
from opsonin.engine.provenance import (
    provenance_of,
    rebuilt,
    verify_resumable,
    verify_untouched,
    with_seed,
)
from opsonin.engine.replicates import ensemble_provenance
from opsonin.engine.signals import StopRequest
from opsonin.io.scenario import Scenario
from opsonin.store.ensemble import REPLICATE, Ensemble
from opsonin.store.gathered import Gathered, gathering, part_folder
from opsonin.store.patient import FIELD, Patient
from opsonin.store.result import Result
from opsonin.store.writer import Writer


def run(
    scenario: Scenario | str | Path,
    out: str | Path | None = None,
    *,
    seed: int | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Result:
    """Run all arms of a scenario and store the result: a `Patient` of several fields, an `Ensemble` of replicates.

    Args:
        scenario: a scenario, the path of its file, or the folder of an earlier result to rebuild.
        out: the result folder, new or empty. Default: a temporary one that lasts as long as this Python does.
        seed: in place of the scenario's own.
        threads: of kernels, and of arms, fields and replicates computed side by side; results do not depend on it.
            Default: all cores. Where little would be gained (5,000 cells x days), they are computed one after the
            other in this process: starting others would take longer.
    Raises:
        InputError: bad scenario, biopsy, folder, seed or threads. RunError, HostError: the run could not go on.
        Interrupted: stopped by a signal; `resume` goes on.
    """
    require_asked(scenario, seed, threads)
    replicates = _replicates(scenario, seed)
    first = replicates[0]()
    folder = temporary_folder() if out is None else Path(out)
    if len(replicates) == len(first) == 1:
        created = Writer.create(folder, provenance_of(first[0]), input_cells(first[0]))
        hearer = listener or Silent()
        with created as writer, StopRequest(hearer.stopping) as stop:
            return complete(first[0], writer, (hearer, stop), threads)
    if len(replicates) == 1:
        _begin(folder, first)
    else:
        with gathering(folder, REPLICATE) as told:
            begun = chain([first], (plans() for plans in replicates[1:]))
            parts = [
                _begin(folder / part_folder(REPLICATE, index), plans) for index, plans in enumerate(begun)
            ]
            told.update(ensemble_provenance(parts))
    return resume(folder, threads=threads, listener=listener)


def _begin(folder: Path, plans: list[Plan]) -> dict[str, Any]:
    """Begin the run of one tissue, or of the fields of a patient; returns what it says of its making."""
    told = [provenance_of(plan) for plan in plans]
    if len(plans) == 1:
        Writer.create(folder, told[0], input_cells(plans[0])).close()
        return told[0]
    with gathering(folder, FIELD) as patient:
        for index, (plan, provenance) in enumerate(zip(plans, told, strict=True)):
            Writer.create(folder / part_folder(FIELD, index), provenance, input_cells(plan)).close()
        patient.update(patient_provenance(plans, told))
    return patient


def temporary_folder() -> Path:
    """A new folder that is removed when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="opsonin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def resume(out: str | Path, *, threads: int | None = None, listener: Listener | None = None) -> Result:
    """Go on with a stored run where its last committed time left it; the bits are those of an unbroken run."""
    require_threads(threads)
    path = Path(out)
    result = Result.open(path)
    hearer = listener or Silent()
    with StopRequest(hearer.stopping) as stop:
        hears = (hearer, stop)
        if isinstance(result, Gathered):
            return carry_out(result, hears, threads, go_on, _compile_for)
        return go_on(path, hears, threads)


def go_on(path: Path, hears: Hears, threads: int | None) -> Result:
    """Take the run of one tissue to its end, from what is stored of it."""
    with Writer.reopen(path) as writer:
        verify_untouched(writer.provenance, str(path))
        verify_resumable(writer.provenance, str(path))
        writer.verify()  # a damaged segment is met before hours are spent on what follows it
        plan = rebuilt(path, writer.provenance, None)
        return complete(plan, writer, hears, threads)


def _compile_for(path: Path, hears: Hears) -> None:
    """Compile all kernels here before several processes would each do it."""
    if not kernel_cache.is_warm():
        compile_kernels(rebuilt(path, Result.open(path).provenance, None), path, hears[0])


def _replicates(scenario: Scenario | str | Path, seed: int | None) -> list[Callable[[], list[Plan]]]:
    """What makes the plans of each replicate, one per field."""
    if isinstance(scenario, (str, Path)):
        path = Path(scenario)
        if path.is_dir():
            stored = Result.open(path)
            parts = stored.by_replicate.values() if isinstance(stored, Ensemble) else [stored]
            return [partial(_rebuilt, part, seed) for part in parts]
        scenario = Scenario.load(path)
    asked = scenario if seed is None else with_seed(scenario, seed)
    return [partial(_compiled, copy) for copy in asked.by_replicate()]


def _rebuilt(stored: Result, seed: int | None) -> list[Plan]:
    parts = stored.by_field.values() if isinstance(stored, Patient) else [stored]
    return [rebuilt(part.path, part.provenance, seed) for part in parts]


def _compiled(scenario: Scenario) -> list[Plan]:
    return [compile_scenario(field) for field in scenario.by_field()]


def input_cells(plan: Plan) -> dict[str, Any]:
    """The cells that a plan starts from, as a result stores them."""
    imaged = plan.imaged.ordered()
    columns: dict[str, Any] = {"id": imaged.id, "x_um": imaged.x, "y_um": imaged.y, "z_um": imaged.z}
    columns["kind"] = imaged.kind
    columns |= {f"mark.{name}": imaged.marks[m] for m, name in enumerate(plan.species.molecules)}
    seen = zip(plan.species.molecules, imaged.measured, strict=True)
    columns |= {f"measured.{name}": levels for name, levels in seen if np.isfinite(levels).any()}
    return columns

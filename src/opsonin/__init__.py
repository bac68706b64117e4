"""opsonin: in-silico cancer immunosensitization. The public names, each loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsonin.core.errors import HostError, InputError, Interrupted, OpsoninError, RunError
    from opsonin.engine.branch import branch
    from opsonin.engine.run import resume, run
    from opsonin.io.scenario import Scenario
    from opsonin.knowledge.library import load_library
    from opsonin.report.html import write_report
    from opsonin.report.notebook import as_html
    from opsonin.report.plots import plot, plot_cells, plot_field
    from opsonin.report.proposals import propose
    from opsonin.store.diff import diff
    from opsonin.store.export import to_anndata, to_pandas, to_xarray
    from opsonin.store.result import Result

__version__ = "0.1.0"

_HOMES = {
    "Scenario": "opsonin.io.scenario",
    "Result": "opsonin.store.result",
    "run": "opsonin.engine.run",
    "resume": "opsonin.engine.run",
    "branch": "opsonin.engine.branch",
    "diff": "opsonin.store.diff",
    "load_library": "opsonin.knowledge.library",
    "write_report": "opsonin.report.html",
    "as_html": "opsonin.report.notebook",
    "plot": "opsonin.report.plots",
    "plot_cells": "opsonin.report.plots",
    "plot_field": "opsonin.report.plots",
    "propose": "opsonin.report.proposals",
    "to_anndata": "opsonin.store.export",
    "to_pandas": "opsonin.store.export",
    "to_xarray": "opsonin.store.export",
    "OpsoninError": "opsonin.core.errors",
    "InputError": "opsonin.core.errors",
    "HostError": "opsonin.core.errors",
    "RunError": "opsonin.core.errors",
    "Interrupted": "opsonin.core.errors",
}
_COMPILED = {"run", "resume", "branch"}

__all__ = [
    "HostError",
    "InputError",
    "Interrupted",
    "OpsoninError",
    "Result",
    "RunError",
    "Scenario",
    "as_html",
    "branch",
    "diff",
    "load_library",
    "plot",
    "plot_cells",
    "plot_field",
    "propose",
    "resume",
    "run",
    "to_anndata",
    "to_pandas",
    "to_xarray",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'opsonin' has no attribute '{name}'")
    if name in _COMPILED:
        from opsonin.core import kernel_cache

        kernel_cache.prepare()
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])

"""Which molecules regulate which: in what order a cell can work them out, and whether any regulates itself.

A regulator is a molecule that another one's `shifts` name in `by`. How a shift acts is in `laws/` and `kernels/`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from opsonin.model.knowledge import Molecule

if TYPE_CHECKING:
    from opsonin.knowledge.library import Library


def regulators_first(library: Library, molecules: Iterable[str]) -> tuple[str, ...]:
    """These molecules, each after those that regulate it."""
    return tuple(_sorter(library.molecules, sorted(molecules)).static_order())


def with_regulators(library: Library, molecules: Iterable[str]) -> set[str]:
    """These molecules, those that regulate them, and so on."""
    found: set[str] = set()
    wanted = set(molecules)
    while wanted:
        found |= wanted
        wanted = {by for name in wanted for by in _regulators(library.molecules, name)} - found
    return found


def loop(molecules: Mapping[str, Molecule]) -> tuple[str, ...]:
    """Molecules each of which is regulated by the one before it, back to the first; empty where there are none."""
    try:
        _sorter(molecules, sorted(molecules)).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def _sorter(molecules: Mapping[str, Molecule], names: Collection[str]) -> TopologicalSorter[str]:
    return TopologicalSorter({name: _regulators(molecules, name) for name in names})


def _regulators(molecules: Mapping[str, Molecule], name: str) -> list[str]:
    return sorted({shift.by for shift in molecules[name].shifts} & set(molecules))

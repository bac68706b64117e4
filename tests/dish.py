"""A dish of cells in given signals, without space: what their molecules do, by the kernels that the engine uses."""

from __future__ import annotations

import functools

import numpy as np

from opsonin.engine import tabulate
from opsonin.kernels.expression import express
from opsonin.knowledge.library import Library, load_library
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, Held
from opsonin.state.cells import Cells
from opsonin.state.exposure import Exposure

LIBRARY = load_library()
PLENTY = 1e9  # mmHg


@functools.cache
def tables(library_key: str, tumour: str = "melanoma"):
    library = _KNOWN[library_key]
    return tabulate.tables_of(library, library.tumours[tumour], np.full(len(library.cells), 1.0), 2)


_KNOWN: dict[str, Library] = {}


def keyed(library: Library) -> str:
    _KNOWN.setdefault(library.digest(), library)
    return library.digest()


class Dish:
    """Cells of one type in given signals, all as the mean of their type."""

    def __init__(
        self, library: Library = LIBRARY, tumour: str = "melanoma", kind: str = "cancer", n: int = 1
    ):
        self.names, self.traits = tabulate.species_of(library), tabulate.traits_of(library)
        self.tables, self.library = tables(keyed(library), tumour), library
        self.cells = Cells(n, len(self.names.molecules), len(self.names.substrates))
        index = self.names.cells.index(kind)
        self.rest = self.tables.resting[index]
        self.cells.append({
            "id": np.arange(1, n + 1, dtype=np.uint64), "kind": np.full(n, index, np.int16),
            "level": np.repeat(self.rest[:, None], n, 1), "variation": np.ones((len(self.rest), n)),
        })  # fmt: skip
        self.put(oxygen=PLENTY)

    def put(self, **signals: float) -> Dish:
        for name, value in signals.items():
            self.cells.arrays.signal[self.names.substrates.index(name), : self.cells.n] = value
        return self

    def live(self, minutes: float, step: float = 6.0, drug: tuple[str, float] | None = None) -> Dish:
        """Some time on, under a drug held at a concentration [nM]."""
        spans = (DrugCourse(self.library.drugs[drug[0]], (), (Held(0.0, 1e9, drug[1]),)),) if drug else ()
        drugs = Regimen(spans, 6.0).exposure(0.0, self.names.molecules, self.names.cells)
        for _ in range(round(minutes / step)):
            self.under(drugs, step)
        return self

    def under(self, drugs: Exposure, step: float) -> None:
        """One step under drugs."""
        express(
            self.cells.arrays,
            self.cells.n,
            self.tables,
            self.traits.turnover,
            drugs.fold,
            drugs.through,
            step,
        )

    def over_rest(self, molecule: str) -> float:
        """Mean level of the cells over the resting level of their type."""
        m = self.names.molecules.index(molecule)
        return float(self.cells.arrays.level[m, : self.cells.n].mean() / self.rest[m])

"""The tissue at time 0: cells where the biopsy shows them, vessels and states where it does not show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, id_of, uniforms
from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.kernels.draws import draw_each
from opsonin.laws.cycle import committed_volume
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.model.specificity import MATCHED, STEM_LIKE, UNMATCHED
from opsonin.state.cells import Cells
from opsonin.state.vessels import Vessels
from opsonin.tissue.tissue import Arrivals, Tissue
from opsonin.tissue.trafficking import blank, with_stem_like

Floats = npt.NDArray[np.float64]
Key = npt.NDArray[np.uint32]
Box = tuple[float, float, float]
_PLACEMENT = int(Stream.PLACEMENT)
_VESSELS = int(Stream.VESSELS)
_MUTATION = int(Stream.MUTATION)
# Places that a new vessel is tried at; more where many of them are not for vessels.
_PLACES, _PLACES_ON_GROUND = 16, 64


@dataclass(frozen=True)
class Imaged:
    """Cells as read or generated, positions inside the box.

    Attributes:
        x, y, z: [um], shape (cells,).
        id: uint64, from the content of the row, so that the order of rows does not matter.
        kind: cell-type index.
        marks: (molecules, cells) 1 seen, -1 not seen, 0 not stained.
        measured: (molecules, cells) level over the resting level of the cell's type, NaN where not measured.
    """

    x: Floats
    y: Floats
    z: Floats
    id: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.int16]
    marks: npt.NDArray[np.int8]
    measured: Floats

    def marked(self, marks: npt.NDArray[np.int8]) -> Imaged:
        """The same cells with other marks."""
        return replace(self, marks=marks)

    def ordered(self) -> Imaged:
        """The same cells sorted by id."""
        order = np.argsort(self.id, kind="stable")
        return Imaged(
            self.x[order],
            self.y[order],
            self.z[order],
            self.id[order],
            self.kind[order],
            self.marks[:, order],
            self.measured[:, order],
        )


def vessel_fraction(key: Key) -> float:
    """Keyed, uniform in (0, 1): with it whole vessels have the stated density on average over windows."""
    fraction, _ = uniforms(key[0], key[1], np.uint64(0), np.uint32(0), _VESSELS, 0)
    return float(fraction)


def add_vessel(
    vessels: Vessels, key: Key, box: Box, suits: Callable[[Floats, Floats], Floats] | None = None
) -> None:
    """One more vessel: of several places keyed to its ordinal the one furthest from all other vessels.

    What a biopsy shows is alive, so it was fed; and sprouts grow to where oxygen lacks (Carmeliet 2000,
    doi:10.1038/35025220). Vessels at random leave holes that would be dead within days.

    Args:
        suits: share of a vessel at x, y that is where vessels may be; of the places, only the best in this count.
    """
    identity = id_of("vessel", vessels.made)
    count = _PLACES if suits is None else _PLACES_ON_GROUND
    drawn = [
        uniforms(key[0], key[1], np.uint64(identity), np.uint32(0), _VESSELS, 1 + k) for k in range(count)
    ]
    x, y = np.array(drawn).T * np.array(box[:2])[:, None]
    if suits is not None:
        shares = suits(x, y)
        x, y = x[shares == shares.max()], y[shares == shares.max()]
    chosen = int(np.argmax(_room(x, y, vessels, box))) if vessels.n else 0
    vessels.append(float(x[chosen]), float(y[chosen]), identity)


def _room(x: Floats, y: Floats, vessels: Vessels, box: Box) -> Floats:
    """Squared distance of places to the nearest vessel, around the edges of the box [um2]."""
    dx, dy = np.subtract.outer(x, vessels.x), np.subtract.outer(y, vessels.y)
    dx, dy = dx - box[0] * np.rint(dx / box[0]), dy - box[1] * np.rint(dy / box[1])
    nearest: Floats = (dx * dx + dy * dy).min(axis=1)
    return nearest


def populate(tissue: Tissue, imaged: Imaged, tick: int) -> None:
    """Put the imaged cells into the tissue at `tick`, with keyed traits and in equilibrium over the cycle."""
    cells = imaged.ordered()
    cells = replace(cells, marks=drawn_marks(cells, tissue.arrivals, tissue.key))
    columns = blank(tissue, cells.id, cells.kind, tick)
    columns |= {"x": cells.x.copy(), "y": cells.y.copy(), "z": cells.z.copy()}
    seen = np.isfinite(cells.measured)
    columns["variation"][seen] = np.maximum(cells.measured[seen], 0.0)
    columns["variation"][cells.marks < 0] = 0.0
    columns["level"] = columns["variation"] * tissue.tables.resting[cells.kind].T
    matched = drawn_reactive(cells, tissue.arrivals, tissue.key)
    columns["reactive"] = with_stem_like(matched, tissue.traits.stem[cells.kind], cells.id, tissue.key)
    columns["exhaustion"] = np.where(columns["reactive"] == STEM_LIKE, 0.0, _exhaustion(tissue, cells))
    columns["fixed"] = tissue.traits.fixed[cells.kind] * columns["exhaustion"]
    columns["lost"] = _clones(tissue, cells)
    tissue.cells = Cells(
        len(cells.id) + len(cells.id) // 2, len(tissue.species.molecules), len(tissue.species.substrates)
    )
    slots = tissue.cells.append(columns)
    _desynchronise(tissue, slots, tick)


def _recognising(arrivals: Sequence[Arrivals]) -> list[Arrivals]:
    return [source for source in arrivals if source.marker >= 0]


def drawn_marks(cells: Imaged, arrivals: Sequence[Arrivals], key: Key) -> npt.NDArray[np.int8]:
    """The marks, with the marker of tumour-reactive effectors drawn where it was not stained, (molecules, cells)."""
    marks = cells.marks.copy()
    for source in _recognising(arrivals):
        for row in np.flatnonzero((cells.kind == source.kind) & (marks[source.marker] == 0)):
            u, _ = uniforms(key[0], key[1], cells.id[row], np.uint32(0), _PLACEMENT, 0)
            marks[source.marker, row] = 1 if u < source.marker_positive else -1
    return marks


def drawn_reactive(cells: Imaged, arrivals: Sequence[Arrivals], key: Key) -> npt.NDArray[np.int8]:
    """Tumour-reactive cells, (cells,): drawn among the marker-positive effectors (Gros 2014, doi:10.1172/JCI73639)."""
    reactive = np.zeros(len(cells.id), np.int8)
    for source in _recognising(arrivals):
        for row in np.flatnonzero((cells.kind == source.kind) & (cells.marks[source.marker] > 0)):
            u, _ = uniforms(key[0], key[1], cells.id[row], np.uint32(0), _PLACEMENT, 1)
            reactive[row] = MATCHED if u < source.reactive else UNMATCHED
    return reactive


def _clones(tissue: Tissue, cells: Imaged) -> npt.NDArray[np.int32]:
    """(cells,) defects that tumour cells have from the start, which no biopsy shows: each drawn by itself."""
    lost = np.zeros(len(cells.id), np.int32)
    tumour = tissue.tables.types[cells.kind, column.TUMOUR] > 0.0
    for number, share in enumerate(tissue.tables.defects["share"]):
        chance = draw_each(tissue.key, cells.id, 0, _MUTATION, tissue.tables.defects["draw"][number])
        lost[tumour & (chance < share)] |= 1 << number
    return lost


def _exhaustion(tissue: Tissue, cells: Imaged) -> Floats:
    """Marker-positive effectors of a grown tumour are already tired; the others are not."""
    marker = tissue.traits.exhaustion_marker[cells.kind]
    seen = np.where(marker >= 0, cells.marks[marker, np.arange(len(cells.id))] > 0, False)
    return np.where(seen, tissue.traits.exhaustion[cells.kind], 0.0)


def _desynchronise(tissue: Tissue, slots: slice, tick: int) -> None:
    """Spread the cells over the cycle as in steady exponential growth: density of age a falls as exp(-lambda a)."""
    cells = tissue.cells.arrays
    numbers = tissue.tables.types[cells.kind[slots]]
    for row, slot in enumerate(range(slots.start, slots.stop)):
        rate, length = numbers[row, column.EXIT_RATE], numbers[row, column.COMMITTED_TIME]
        if rate <= 0.0:
            continue
        growth = tissue.growth_scale
        u, v = uniforms(tissue.key[0], tissue.key[1], cells.id[slot], np.uint32(0), _PLACEMENT, 2)
        if u < np.expm1(growth * length):
            elapsed = -np.log1p(-v * -np.expm1(-growth * length)) / growth
            cells.phase[slot] = COMMITTED
            cells.phase_start[slot] = tick - round(elapsed * TICKS_PER_MINUTE)
            cells.phase_end[slot] = cells.phase_start[slot] + round(length * TICKS_PER_MINUTE)
            cells.volume[slot] = committed_volume(cells.base_volume[slot], elapsed, length)
            cells.radius[slot] *= (cells.volume[slot] / cells.base_volume[slot]) ** (1.0 / tissue.dimension)

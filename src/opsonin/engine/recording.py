"""What a run keeps: rows of observables, and at every stored time cells, fields, the ledger and a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.schedule import minutes
from opsonin.engine import checkpoint
from opsonin.engine.compile import Plan
from opsonin.engine.patient_told import of_patient
from opsonin.engine.regimens import Course
from opsonin.engine.tabulate import acids_of, fitness_substrates, pairs_of
from opsonin.engine.trace import Trace
from opsonin.kernels.metabolism import fitness_of_each
from opsonin.knowledge.followed import death_receptors
from opsonin.knowledge.library import Library
from opsonin.model.death import PROTEINS
from opsonin.model.drugs import Agonizes, Blocks, Irradiates, Kills
from opsonin.model.phase import COMMITTED, PHASES
from opsonin.model.specificity import STEM_LIKE
from opsonin.model.tables import HIT_RATE, KILLER, NATURAL
from opsonin.observe import barriers
from opsonin.observe.killers import observables_of_killers
from opsonin.observe.observables import TUMOUR_CELL, Observable, observables_of
from opsonin.state.snapshot import Snapshot
from opsonin.store.segments import Segment
from opsonin.tissue.ledger import empty
from opsonin.tissue.tissue import Tissue

if TYPE_CHECKING:
    from opsonin.engine.systemic import Systemic

_PLAIN = ("damage", "caspase3", "activation", "exhaustion", "fixed", "pressure", "divisions")


def observables(plan: Plan) -> list[Observable]:
    """All observables that a run of this plan records."""
    library = plan.library
    tumour = plan.species.cells.index(TUMOUR_CELL)
    drugs = {given.drug.name: given.drug for course in plan.courses for given in course.regimen.drugs}
    effects = [effect for drug in drugs.values() for effect in drug.effects]
    found = list(
        observables_of(
            {name: library.cells[name].title for name in plan.species.cells},
            {name: library.molecules[name].title for name in plan.species.molecules},
            {
                name: (library.substrates[name].title, library.substrates[name].unit)
                for name in plan.species.substrates
            },
            {e.blocks for e in effects if isinstance(e, Blocks)},
            {name for m, name in enumerate(plan.species.molecules) if plan.tables.resting[tumour, m] > 0.0},
            {
                name: (drugs[name].title, drugs[name].radiates)
                for name in sorted(drugs)
                if drugs[name].product is None and not drugs[name].vaccinates
            },
            {name: library.defects[name].title for name in plan.species.defects},
            acids_of(library),
            toxic=any(
                isinstance(e, Kills | Irradiates)
                or (isinstance(e, Agonizes) and e.agonizes in death_receptors(library))
                or (isinstance(e, Blocks) and e.blocks in PROTEINS)
                for e in effects
            ),
        )
    ) + list(
        observables_of_killers(
            {name: library.cells[name].title for name in plan.species.cells if _sees_by_itself(library, name)}
        )
    )
    return [*found, *of_patient(plan, drugs)] if plan.interval else found


def _sees_by_itself(library: Library, name: str) -> bool:
    """Whether killers of a type see a tumour without a product."""
    cell = library.cells[name]
    return cell.lytic is not None or cell.natural is not None


def barriers_told(plan: Plan) -> dict[str, str]:
    """What can keep a killer from killing, name -> title, in the order of the ledger."""
    substrates = plan.library.substrates
    return barriers.titles(
        {pair.name: pair.title for pair in pairs_of(plan.library, "checkpoint")},
        {name: substrates[name].title for name in fitness_substrates(plan.library)},
    )


class Recorder:
    """Collects one arm's observables, and its ledger, between stored times."""

    def __init__(self, plan: Plan, course: Course, run_hash: str, patient: Systemic | None = None) -> None:
        self._course, self._run_hash = course, run_hash
        self._patient = patient
        self._plan = plan
        self._observables = observables(plan)
        self._barriers = tuple(barriers_told(plan))
        self._kills = 0.0
        self._effectors = tuple(
            name for name in plan.species.cells if plan.library.cells[name].killing is not None
        )
        self._rows: list[list[float]] = []
        self._ticks: list[int] = []

    def follow(self, tissue: Tissue) -> None:
        """Let the tissue keep a ledger and its births from now on."""
        tissue.ledger, tissue.births = empty(tissue), []
        self._kills = tissue.counters["kills"]

    def observe(self, tissue: Tissue, tick: int) -> None:
        """Add a row for `tick`."""
        snapshot = self._snapshot(tissue, minutes(tick))
        self._ticks.append(tick)
        self._rows.append([observable.of(snapshot) for observable in self._observables])

    def segment(self, tissue: Tissue, tick: int, trace: Trace) -> Segment:
        """The state now, with the rows and hashes since the last segment."""
        values = np.array(self._rows, float).reshape(-1, len(self._observables))
        observed: dict[str, Any] = {"tick": np.array(self._ticks, np.int64)}
        observed |= {item.name: values[:, k].copy() for k, item in enumerate(self._observables)}
        self._rows, self._ticks = [], []
        names = self._plan.species.substrates
        return Segment(
            tick=tick,
            cells=self._cells(tissue),
            fields={name: tissue.fields.values[k].copy() for k, name in enumerate(names)},
            box=tissue.box,
            field_units={item.name: item.unit for item in self._plan.transports},
            trace=trace.drain(),
            observables=observed,
            lineage=self._lineage(tissue),
            ledger=self._ledger(tissue, tick),
            checkpoint=checkpoint.freeze(tissue)
            | (self._patient.freeze() if self._patient is not None else {})
            | checkpoint.origin_of(self._run_hash, self._course.name, tick),
            patient=self._patient.rows() if self._patient is not None else {},
        )

    def _lineage(self, tissue: Tissue) -> dict[str, Any]:
        """The births since the last segment, in their order."""
        births = tissue.births or []
        ticks = [np.full(len(of.mother), of.tick, np.int64) for of in births]
        columns: dict[str, Any] = {"tick": np.concatenate([np.zeros(0, np.int64), *ticks])}
        for name in ("mother", "daughter"):
            columns[name] = np.concatenate([np.zeros(0, np.uint64), *(getattr(of, name) for of in births)])
        for name in ("mother_lost", "daughter_lost"):
            lost = np.concatenate([np.zeros(0, np.int32), *(getattr(of, name) for of in births)])
            columns[name] = self._lost(lost)
        return columns

    def _ledger(self, tissue: Tissue, tick: int) -> dict[str, Any]:
        """The row of the ledger since the last segment, and a new ledger; no row at time 0."""
        kept = tissue.ledger if tissue.ledger is not None else empty(tissue)
        row = {"kills": tissue.counters["kills"] - self._kills}
        fastest = float(tissue.tables.types[:, HIT_RATE].max())
        row |= barriers.row(kept, self._barriers, fastest)
        self.follow(tissue)
        rows = 1 if tick > 0 else 0
        columns: dict[str, Any] = {"tick": np.full(rows, tick, np.int64)}
        return columns | {name: np.full(rows, value) for name, value in row.items()}

    def _snapshot(self, tissue: Tissue, time: float) -> Snapshot:
        species, recognises = self._plan.species, _recognises(tissue)
        return Snapshot(
            cells=tissue.cells,
            fields=tissue.fields,
            box=tissue.box,
            kinds=species.cells,
            effectors=self._effectors,
            molecules=species.molecules,
            substrates=species.substrates,
            counters=tissue.counters,
            free=tissue.exposure.free,
            drugs={given.drug.name: given.seen(time) for given in self._course.regimen.drugs},
            initial=dict(zip(species.cells, tissue.initial.tolist(), strict=True)),
            weight=tissue.weight,
            vessels=tissue.vessels.n,
            recognises=recognises,
            fitness=_fitness(tissue, recognises),
            patient=self._patient.told if self._patient is not None else {},
        )

    def _lost(self, lost: Any) -> Any:
        """(cells,) names of the defects of each cell, joined by +."""
        seen, of = np.unique(lost, return_inverse=True)
        names = self._plan.species.defects
        told = ["+".join(name for d, name in enumerate(names) if bits >> d & 1) for bits in seen]
        return np.array(told, object)[of]

    def _cells(self, tissue: Tissue) -> dict[str, Any]:
        n, cells = tissue.cells.n, tissue.cells.arrays
        columns: dict[str, Any] = {
            "id": cells.id[:n].copy(),
            "type": np.array(self._plan.species.cells, object)[cells.kind[:n]],
            "phase": np.array(PHASES, object)[cells.phase[:n]],
            "x_um": cells.x[:n].copy(),
            "y_um": cells.y[:n].copy(),
            "z_um": cells.z[:n].copy(),
            "radius_um": cells.radius[:n].copy(),
            "volume_um3": cells.volume[:n].copy(),
            "reactive": cells.reactive[:n] > 0,
            "stem_like": cells.reactive[:n] == STEM_LIKE,
            "engaged": cells.partner[:n] > 0,
            "lost": self._lost(cells.lost[:n]),
        }
        columns |= {name: getattr(cells, name)[:n].copy() for name in _PLAIN}
        columns |= {name: cells.level[m, :n].copy() for m, name in enumerate(self._plan.species.molecules)}
        return columns


def _recognises(tissue: Tissue) -> Any:
    """(n,) live killers whose own receptors may see the tumour."""
    cells, n, types = tissue.cells.arrays, tissue.cells.n, tissue.tables.types
    kind = cells.kind[:n]
    sees = (cells.reactive[:n] > 0) | (types[:, NATURAL] > 0.0)[kind]
    return sees & (types[:, KILLER] > 0.0)[kind] & (cells.phase[:n] <= COMMITTED)


def _fitness(tissue: Tissue, recognises: Any) -> Any:
    """(n,) fitness of these cells [-], 0 of the others."""
    fitness = np.zeros(tissue.cells.n)
    slots = recognises.nonzero()[0]
    fitness[slots] = fitness_of_each(tissue.cells.arrays, tissue.tables, tissue.exposure.free, slots)
    return fitness

"""Knowledge entries become the tables that kernels index. One number per entry, no decisions."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from opsonin.core.random import draws_of
from opsonin.knowledge.followed import MARKER, RECOGNISED, SEEN_BY_HELPERS, followed
from opsonin.knowledge.library import Library
from opsonin.knowledge.regulators import regulators_first
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.cycle import cell_loss_rate, potential_growth_rate, resting_exit_rate
from opsonin.laws.metabolism import fed_share
from opsonin.laws.recognition import planar_affinity
from opsonin.laws.response import fold_change, fold_change_of_lack
from opsonin.model import tables as column
from opsonin.model.death import PROTEINS
from opsonin.model.knowledge import CellType, Exchange, Interaction, Shift, Trafficking, Tumour
from opsonin.model.sourced import Sourced
from opsonin.observe.observables import Acid
from opsonin.state.tables import (
    ANTIGEN,
    ARREST,
    CHANGE,
    DEFECT,
    EXCHANGE,
    FITNESS,
    LIGATION,
    PAIR,
    SHIFT,
    Tables,
)
from opsonin.tissue.tissue import Lowered, Species, Traits, Transport

NM = 0.602214076  # molecules/um3 in one nM
TUMOUR_CELL = "cancer"
OXYGEN = "oxygen"
GLUCOSE = "glucose"
# Over which the activation of a phagocyte is smoothed [min]; assumed, decides nothing but what is shown.
EATING_MEMORY = 60.0
_NODES = 32  # of a sum over levels that vary between cells
# nM in the unit of a field.
IN_UNIT = {"nM": 1.0, "uM": 1e3, "mM": 1e6}
# S, G2 and M of a stroma cell that the growing tissue renews [min]; assumed as in cancer cells, decides nothing else.
RENEWAL = 13.0 * 60.0


def species_of(library: Library) -> Species:
    """Every cell type and substrate of the library and the molecules that are followed, in alphabetical order."""
    return Species(
        cells=tuple(sorted(library.cells)),
        molecules=followed(library),
        substrates=tuple(sorted(library.substrates)),
        defects=tuple(sorted(library.defects)),
    )


def lognormal_sigma(variation: float) -> float:
    """Standard deviation of the log of a lognormal with this coefficient of variation."""
    return math.sqrt(math.log1p(variation**2))


def tables_of(library: Library, tumour: Tumour, scales: npt.NDArray[np.float64], dimension: int) -> Tables:
    """All numbers of one tumour type; `scales` (types,) multiply the radii (the imaged packing)."""
    names = species_of(library)
    order = regulators_first(library, names.molecules)
    shifts = [(m, shift) for m in order for shift in library.molecules[m].shifts]
    attractants = [
        c.motility.attractant for c in library.cells.values() if c.motility and c.motility.attractant
    ]
    return Tables(
        types=np.array(
            [_numbers(library, library.cells[c], tumour, k) for c, k in zip(names.cells, scales, strict=True)]
        ),
        resting=np.array([[_resting(library, tumour, c, m) for m in names.molecules] for c in names.cells]),
        order=np.array([names.molecules.index(m) for m in order], np.int64),
        shifts=np.array([_shift(library, names, m, shift) for m, shift in shifts], SHIFT),
        exchanges=np.array(
            [[_exchange(library, tumour, names, c, s) for s in names.substrates] for c in names.cells],
            EXCHANGE,
        ),
        checkpoints=_pairs(library, names, "checkpoint"),
        activating=_pairs(library, names, "activating"),
        antibody=_pairs(library, names, "antibody"),
        deadly=_pairs(library, names, "death"),
        costimulating=_pairs(library, names, "costimulation"),
        competing=_pairs(library, names, "competing"),
        ligations=np.array([_ligation(library, names, p) for p in pairs_of(library, "ligation")], LIGATION),
        fitness=np.array(
            [[_fitness(library, tumour, names, c, s) for s in names.substrates] for c in names.cells],
            FITNESS,
        ),
        arrests=np.array([_arrest(library, c) for c in names.cells], ARREST),
        defects=np.array(
            [
                _defect(library, tumour, d, draw)
                for d, draw in zip(names.defects, draws_of(names.defects), strict=True)
            ],
            DEFECT,
        ),
        changes=np.array(
            [
                (names.defects.index(d), names.molecules.index(m), fold.value)
                for d in names.defects
                for m, fold in sorted(library.defects[d].changes.items())
                if m in names.molecules
            ],
            CHANGE,
        ),
        removed_by=np.array(
            [_bits(m in library.defects[d].removes for d in names.defects) for m in names.molecules], np.int64
        ),
        deaf_by=np.array(
            [_bits(s in library.defects[d].deafens for d in names.defects) for s in names.substrates],
            np.int64,
        ),
        hidden_by=_bits(library.defects[d].hides for d in names.defects),
        matching_fraction=tumour.matching_antigen_fraction.value,
        antigens=(antigens := _antigens(library, names, tumour)),
        antigens_fixed=1.0 - float(antigens["share"].sum()),
        mhc_i=names.molecules.index(RECOGNISED),
        mhc_ii=names.molecules.index(SEEN_BY_HELPERS),
        death=np.array([names.molecules.index(name) for name in PROTEINS], np.int64),
        oxygen=names.substrates.index(OXYGEN),
        glucose=names.substrates.index(GLUCOSE),
        attractant=names.substrates.index(min(attractants)) if attractants else 0,
        dimension=dimension,
    )


def _defect(
    library: Library, tumour: Tumour, name: str, draw: np.uint32
) -> tuple[float, np.uint32, float, float]:
    defect = library.defects[name]
    share = tumour.clones.get(name, defect.share)
    return defect.rate.value, draw, share.value, defect.reverts.value if defect.reverts else 0.0


def _antigens(library: Library, names: Species, tumour: Tumour) -> npt.NDArray[np.void]:
    """(antigens,) that tumour cells carry: an antigen of which they have none gives no peptides to count."""
    rows = [
        (names.molecules.index(name), share.value, _resting(library, tumour, TUMOUR_CELL, name))
        for name, share in sorted(tumour.antigens.items())
    ]
    return np.array([row for row in rows if row[-1] > 0.0], ANTIGEN)


def _bits(marks: Iterable[bool]) -> int:
    return sum(int(mark) << number for number, mark in enumerate(marks))


def _shift(
    library: Library, names: Species, molecule: str, shift: Shift
) -> tuple[int, int, bool, bool, float, float, float, float]:
    low, regulates = shift.when == "low", shift.by in names.molecules
    half = shift.half.value if regulates else level_of(library, shift.by, shift.half)
    numbers = shift.fold_max.value, half, shift.hill.value
    fold = fold_change_of_lack if low else fold_change
    return (
        names.molecules.index(molecule),
        (names.molecules if regulates else names.substrates).index(shift.by),
        regulates,
        low,
        *numbers,
        float(fold(numbers[0], 1.0, *numbers[1:])) if regulates else 1.0,
    )


def _arrest(library: Library, cell: str) -> tuple[int, float, float]:
    """The signal that keeps the type out of the cycle, the share at saturation, the signal at half of it."""
    cycle = library.cells[cell].cycle
    if cycle is None or cycle.arrested_by is None or cycle.arrest_max is None or cycle.arrest_half is None:
        return -1, 0.0, 1.0
    by = sorted(library.substrates).index(cycle.arrested_by)
    return by, cycle.arrest_max.value, level_of(library, cycle.arrested_by, cycle.arrest_half)


def pairs_of(library: Library, kind: str) -> list[Interaction]:
    """Receptor-ligand pairs of one kind, by name."""
    return [pair for _, pair in sorted(library.interactions.items()) if pair.kind == kind]


def _pairs(library: Library, names: Species, kind: str) -> npt.NDArray[np.void]:
    """(pairs,) numbers of one kind of pairs."""
    return np.array([_pair(names, pair) for pair in pairs_of(library, kind)], PAIR)


def _pair(names: Species, pair: Interaction) -> tuple[int, int, float, float, float, float, float]:
    return (
        names.molecules.index(pair.receptor),
        names.molecules.index(pair.ligand) if pair.ligand else -1,
        _planar(pair),
        pair.half.value if pair.half else 1.0,
        pair.hill.value if pair.hill else 1.0,
        pair.contact.value if pair.contact else 0.0,
        pair.strips.value if pair.strips else 0.0,
    )


def _planar(pair: Interaction) -> float:
    return float(planar_affinity(pair.affinity.value, pair.gap.value if pair.gap else 0.0, NM))


def _ligation(library: Library, names: Species, pair: Interaction) -> tuple[int, int, float, float, int]:
    return (
        names.molecules.index(pair.receptor),
        names.substrates.index(pair.ligand),
        level_of(library, pair.ligand, pair.affinity),
        pair.hill.value if pair.hill else 1.0,
        names.molecules.index(str(pair.guard)),
    )


def _resting(library: Library, tumour: Tumour, cell: str, molecule: str) -> float:
    own = tumour.expresses.get(cell, {}).get(molecule)
    general = library.cells[cell].expresses.get(molecule)
    chosen = own or general
    return chosen.value if chosen is not None else 0.0


def _carried(library: Library, tumour: Tumour, names: Species, molecule: str) -> bool:
    """Whether any cell type has a molecule at rest."""
    return any(_resting(library, tumour, cell, molecule) > 0.0 for cell in names.cells)


def level_of(library: Library, substrate: str, number: Sourced) -> float:
    """A concentration in the unit of the substrate's field."""
    return number.value / IN_UNIT.get(library.substrates[substrate].unit, 1.0)


def acids_of(library: Library) -> dict[str, Acid]:
    """Substrate -> how it lowers pH."""
    return {
        name: Acid(
            level_of(library, name, substrate.blood),
            substrate.acidifies.resting_ph.value,
            level_of(library, name, substrate.acidifies.buffering),
        )
        for name, substrate in library.substrates.items()
        if substrate.acidifies is not None
    }


def _exchange(
    library: Library, tumour: Tumour, names: Species, cell: str, substrate: str
) -> tuple[float | int, ...]:
    """The row of one type and substrate, in the substrate's own unit; see `state.tables.EXCHANGE`."""
    exchange = library.cells[cell].exchanges.get(substrate, Exchange())
    unit = library.substrates[substrate].unit
    per_molecule = 1.0 / (NM * IN_UNIT[unit]) if unit in IN_UNIT else 1.0
    by = column.ALWAYS
    if exchange.induced_by is not None:
        by = names.substrates.index(exchange.induced_by)
    elif library.cells[cell].killing is not None or library.cells[cell].helping is not None:
        by = column.BY_ACTIVATION  # an effector secretes as far as it is activated
    return (
        exchange.uptake_max.value * per_molecule if exchange.uptake_max else 0.0,
        level_of(library, substrate, exchange.uptake_half) if exchange.uptake_half else 1.0,
        exchange.hypoxic_fold.value if exchange.hypoxic_fold else 1.0,
        exchange.hypoxic_half.value if exchange.hypoxic_half else 1.0,
        exchange.clearance.value if exchange.clearance else 0.0,
        exchange.secretion.value * per_molecule if exchange.secretion else 0.0,
        by,
        level_of(library, exchange.induced_by, exchange.induction_half)
        if exchange.induced_by and exchange.induction_half
        else 1.0,
        names.substrates.index(exchange.made_from) if exchange.made_from else -1,
        exchange.made_per.value * _same_unit(library, substrate, exchange.made_from)
        if exchange.made_from and exchange.made_per
        else 0.0,
        names.molecules.index(exchange.enzyme) if exchange.enzyme else -1,
        _turnover(library, tumour, names, exchange) * per_molecule,
        *_fed(library, tumour, names, cell, exchange),
        exchange.necrotic.value * per_molecule if exchange.necrotic else 0.0,
        exchange.apoptotic.value * per_molecule if exchange.apoptotic else 0.0,
        names.molecules.index(exchange.marker) if exchange.marker else -1,
        exchange.marker_half.value if exchange.marker_half else 1.0,
    )


def _turnover(library: Library, tumour: Tumour, names: Species, exchange: Exchange) -> float:
    """Of a molecule of an enzyme; where no cell has the enzyme that feeds it, what comes by other ways."""
    if exchange.turnover is None:
        return 0.0
    if exchange.fed_by is None or _carried(library, tumour, names, exchange.fed_by):
        return exchange.turnover.value
    return exchange.turnover.value * (exchange.fed_least.value if exchange.fed_least else 0.0)


def _fed(
    library: Library, tumour: Tumour, names: Species, cell: str, exchange: Exchange
) -> tuple[int, float, float, float]:
    """What feeds an enzyme, and what that leaves of it on average over cells at rest, as their levels vary."""
    if exchange.fed_by is None or exchange.fed_half is None or exchange.fed_least is None:
        return -1, 1.0, 0.0, 1.0
    half, least = exchange.fed_half.value, exchange.fed_least.value
    if not _carried(library, tumour, names, exchange.fed_by):
        return -1, 1.0, 0.0, 1.0
    sigma = lognormal_sigma(library.molecules[exchange.fed_by].variation.value)
    places, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    levels = np.exp(sigma * places - 0.5 * sigma**2)
    shares = np.array([float(fed_share(level, half, least)) for level in levels])
    carried = _resting(library, tumour, cell, exchange.fed_by) > 0.0
    mean = float(weights @ shares / weights.sum()) if carried else 1.0
    return names.molecules.index(exchange.fed_by), half, least, mean


def _same_unit(library: Library, substrate: str, other: str) -> float:
    """What one molecule of `other`, in the unit of its field, is in that of `substrate`."""
    made, burnt = library.substrates[substrate].unit, library.substrates[other].unit
    return IN_UNIT[burnt] / IN_UNIT[made]


def _fitness(
    library: Library, tumour: Tumour, names: Species, cell: str, substrate: str
) -> tuple[int, float, float, float, int]:
    """What a substrate is to the fitness of a type, nothing without its receptor; see `state.tables.FITNESS`."""
    needed = library.cells[cell].needs.get(substrate)
    harmful = library.cells[cell].suffers.get(substrate)
    if needed is not None:
        most = needed.most.value if needed.most else 1.0
        return column.NEEDED, level_of(library, substrate, needed.half), needed.hill.value, most, -1
    if harmful is not None and (
        not harmful.through or _resting(library, tumour, cell, harmful.through) > 0.0
    ):
        half = level_of(library, substrate, harmful.half)
        through = names.molecules.index(harmful.through) if harmful.through else -1
        return column.HARMFUL, half, harmful.hill.value, harmful.most.value, through
    return column.INDIFFERENT, 1.0, 1.0, 0.0, -1


def lowered(
    library: Library, tumour: Tumour, names: Species, trafficking: Trafficking
) -> tuple[Lowered, ...]:
    """What takes adhesion off the vessels that a type comes by; nothing where no cell has its receptor."""
    return tuple(
        Lowered(
            names.substrates.index(substrate),
            level_of(library, substrate, of.half),
            of.hill.value,
            of.most.value,
            names.molecules.index(of.through) if of.through else -1,
        )
        for substrate, of in sorted(trafficking.lowered.items())
        if not of.through or _carried(library, tumour, names, of.through)
    )


def fitness_substrates(library: Library) -> tuple[str, ...]:
    """Substrates that decide how fit any killer is."""
    killers = [cell for cell in library.cells.values() if cell.killing or cell.eating]
    return tuple(sorted({name for cell in killers for name in (*cell.needs, *cell.suffers)}))


def _numbers(library: Library, cell: CellType, tumour: Tumour, scale: float) -> list[float]:
    row = [0.0] * column.COLUMNS
    diameter = cell.diameter.value
    row[column.REFERENCE_VOLUME] = math.pi / 6.0 * diameter**3
    row[column.MODEL_RADIUS] = 0.5 * diameter * scale
    row[column.SURFACE] = math.pi * diameter**2
    row[column.DIAMETER] = diameter
    row[column.COMMITTED_TIME] = row[column.APOPTOTIC_TIME] = row[column.NECROTIC_TIME] = 1.0
    row[column.PRESSURE_HALF], row[column.PRESSURE_HILL], row[column.STEM_HITS] = math.inf, 1.0, 1.0
    row[column.NECROSIS_OXYGEN] = row[column.NECROSIS_HILL] = 1.0
    row[column.TUMOUR] = float(cell.role == "tumour")
    row[column.STROMA] = float(cell.role in ("stroma", "vessel"))
    row[column.SHEATH] = -1.0 if cell.role == "tumour" else cell.sheath.value if cell.sheath else 0.0
    _cycle(row, cell, tumour)
    _death(row, library, cell, tumour)
    _motility(row, cell)
    _lytic(row, cell)
    return row


def _cycle(row: list[float], cell: CellType, tumour: Tumour) -> None:
    if cell.cycle is None:
        row[column.COMMITTED_TIME] = RENEWAL
        return
    committed = cell.cycle.committed.value
    row[column.COMMITTED_TIME] = committed
    if cell.cycle.pressure_half is not None and cell.cycle.pressure_hill is not None:
        row[column.PRESSURE_HALF] = cell.cycle.pressure_half.value
        row[column.PRESSURE_HILL] = cell.cycle.pressure_hill.value
    if cell.name == TUMOUR_CELL:
        growth = potential_growth_rate(tumour.potential_doubling_time.value)
        row[column.EXIT_RATE] = resting_exit_rate(growth, committed)
    if cell.cycle.activated_rate is not None:
        row[column.ACTIVATED_RATE] = cell.cycle.activated_rate.value


def _death(row: list[float], library: Library, cell: CellType, tumour: Tumour) -> None:
    if cell.death is None:
        return
    row[column.APOPTOTIC_TIME] = cell.death.apoptotic_clearance.value
    row[column.NECROSIS_RATE] = cell.death.necrosis_rate.value
    row[column.NECROSIS_OXYGEN] = cell.death.necrosis_oxygen.value
    row[column.NECROSIS_HILL] = cell.death.necrosis_hill.value
    if cell.death.necrosis_glucose is not None:
        row[column.NECROSIS_GLUCOSE] = level_of(library, GLUCOSE, cell.death.necrosis_glucose)
    row[column.NECROTIC_TIME] = cell.death.necrotic_clearance.value
    if cell.death.spontaneous is not None:
        row[column.SPONTANEOUS] = cell.death.spontaneous.value
    elif cell.name == TUMOUR_CELL:
        row[column.SPONTANEOUS] = cell_loss_rate(
            tumour.potential_doubling_time.value, tumour.doubling_time.value
        )


def _motility(row: list[float], cell: CellType) -> None:
    motility = cell.motility
    if motility is None:
        return
    row[column.SPEED] = motility.speed.value
    row[column.PERSISTENCE] = motility.persistence.value
    row[column.BIAS_MAX] = motility.bias_max.value if motility.bias_max else 0.0
    row[column.ATTRACTANT_HALF] = motility.attractant_half.value if motility.attractant_half else 1.0
    row[column.GRADIENT_HALF] = motility.gradient_half.value if motility.gradient_half else 1.0


def _lytic(row: list[float], cell: CellType) -> None:
    if cell.killing is not None:
        row[column.KILLER] = row[column.COSTIMULATION] = 1.0
        row[column.NATURAL] = float(cell.natural is not None)
        row[column.CHIMERIC] = float(cell.chimeric is not None)
        row[column.HIT_RATE] = cell.killing.hit_rate_max.value
        row[column.ACTIVATION_MEMORY] = cell.killing.activation_memory.value
        row[column.EXHAUSTION_GAIN] = cell.killing.exhaustion_gain.value
        row[column.EXHAUSTION_RECOVERY] = cell.killing.exhaustion_recovery.value
        row[column.BYSTANDERS] = cell.killing.bystanders.value
    if cell.eating is not None:
        row[column.KILLER] = row[column.NATURAL] = row[column.EATER] = row[column.COSTIMULATION] = 1.0
        row[column.HIT_RATE] = cell.eating.rate_max.value
        row[column.UNAIDED] = cell.eating.unaided.value
        row[column.FATIGUE] = cell.eating.fatigue.value
        row[column.EXHAUSTION_RECOVERY] = cell.eating.recovery.value
        row[column.ACTIVATION_MEMORY] = EATING_MEMORY
    if cell.lytic is not None:
        row[column.FIXING] = cell.lytic.fixing.value
        row[column.STEM_HITS] = cell.lytic.stem_hits.value
        row[column.SIGNAL_HALF] = cell.lytic.signal_half.value
        row[column.SIGNAL_HILL] = cell.lytic.signal_hill.value
        row[column.COSTIMULATION] = cell.lytic.costimulation.value
    if cell.chimeric is not None:
        row[column.COSTIMULATION] = cell.chimeric.costimulation.value
    if cell.helping is not None:
        row[column.HELPER] = 1.0
        row[column.SIGNAL_HALF] = cell.helping.signal_half.value
        row[column.SIGNAL_HILL] = cell.helping.signal_hill.value
        row[column.COSTIMULATION] = cell.helping.costimulation.value
        row[column.ACTIVATION_MEMORY] = cell.helping.activation_memory.value
    if cell.trafficking is not None:
        row[column.TISSUE_EXIT] = cell.trafficking.exit_rate.value
        row[column.RETENTION] = cell.trafficking.retention.value
        row[column.RETENTION_REACH] = cell.trafficking.retention_reach.value
        row[column.RETENTION_DELAY] = cell.trafficking.retention_delay.value
    if cell.lytic_target is not None:
        row[column.DAMAGE_HALF_LIFE] = cell.lytic_target.damage_half_life.value
        row[column.PRIMING] = cell.lytic_target.priming.value


def transports_of(library: Library, permeability: float = 1.0) -> tuple[Transport, ...]:
    """How each substrate is carried, in the order of the species; `permeability` of vessels over those of tumours."""
    return tuple(
        Transport(
            name=name,
            unit=substrate.unit,
            diffusivity=substrate.diffusivity.value,
            decay=substrate.decay.value,
            blood=level_of(library, name, substrate.blood),
            wall_permeability=substrate.vessel_permeability.value * permeability,
            wall_radius=substrate.vessel_radius.value,
            medium=level_of(library, name, substrate.medium),
            liquid_height=substrate.liquid_height.value,
            steady=substrate.solve == "quasi-steady",
        )
        for name, substrate in sorted(library.substrates.items())
    )


def traits_of(library: Library) -> Traits:
    """Variation, turnover and mechanics, in the order of the species."""
    names = species_of(library)
    cells = [library.cells[c] for c in names.cells]
    molecules = [library.molecules[m] for m in names.molecules]
    return Traits(
        sigma=np.array([lognormal_sigma(m.variation.value) for m in molecules]),
        turnover=np.array([rate_of_half_life(m.half_life.value) for m in molecules]),
        mixing=np.array([1.0 / m.mixing.value if m.mixing else 0.0 for m in molecules]),
        draw=draws_of(names.molecules),
        repulsion=np.array([c.repulsion.value for c in cells]),
        adhesion=np.array([c.adhesion.value for c in cells]),
        exhaustion=np.array([c.lytic.exhaustion_initial.value if c.lytic else 0.0 for c in cells]),
        fixed=np.array([1.0 - c.lytic.reversible_fraction.value if c.lytic else 0.0 for c in cells]),
        stem=np.array([c.lytic.stem_fraction.value if c.lytic else 0.0 for c in cells]),
        exhaustion_marker=np.array(
            [names.molecules.index(MARKER) if c.lytic else -1 for c in cells], np.int64
        ),
    )

"""Knowledge entries become the tables that kernels index. One number per entry, no decisions."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from opsonin.core.random import draws_of
from opsonin.knowledge.followed import MARKER, RECOGNISED, followed
from opsonin.knowledge.library import Library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.cycle import cell_loss_rate, potential_growth_rate, resting_exit_rate
from opsonin.laws.recognition import planar_affinity
from opsonin.model import tables as column
from opsonin.model.death import PROTEINS
from opsonin.model.knowledge import CellType, Exchange, Interaction, Tumour
from opsonin.state.tables import Tables
from opsonin.tissue.tissue import Species, Traits, Transport

NM = 0.602214076  # molecules/um3 in one nM
TUMOUR_CELL = "cancer"
FITNESS = "oxygen"
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
    shifts = [(m, shift) for m in names.molecules for shift in library.molecules[m].shifts]
    checkpoints, activating, antibody, deadly = (
        pairs_of(library, kind) for kind in ("checkpoint", "activating", "antibody", "death")
    )
    attractants = [
        c.motility.attractant for c in library.cells.values() if c.motility and c.motility.attractant
    ]
    exchanges = [[_exchange(library, c, s) for s in names.substrates] for c in names.cells]
    return Tables(
        types=np.array(
            [_numbers(library.cells[c], tumour, k) for c, k in zip(names.cells, scales, strict=True)]
        ),
        resting=np.array([[_resting(library, tumour, c, m) for m in names.molecules] for c in names.cells]),
        shift_molecule=np.array([names.molecules.index(m) for m, _ in shifts], np.int64),
        shift_signal=np.array([names.substrates.index(shift.by) for _, shift in shifts], np.int64),
        shift=np.array([[s.fold_max.value, s.half.value, s.hill.value] for _, s in shifts]).reshape(-1, 3),
        uptake_max=np.array([[e[0] for e in row] for row in exchanges]),
        uptake_half=np.array([[e[1] for e in row] for row in exchanges]),
        clearance=np.array([[e[2] for e in row] for row in exchanges]),
        secretion=np.array([[e[3] for e in row] for row in exchanges]),
        induced_by=np.array([[e[4] for e in row] for row in exchanges], np.int64),
        induction_half=np.array([[e[5] for e in row] for row in exchanges]),
        checkpoint_receptor=np.array([names.molecules.index(p.receptor) for p in checkpoints], np.int64),
        checkpoint_ligand=np.array([names.molecules.index(p.ligand) for p in checkpoints], np.int64),
        checkpoint=_answers(checkpoints),
        activating_receptor=np.array([names.molecules.index(p.receptor) for p in activating], np.int64),
        activating_ligand=np.array([names.molecules.index(p.ligand) for p in activating], np.int64),
        activating=_answers(activating),
        antibody_receptor=np.array([names.molecules.index(p.receptor) for p in antibody], np.int64),
        antibody=_answers(antibody),
        death_receptor=np.array([names.molecules.index(p.receptor) for p in deadly], np.int64),
        death_ligand=np.array([names.molecules.index(p.ligand) for p in deadly], np.int64),
        death_pair=np.array([[_planar(p), p.contact.value] for p in deadly if p.contact is not None]).reshape(
            -1, 2
        ),
        arrest_signal=np.array([_arrest_signal(library, c) for c in names.cells], np.int64),
        arrest=np.array([_arrest(library, c) for c in names.cells]),
        defect_rate=np.array([library.defects[d].rate.value for d in names.defects]),
        defect_draw=draws_of(names.defects),
        clone_share=np.array(
            [tumour.clones.get(d, library.defects[d].share).value for d in names.defects], np.float64
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
        mhc_i=names.molecules.index(RECOGNISED),
        death=np.array([names.molecules.index(name) for name in PROTEINS], np.int64),
        oxygen=names.substrates.index(FITNESS),
        attractant=names.substrates.index(min(attractants)) if attractants else 0,
        dimension=dimension,
    )


def _bits(marks: Iterable[bool]) -> int:
    return sum(int(mark) << number for number, mark in enumerate(marks))


def _arrest_signal(library: Library, cell: str) -> int:
    cycle = library.cells[cell].cycle
    by = cycle.arrested_by if cycle is not None else None
    return -1 if by is None else sorted(library.substrates).index(by)


def _arrest(library: Library, cell: str) -> tuple[float, float]:
    """Share of the type held back at saturation, and the signal at half of it."""
    cycle = library.cells[cell].cycle
    if cycle is None or cycle.arrest_max is None or cycle.arrest_half is None:
        return 0.0, 1.0
    return cycle.arrest_max.value, cycle.arrest_half.value


def pairs_of(library: Library, kind: str) -> list[Interaction]:
    """Receptor-ligand pairs of one kind, by name."""
    return [pair for _, pair in sorted(library.interactions.items()) if pair.kind == kind]


def _answers(pairs: list[Interaction]) -> npt.NDArray[np.float64]:
    """(pairs, 3): planar affinity, half, Hill."""
    rows = [
        [_planar(p), p.half.value, p.hill.value] for p in pairs if p.half is not None and p.hill is not None
    ]
    return np.array(rows).reshape(-1, 3)


def _planar(pair: Interaction) -> float:
    return float(planar_affinity(pair.affinity.value, pair.gap.value, NM))


def _resting(library: Library, tumour: Tumour, cell: str, molecule: str) -> float:
    own = tumour.expresses.get(cell, {}).get(molecule)
    general = library.cells[cell].expresses.get(molecule)
    chosen = own or general
    return chosen.value if chosen is not None else 0.0


def _exchange(library: Library, cell: str, substrate: str) -> tuple[float, float, float, float, int, float]:
    """(uptake max, uptake half, clearance, secretion, inducer, half induction) in the substrate's own unit."""
    exchange = library.cells[cell].exchanges.get(substrate, Exchange())
    per_molecule = 1.0 / NM if library.substrates[substrate].unit == "nM" else 1.0
    by = column.ALWAYS
    if exchange.induced_by is not None:
        by = species_of(library).substrates.index(exchange.induced_by)
    elif library.cells[cell].killing is not None:
        by = column.BY_ACTIVATION  # an effector secretes as far as it is activated
    return (
        exchange.uptake_max.value * per_molecule if exchange.uptake_max else 0.0,
        exchange.uptake_half.value if exchange.uptake_half else 1.0,
        exchange.clearance.value if exchange.clearance else 0.0,
        exchange.secretion.value * per_molecule if exchange.secretion else 0.0,
        by,
        exchange.induction_half.value if exchange.induction_half else 1.0,
    )


def _numbers(cell: CellType, tumour: Tumour, scale: float) -> list[float]:
    row = [0.0] * column.COLUMNS
    diameter = cell.diameter.value
    row[column.REFERENCE_VOLUME] = math.pi / 6.0 * diameter**3
    row[column.MODEL_RADIUS] = 0.5 * diameter * scale
    row[column.SURFACE] = math.pi * diameter**2
    row[column.DIAMETER] = diameter
    row[column.COMMITTED_TIME] = row[column.APOPTOTIC_TIME] = row[column.NECROTIC_TIME] = 1.0
    row[column.CYCLE_OXYGEN] = row[column.PRESSURE_HALF] = row[column.PRESSURE_HILL] = 1.0
    row[column.NECROSIS_OXYGEN] = row[column.NECROSIS_HILL] = row[column.LYTIC_OXYGEN] = 1.0
    row[column.TUMOUR] = float(cell.role == "tumour")
    row[column.STROMA] = float(cell.role in ("stroma", "vessel"))
    row[column.SHEATH] = -1.0 if cell.role == "tumour" else cell.sheath.value if cell.sheath else 0.0
    _cycle(row, cell, tumour)
    _death(row, cell, tumour)
    _motility(row, cell)
    _lytic(row, cell)
    return row


def _cycle(row: list[float], cell: CellType, tumour: Tumour) -> None:
    if cell.cycle is None:
        row[column.COMMITTED_TIME] = RENEWAL
        return
    committed = cell.cycle.committed.value
    row[column.COMMITTED_TIME] = committed
    row[column.CYCLE_OXYGEN] = cell.cycle.oxygen_half.value
    row[column.PRESSURE_HALF] = cell.cycle.pressure_half.value
    row[column.PRESSURE_HILL] = cell.cycle.pressure_hill.value
    if cell.name == TUMOUR_CELL:
        growth = potential_growth_rate(tumour.potential_doubling_time.value)
        row[column.EXIT_RATE] = resting_exit_rate(growth, committed)
    if cell.cycle.activated_rate is not None:
        row[column.ACTIVATED_RATE] = cell.cycle.activated_rate.value


def _death(row: list[float], cell: CellType, tumour: Tumour) -> None:
    if cell.death is None:
        return
    row[column.APOPTOTIC_TIME] = cell.death.apoptotic_clearance.value
    row[column.NECROSIS_RATE] = cell.death.necrosis_rate.value
    row[column.NECROSIS_OXYGEN] = cell.death.necrosis_oxygen.value
    row[column.NECROSIS_HILL] = cell.death.necrosis_hill.value
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
        row[column.HIT_RATE] = cell.killing.hit_rate_max.value
        row[column.LYTIC_OXYGEN] = cell.killing.oxygen_half.value
        row[column.ACTIVATION_MEMORY] = cell.killing.activation_memory.value
        row[column.EXHAUSTION_GAIN] = cell.killing.exhaustion_gain.value
        row[column.EXHAUSTION_RECOVERY] = cell.killing.exhaustion_recovery.value
    if cell.lytic is not None:
        row[column.SIGNAL_HALF] = cell.lytic.signal_half.value
        row[column.SIGNAL_HILL] = cell.lytic.signal_hill.value
        row[column.COSTIMULATION] = cell.lytic.costimulation.value
    if cell.trafficking is not None:
        row[column.TISSUE_EXIT] = cell.trafficking.exit_rate.value
        row[column.RETENTION] = cell.trafficking.retention.value
        row[column.RETENTION_REACH] = cell.trafficking.retention_reach.value
    if cell.lytic_target is not None:
        row[column.DAMAGE_HALF_LIFE] = cell.lytic_target.damage_half_life.value
        row[column.PRIMING] = cell.lytic_target.priming.value


def transports_of(library: Library) -> tuple[Transport, ...]:
    """How each substrate is carried, in the order of the species."""
    return tuple(
        Transport(
            name=name,
            unit=substrate.unit,
            diffusivity=substrate.diffusivity.value,
            decay=substrate.decay.value,
            blood=substrate.blood.value,
            wall_permeability=substrate.vessel_permeability.value,
            wall_radius=substrate.vessel_radius.value,
            medium=substrate.medium.value,
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
        exhaustion_marker=np.array(
            [names.molecules.index(MARKER) if c.lytic else -1 for c in cells], np.int64
        ),
    )

"""The ground that generated cells are placed on, by geometry: where each type may be, and where vessels are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, InputError
from opsonin.knowledge.composition import Composition, of_role, space_held, space_of
from opsonin.knowledge.library import Library
from opsonin.laws.mechanics import ADHESION_REACH
from opsonin.model.scenario import Generated
from opsonin.state.vessels import Vessels
from opsonin.tissue.generate.patches import Patches, follicles, nests, spread_middles
from opsonin.tissue.generate.sites import Box, Floats, Mask, Site, everywhere, shell
from opsonin.tissue.placement import add_vessel, vessel_fraction

# A vessel is a straight line through a block, of which most should lie where vessels may be: seen at so many depths.
_DEPTHS = 16
Key = npt.NDArray[np.uint32]
Holds = Callable[[Floats], Mask]


@dataclass(frozen=True)
class Ground:
    """Where cells and vessels of a generated tissue are.

    Attributes:
        sites: by cell type.
        holds_vessels: which of (3, k) places vessels may be at; None if all.
        told: what was made, as sentences.
    """

    sites: dict[str, Site]
    holds_vessels: Holds | None = None
    told: tuple[str, ...] = ()


def lay(
    generate: Generated, made: Composition, library: Library, scales: dict[str, float], key: Key, box: Box
) -> Ground:
    """The ground of a scenario's generated tissue.

    Args:
        made: its cells; scales: factor on the radius of each type; box: [um].
    Raises:
        InputError: immune cells that should keep off nests have no room to.
    """
    if generate.kind in ("spheroid", "organoid"):
        return _ball(generate, made, library, box)
    if not made.inside:
        return Ground(dict.fromkeys(made.counts, everywhere(box)))
    what = "nest" if library.geometries[generate.kind].follicles is None else "follicle"
    middles = spread_middles(key, what, made.patches, box, generate.dimension)
    if what == "follicle":
        return _node(made, follicles(middles, box, generate.dimension, made.share), box)
    patches = nests(middles, box, generate.dimension, made.share)
    return _nested(generate, made, library, scales, patches, box)


def scales_of(generate: Generated, made: Composition, library: Library) -> dict[str, float]:
    """Factor on the radius of each type: cells fill their part of the box without gaps, in medium it is 1."""
    if generate.free_standing:
        return dict.fromkeys(library.cells, 1.0)
    held, space = space_held(made.counts, library, generate.dimension), space_of(generate)
    if not made.inside:
        return dict.fromkeys(library.cells, _scale(sum(held.values()), space, generate.dimension))
    within = sum(value for name, value in held.items() if name in made.inside)
    inner = _scale(within, made.share * space, generate.dimension)
    outer = _scale(sum(held.values()) - within, (1.0 - made.share) * space, generate.dimension)
    return {name: inner if name in made.inside else outer for name in library.cells}


def _scale(held: float, space: float, dimension: int) -> float:
    return float((space / held) ** (1.0 / dimension)) if held > 0.0 else 1.0


def vessels_on(ground: Ground, key: Key, box: Box, density: float) -> Vessels:
    """Vessels at places of the ground, far from each other; `density` [1/um2]; at least one."""
    holds, vessels = ground.holds_vessels, Vessels.none()
    suits = None if holds is None else partial(_share_held, holds, box=box)
    for _ in range(max(1, int(np.floor(box[0] * box[1] * density + vessel_fraction(key))))):
        add_vessel(vessels, key, box, suits)
    return vessels


def _share_held(holds: Holds, x: Floats, y: Floats, *, box: Box) -> Floats:
    """Share of the length of each vessel at an allowed place, (vessels,)."""
    depths = (np.arange(_DEPTHS) + 0.5) / _DEPTHS * box[2]
    places = np.stack([np.repeat(x, _DEPTHS), np.repeat(y, _DEPTHS), np.tile(depths, len(x))])
    return np.asarray(holds(places).reshape(len(x), _DEPTHS).mean(axis=1))


def _nested(
    generate: Generated,
    made: Composition,
    library: Library,
    scales: dict[str, float],
    patches: Patches,
    box: Box,
) -> Ground:
    """Tumour cells in nests, stroma and vessels between, immune cells everywhere or amid the stroma."""
    between, immune = everywhere(box, patches.outside), of_role(library, "immune") & set(made.counts)
    sites = dict.fromkeys(made.counts, between)
    nested = everywhere(box, patches.holds)
    sites |= dict.fromkeys(made.inside & set(made.counts), nested)
    infiltrate = library.geometries[generate.kind].infiltrate
    if generate.architecture == "mixed" and infiltrate is not None:
        sites |= dict.fromkeys(
            immune, Site(everywhere(box).at, preferred=nested, share=infiltrate.homing.value)
        )
    else:
        sites |= dict.fromkeys(immune, everywhere(box))
    told = (
        f"Nests: {made.patches} of about {made.diameter:.0f} um hold {100 * made.share:.0f} %; the stroma between "
        f"them is {2.0 * patches.edge:.0f} um wide."
    )
    if generate.architecture != "excluded" or not immune:
        return Ground(sites, patches.outside, (told,))
    margins = _margins(immune, made, library, scales)
    _require_room(margins, space_held(made.counts, library, generate.dimension), generate, scales, patches)
    for name, margin in margins.items():
        sites[name] = everywhere(box, partial(patches.outside, margin=margin))
    least = min(margins.values())
    told += f" Immune cells lie in it, {least:.0f} um off the nests at least, so that none touches them."
    return Ground(sites, patches.outside, (told,))


def _margins(
    immune: frozenset[str], made: Composition, library: Library, scales: dict[str, float]
) -> dict[str, float]:
    """How far each immune type lies off the nests [um]: out of touch, and so far that it counts to the stroma."""
    radius = {name: 0.5 * library.cells[name].diameter.value * scales[name] for name in made.counts}
    tumour = max(radius[name] for name in made.inside if name in radius)
    margins = {}
    for name in sorted(immune):
        traffic = library.cells[name].trafficking
        reach = 0.0 if traffic is None else traffic.retention_reach.value
        margins[name] = max(reach, ADHESION_REACH * (tumour + radius[name]))
    return margins


def _require_room(
    margins: dict[str, float],
    held: dict[str, float],
    generate: Generated,
    scales: dict[str, float],
    patches: Patches,
) -> None:
    """InputError if the cells that keep off the nests do not fit between them; `held`: space of each type."""
    for name, margin in margins.items():
        needed = sum(
            held[other] * scales[other] ** generate.dimension for other in margins if margins[other] >= margin
        )
        room = patches.share_outside(margin) * space_of(generate)
        if needed > room:
            problem = (
                f"the stroma between nests is {2.0 * patches.edge:.0f} um wide, and {name} would lie {margin:.0f} um "
                f"off them, out of touch: such cells need {needed / max(room, 1e-30):.3g} times the room there."
            )
            fix = "Give a larger nest_diameter, a smaller tumour_share, or fewer immune cells."
            raise InputError(Fault("tissue.generate", problem, fix))


def _node(made: Composition, patches: Patches, box: Box) -> Ground:
    """B cells in follicles, all others and the high endothelial vessels in the T zone around them."""
    inside, zone = everywhere(box, patches.holds), everywhere(box, patches.outside)
    sites = {name: inside if name in made.inside else zone for name in made.counts}
    told = (
        f"Follicles: {made.patches}, {-2.0 * patches.edge:.0f} um across, hold {100 * made.share:.0f} % and all B "
        "cells; the T zone around them holds all other cells and the vessels that lymphocytes come by. "
        "No law holds the zones apart yet: they mix within hours, so at time 0 little is left of them."
    )
    return Ground(sites, patches.outside, (told,))


def _ball(generate: Generated, made: Composition, library: Library, box: Box) -> Ground:
    """Tumour cells in a ball or around a lumen, stroma with them or around them, immune cells in the medium."""
    assert generate.diameter is not None  # checked on reading
    geometry = library.geometries[generate.kind]
    tumour, immune = of_role(library, "tumour"), of_role(library, "immune")
    wall, end = 0.5 * generate.diameter, 0.5 * min(box)
    radius = {name: 0.5 * library.cells[name].diameter.value for name in made.counts}
    cell = max(radius[name] for name in made.counts if name in tumour)
    inner = 0.5 * made.lumen + cell if made.lumen else 0.0
    ball = shell(box, inner, max(wall - cell, inner))
    begin, stroma = wall, ball
    if geometry.shell is not None:
        rim = min(wall + geometry.shell.value, 0.5 * (wall + end))
        stroma = shell(box, wall, rim)
        begin = rim if any(name not in tumour | immune for name in made.counts) else wall
    begin += max((radius[name] for name in made.counts if name in immune), default=0.0)
    sites = {
        name: ball if name in tumour else shell(box, begin, end) if name in immune else stroma
        for name in made.counts
    }
    hollow = f" around a lumen of {made.lumen:.0f} um" if made.lumen else ""
    told = f"A ball of {generate.diameter:.0f} um{hollow} in medium"
    told += f"; immune cells begin {begin - wall:.0f} um off it." if immune & set(made.counts) else "."
    return Ground(sites, told=(told,))

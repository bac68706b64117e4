"""How many cells of each type a generated tissue holds, and which share of it their nests or follicles take.

Arithmetic on what the scenario asks for and what the knowledge base says where it does not. Where the cells are is
decided in `tissue/generate/`; keys that contradict each other are found in `io/generated.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from opsonin.core.errors import Fault, InputError
from opsonin.knowledge.library import Library
from opsonin.model.geometries import Geometry, Patches
from opsonin.model.knowledge import Tumour
from opsonin.model.scenario import Generated

MOST_CELLS = 5_000_000
FEWEST_CELLS = 10
EFFECTOR, B_CELL = "cd8", "b_cell"
PLACE = "tissue.generate"
_ROUNDING = 1e-9

Densities = dict[str, float]


@dataclass(frozen=True)
class Composition:
    """What a generated tissue is made of.

    Attributes:
        counts: cells by type, in the order of names.
        inside: types that lie in patches (nests of tumour cells, follicles of B cells); empty without patches.
        share: of the area or volume, held by patches; patches: how many; diameter: of one, as asked for [um].
        lumen: diameter of the hollow of an organoid [um].
        defaults: what the scenario left to the knowledge base, as sentences.
    """

    counts: dict[str, int]
    inside: frozenset[str] = frozenset()
    share: float = 0.0
    patches: int = 0
    diameter: float = 0.0
    lumen: float = 0.0
    defaults: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def compose(generate: Generated, tumour: Tumour, library: Library) -> Composition:
    """What a scenario's tissue is made of.

    Raises:
        InputError: it would hold too many or too few cells, or they cannot be where they are asked to be.
    """
    geometry = library.geometries[generate.kind]
    if generate.free_standing:
        return _cultured(generate, geometry, tumour, library)
    return _grown(generate, geometry, tumour, library)


def space_of(generate: Generated) -> float:
    """Area of a slab [um2], volume of a block [um3]."""
    return math.prod(generate.edges)


def measure(diameter: float, dimension: int) -> float:
    """Space of one cell: area of its disc [um2], or its volume [um3]."""
    return math.pi / 4.0 * diameter**2 if dimension == 2 else math.pi / 6.0 * diameter**3


def space_held(numbers: Mapping[str, float], library: Library, dimension: int) -> dict[str, float]:
    """Space of all cells of each type, with the diameters of the knowledge base [um2 or um3]."""
    return {
        name: number * measure(library.cells[name].diameter.value, dimension)
        for name, number in numbers.items()
    }


def of_role(library: Library, *roles: str) -> frozenset[str]:
    """Names of the cell types with one of these roles."""
    return frozenset(name for name, cell in library.cells.items() if cell.role in roles)


def _grown(generate: Generated, geometry: Geometry, tumour: Tumour, library: Library) -> Composition:
    """Cells of a patient's tissue: from densities or fractions."""
    published = geometry.densities or tumour.densities
    base = {name: number.value for name, number in published.items()}
    named = set(generate.fractions or generate.densities)
    told: list[str] = []
    weights = base | _infiltrated(generate, geometry, base, of_role(library, "immune") - named, told)
    area = generate.edges[0] * generate.edges[1]
    per_density = {
        name: area * _layers(generate, library, name)
        for name in weights | generate.densities | generate.fractions
    }
    if generate.fractions:
        counts = _by_fractions(generate, weights, per_density, told)
        share = _nest_share(generate, geometry, counts, library)
    else:
        numbers = {name: per_density[name] * value for name, value in (weights | generate.densities).items()}
        share = _nest_share(generate, geometry, numbers, library)
        numbers = _with_stroma(numbers, named, share, generate, library, told)
        if generate.density is not None:
            now = sum(number / per_density[name] for name, number in numbers.items())
            numbers = {name: number * generate.density / max(now, 1e-30) for name, number in numbers.items()}
            told.append(
                f"All scaled alike, to the {_written(generate.density * 1e6)} per mm2 of the scenario together."
            )
        counts = {name: round(number) for name, number in numbers.items()}
    _require_possible(sum(counts.values()), generate)
    whose = geometry.title if geometry.densities else tumour.title
    origin = {
        name: f"{whose[0].lower()}{whose[1:]}: {_written(number.value * 1e6)}, {number.source or 'assumed'}"
        for name, number in published.items()
    } | dict.fromkeys(named, "scenario")
    final = {name: counts.get(name, 0) / per_density[name] * 1e6 for name in sorted(origin)}
    listed = "; ".join(f"{name} {_written(value)} ({origin[name]})" for name, value in final.items())
    made = Composition(dict(sorted(counts.items())), defaults=(f"Cells per mm2 of section: {listed}.", *told))
    return _with_patches(made, generate, geometry, share, library)


def _infiltrated(
    generate: Generated, geometry: Geometry, base: Densities, immune: Collection[str], told: list[str]
) -> Densities:
    """Densities of immune cells as an architecture wants them: all raised or lowered as the CD8 cells have to be."""
    cd8 = base.get(EFFECTOR, 0.0)
    if generate.architecture is None or geometry.infiltrate is None or cd8 <= 0.0:
        return {}
    if generate.architecture == "cold":
        limit, bound = geometry.infiltrate.cold, "most"
        factor = min(1.0, limit.value / cd8)
    else:
        limit, bound = geometry.infiltrate.infiltrated, "least"
        factor = max(1.0, limit.value / cd8)
    changed = sorted(name for name in immune if name in base)
    if changed and factor != 1.0:
        told.append(
            f"Architecture '{generate.architecture}': {', '.join(changed)} times {factor:.3g}, as CD8 cells are "
            f"{_written(limit.value * 1e6)} per mm2 at {bound} there ({limit.source or 'assumed'})."
        )
    return {name: factor * base[name] for name in changed}


def _by_fractions(
    generate: Generated, weights: Densities, per_density: Densities, told: list[str]
) -> dict[str, int]:
    """Whole cells whose shares are the fractions; types that are not named share the rest as their densities are."""
    rest = 1.0 - sum(generate.fractions.values())
    others = {
        name: value for name, value in weights.items() if name not in generate.fractions and value > 0.0
    }
    shares = dict(generate.fractions)
    if rest < -_ROUNDING or (rest > _ROUNDING and not others):
        problem = f"fractions sum to {1.0 - rest:g}"
        problem += (
            "; more than 1 cannot be" if rest < 0.0 else f", and no other type is left for the {rest:g}"
        )
        raise InputError(
            Fault(f"{PLACE}.fractions", problem, "Lower them, or name the rest, as in other = 0.1.")
        )
    if rest > _ROUNDING:
        total = sum(others.values())
        shares |= {name: rest * value / total for name, value in others.items()}
        whose = ", ".join(sorted(others))
        told.append(f"{whose} share the {rest:.3g} that the fractions leave, as their densities are.")
    density = generate.density if generate.density is not None else sum(weights.values())
    if generate.density is None:
        told.append(
            f"All cells together: {_written(density * 1e6)} per mm2, the sum of the published densities."
        )
    count = round(density * sum(share * per_density[name] for name, share in shares.items()))
    return _apportioned(shares, count)


def _apportioned(shares: Mapping[str, float], count: int) -> dict[str, int]:
    """Whole numbers that sum to `count`, each within one of its share of it (largest remainders)."""
    exact = {name: share * count for name, share in shares.items()}
    counts = {name: int(value + _ROUNDING) for name, value in exact.items()}
    missing = count - sum(counts.values())
    for name in sorted(exact, key=lambda name: (counts[name] - exact[name], name))[: max(missing, 0)]:
        counts[name] += 1
    return counts


def _layers(generate: Generated, library: Library, name: str) -> float:
    """Sections that a tissue holds: 1 in a slab; a block is a stack of sections one cell thick."""
    return 1.0 if generate.dimension == 2 else generate.edges[2] / library.cells[name].diameter.value


def _tumour_space(numbers: Mapping[str, float], library: Library, dimension: int) -> float:
    """Share of the space of all cells that tumour cells hold."""
    held = space_held(numbers, library, dimension)
    return sum(held[name] for name in held if name in of_role(library, "tumour")) / max(
        sum(held.values()), 1e-30
    )


def _nest_share(
    generate: Generated, geometry: Geometry, numbers: Mapping[str, float], library: Library
) -> float | None:
    """Share of the tissue that nests hold, None without nests: as asked, or what tumour cells hold, up to a most."""
    asked = (generate.architecture == "excluded", generate.nest_diameter, generate.tumour_share)
    if geometry.nests is None or not any(asked):
        return None
    if generate.tumour_share is not None:
        return generate.tumour_share
    own = _tumour_space(numbers, library, generate.dimension)
    return own if geometry.nests.share is None else min(own, geometry.nests.share.value)


def _with_stroma(
    numbers: dict[str, float],
    named: Collection[str],
    share: float | None,
    generate: Generated,
    library: Library,
    told: list[str],
) -> dict[str, float]:
    """Numbers of cells at which nests and what lies between them are packed alike, where the scenario leaves that open.

    Tumour and stroma cells that it does not name are made fewer or more; all cells together hold as much space.
    """
    own = _tumour_space(numbers, library, generate.dimension)
    if share is None or not 0.0 < own < 1.0 or abs(own - share) < _ROUNDING:
        return numbers
    held = space_held(numbers, library, generate.dimension)
    tumour = [name for name in of_role(library, "tumour") if numbers.get(name, 0.0) > 0.0]
    stroma = [name for name in of_role(library, "stroma") - set(named) if numbers.get(name, 0.0) > 0.0]
    total = sum(held.values())
    free = not set(tumour) & set(named)
    all_space = total if free else own * total / share
    filler = sum(held[name] for name in stroma)
    wanted = (1.0 - share) * all_space - ((1.0 - own) * total - filler)
    if wanted <= 0.0 or filler == 0.0:
        return numbers
    factors = dict.fromkeys(stroma, wanted / filler) | (dict.fromkeys(tumour, share / own) if free else {})
    changed = ", ".join(f"{name} times {factor:.3g}" for name, factor in sorted(factors.items()))
    told.append(f"So that nests and stroma are packed alike: {changed}.")
    return {name: number * factors.get(name, 1.0) for name, number in numbers.items()}


def _with_patches(
    made: Composition, generate: Generated, geometry: Geometry, share: float | None, library: Library
) -> Composition:
    """The same cells, with the nests of this share, or the follicles, that some of them lie in."""
    if geometry.follicles is not None:
        held = space_held(made.counts, library, generate.dimension)
        own = held.get(B_CELL, 0.0) / max(sum(held.values()), 1e-30)
        if own == 0.0 and not (generate.follicle_share or generate.follicle_diameter):
            return made
        shares = own, generate.follicle_share, own
        return _patched(made, frozenset({B_CELL}), generate, geometry.follicles, shares)
    if share is None or geometry.nests is None:
        return made
    own = _tumour_space(made.counts, library, generate.dimension)
    return _patched(
        made, of_role(library, "tumour"), generate, geometry.nests, (own, generate.tumour_share, share)
    )


def _patched(
    made: Composition,
    inside: frozenset[str],
    generate: Generated,
    patches: Patches,
    shares: tuple[float, float | None, float],
) -> Composition:
    """Patches for the types `inside`, whose `shares` are: of the space of all cells, asked for, by default."""
    own, asked, default = shares
    what = "follicles" if B_CELL in inside else "nests"
    if not 0.0 < own < 1.0:
        there = "no cells to lie in them" if own == 0.0 else "no cells to lie between them"
        raise InputError(
            Fault(PLACE, f"{what} are asked for, but there are {there}.", "Raise a density or a fraction.")
        )
    given = generate.follicle_diameter if B_CELL in inside else generate.nest_diameter
    diameter = given if given is not None else patches.diameter.value
    share = asked if asked is not None else default
    told = list(made.defaults)
    if given is None:
        told.append(f"Diameter of {what}: {diameter:g} um ({patches.diameter.source or 'assumed'}).")
    if asked is None:
        told.append(
            f"Share of {what}: {100 * share:.0f} %, of the space of all cells these hold {100 * own:.0f} %."
        )
    count = max(1, round(share * space_of(generate) / measure(diameter, generate.dimension)))
    return Composition(made.counts, inside, share, count, diameter, defaults=tuple(told))


def _cultured(generate: Generated, geometry: Geometry, tumour: Tumour, library: Library) -> Composition:
    """Tumour cells of a well or a ball, and others for each of them."""
    weights = {
        name: tumour.densities[name].value for name in of_role(library, "tumour") if name in tumour.densities
    }
    shares = {name: value / sum(weights.values()) for name, value in sorted(weights.items())}
    diameter = max(library.cells[name].diameter.value for name in shares)
    one = sum(
        share * measure(library.cells[name].diameter.value, generate.dimension)
        for name, share in shares.items()
    )
    lumen, told = 0.0, []
    if generate.kind == "well":
        assert geometry.confluence is not None  # a well has one
        confluence = generate.confluence or geometry.confluence.value
        if generate.confluence is None:
            told.append(f"Confluence: {100 * confluence:.0f} % ({geometry.confluence.source or 'assumed'}).")
        count = round(confluence * space_of(generate) / one)
    else:
        assert geometry.packing is not None and generate.diameter is not None  # a ball has both
        lumen = _lumen(generate, diameter, told)
        packing = geometry.packing.value
        told.append(f"Packing of the ball: {100 * packing:.0f} % ({geometry.packing.source or 'assumed'}).")
        with_it = one + (_stroma_with_it(generate, library) if geometry.shell is None else 0.0)
        count = round(packing * (measure(generate.diameter, 3) - measure(lumen, 3)) / with_it)
    counts = _apportioned(shares, count)
    counts |= {name: round(ratio * count) for name, ratio in generate.per_tumour_cell.items()}
    made = Composition(dict(sorted(counts.items())), lumen=lumen, defaults=tuple(told))
    _require_possible(made.total, generate)
    _require_room(made, generate, library)
    return made


def _stroma_with_it(generate: Generated, library: Library) -> float:
    """Space of the stroma cells that lie in a ball, for each tumour cell in it [um3]."""
    immune = of_role(library, "immune")
    return sum(
        ratio * measure(library.cells[name].diameter.value, 3)
        for name, ratio in generate.per_tumour_cell.items()
        if name not in immune
    )


def _lumen(generate: Generated, cell: float, told: list[str]) -> float:
    """Diameter of the hollow of an organoid [um]; 0 of a spheroid."""
    if generate.kind != "organoid":
        return 0.0
    assert generate.diameter is not None  # checked on reading
    most = generate.diameter - 2.0 * cell
    lumen = most if generate.lumen is None else generate.lumen
    if not 0.0 < lumen <= most + _ROUNDING:
        problem = (
            f"a lumen of {lumen:g} um leaves no layer of cells in a diameter of {generate.diameter:g} um"
        )
        fix = f"Cells are {cell:g} um wide: the lumen is at most {max(most, 0.0):.0f} um."
        raise InputError(Fault(f"{PLACE}.lumen" if generate.lumen else f"{PLACE}.diameter", problem, fix))
    if generate.lumen is None:
        told.append(f"Lumen: {lumen:.4g} um, so that the epithelium is one cell thick (assumed).")
    return lumen


def _require_possible(count: int, generate: Generated) -> None:
    place = f"{PLACE}.{'size' if generate.size is not None else 'diameter'}"
    shown = "size" if generate.size is not None else f"a diameter of {generate.diameter:g} um"
    if count > MOST_CELLS:
        raise InputError(
            Fault(place, f"{shown} would hold about {count:,.0f} cells; at most {MOST_CELLS:,} are allowed")
        )
    if count < FEWEST_CELLS:
        raise InputError(
            Fault(place, f"{shown} would hold about {count:.1f} cells; at least {FEWEST_CELLS} are needed")
        )


def _require_room(made: Composition, generate: Generated, library: Library) -> None:
    """All cells of a well lie in one layer; those around a ball in the medium around it."""
    held = space_held(made.counts, library, generate.dimension)
    tumour = of_role(library, "tumour")
    others = sum(value for name, value in held.items() if name not in tumour)
    if generate.kind == "well":
        covered = sum(held.values()) / space_of(generate)
        if covered > 1.0 + _ROUNDING:
            problem = f"all cells together would cover {covered:.2f} of the floor; at most 1 is possible"
            fix = "Lower confluence or per_tumour_cell: all cells lie on the floor, none on another."
            raise InputError(Fault(f"{PLACE}.confluence", problem, fix))
        return
    assert generate.diameter is not None  # checked on reading
    room = measure(min(generate.edges), 3) - measure(generate.diameter, 3)
    if others > 0.5 * room:
        problem = f"cells around the ball would fill {others / max(room, 1e-30):.2f} of the medium around it"
        raise InputError(
            Fault(f"{PLACE}.per_tumour_cell", problem, "Lower per_tumour_cell, or give a larger size.")
        )


def _written(density: float) -> str:
    """A density [cells per mm2] without powers of ten."""
    return f"{density:,.0f}" if density >= 1000.0 else f"{density:.4g}"

"""Checks of [tissue.generate]: keys that its geometry does not use, names, sums, and whether it all fits.

Runs on the text as written, beside the model's own checks; what a model refuses is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from opsonin.core.errors import InputError, did_you_mean
from opsonin.io.wording import shown
from opsonin.knowledge.composition import compose, of_role
from opsonin.knowledge.library import Library
from opsonin.model.scenario import GEOMETRY_KEYS, Generated

if TYPE_CHECKING:
    from opsonin.io.check import Draft

PLACE = ("tissue", "generate")
_BY_TYPE = ("densities", "fractions", "per_tumour_cell")
SIZES = {"section": (2,), "block": (3,), "well": (2,), "spheroid": (3,), "organoid": (3,)}
_ARTICLE = {"organoid": "an organoid"}
_ROUNDING = 1e-9


def check_generated(draft: Draft, library: Library) -> None:
    """Note what is wrong with a generated tissue in `draft`."""
    if not isinstance(draft.get(*PLACE), Mapping):
        return
    before = len(draft.faults)
    kind = _kind(draft)
    _check_size(draft, kind)
    _check_thickness(draft)
    _check_names(draft, library)
    if kind in GEOMETRY_KEYS:
        _check_keys(draft, kind)
        _check_ball(draft, kind)
        _check_patches(draft)
        _check_burn_in(draft, kind)
    _check_fractions(draft)
    if len(draft.faults) == before:
        _check_composition(draft, library)


def _kind(draft: Draft) -> str:
    """The geometry, as far as it is written: by the number of sizes where it is left out."""
    written = draft.get(*PLACE, "geometry")
    if written is not None:
        return str(written)
    return "block" if draft.size(*PLACE, "size") == 3 else "section"


def _a(kind: str) -> str:
    return _ARTICLE.get(kind, f"a {kind}")


def _check_size(draft: Draft, kind: str) -> None:
    size = draft.get(*PLACE, "size")
    if size is None:
        if kind in GEOMETRY_KEYS and "diameter" not in GEOMETRY_KEYS[kind]:
            fix = 'For example size = ["600 um", "600 um"].'
            draft.fault(PLACE, f"the key 'size' is missing: how large is the {kind}?", fix)
        return
    if not isinstance(size, list | tuple):
        return
    count, allowed = len(size), SIZES.get(kind, (2, 3))
    fix = 'Give 2 entries for a slab, as in ["600 um", "600 um"], or 3 for a block.'
    if count not in (2, 3):
        draft.fault((*PLACE, "size"), f"size {draft.shown(*PLACE, 'size')} has {count} entries", fix)
    elif count not in allowed:
        problem = f"size {draft.shown(*PLACE, 'size')} has {count} entries, but {_a(kind)} has {allowed[0]}"
        draft.fault((*PLACE, "size"), problem, fix)


def _check_thickness(draft: Draft) -> None:
    thickness, third = draft.value("um", "tissue", "thickness"), draft.value("um", *PLACE, "size", 2)
    if thickness is None:
        return
    if draft.size(*PLACE, "size") == 3 and third is not None and thickness != third:
        given, stated = draft.shown("tissue", "thickness"), draft.shown(*PLACE, "size", 2)
        problem = f"thickness {given} differs from the third size {stated}"
        draft.fault(("tissue", "thickness"), problem, "Leave thickness out: the size of a block says it.")
    elif _kind(draft) in ("spheroid", "organoid"):
        given, problem = draft.shown("tissue", "thickness"), "is that of a slab"
        draft.fault(
            ("tissue", "thickness"), f"thickness {given} {problem}", "Leave it out: a ball has a diameter."
        )


def _check_names(draft: Draft, library: Library) -> None:
    for key in _BY_TYPE:
        written = draft.get(*PLACE, key)
        for cell in written if isinstance(written, Mapping) else ():
            if cell not in library.cells:
                hint = did_you_mean(str(cell), library.cells)
                fix = f"{hint}  `opsonin knowledge list cells` shows all {len(library.cells)}."
                draft.fault(
                    (*PLACE, key, cell), f"cell type {shown(cell)} is not in the knowledge base.", fix
                )
            elif key == "per_tumour_cell" and cell in of_role(library, "tumour"):
                draft.fault((*PLACE, key, cell), f"'{cell}' is a tumour cell itself", "Leave it out.")


def _check_keys(draft: Draft, kind: str) -> None:
    """Keys that exist, but say nothing of this geometry."""
    for key, value in draft.get(*PLACE).items():
        if key in GEOMETRY_KEYS[kind] or key not in Generated.model_fields or value in ({}, None):
            continue
        users = [name for name, keys in GEOMETRY_KEYS.items() if key in keys]
        fix = (
            f"{key} is used by {', '.join(users)}; {_a(kind)} uses {', '.join(sorted(GEOMETRY_KEYS[kind]))}."
        )
        draft.fault((*PLACE, key), f"{key} is not used by geometry '{kind}'.", fix)


def _check_ball(draft: Draft, kind: str) -> None:
    if "diameter" not in GEOMETRY_KEYS[kind]:
        return
    diameter = draft.value("um", *PLACE, "diameter")
    if draft.get(*PLACE, "diameter") is None:
        draft.fault(
            PLACE,
            f"the key 'diameter' is missing: how large is the {kind}?",
            'For example diameter = "300 um".',
        )
    edges = [draft.value("um", *PLACE, "size", n) for n in range(draft.size(*PLACE, "size"))]
    for edge in edges:
        if edge is not None and diameter is not None and edge < 1.2 * diameter:
            problem = (
                f"size {draft.shown(*PLACE, 'size')} leaves no medium around a diameter of {diameter:g} um"
            )
            draft.fault(
                (*PLACE, "size"), problem, f"Give {1.2 * diameter:.0f} um at least, or leave size out."
            )
            return


def _check_patches(draft: Draft) -> None:
    edges = [draft.value("um", *PLACE, "size", n) for n in range(draft.size(*PLACE, "size"))]
    least = min((edge for edge in edges if edge is not None), default=None)
    for key, what in (("nest_diameter", "nest"), ("follicle_diameter", "follicle")):
        diameter = draft.value("um", *PLACE, key)
        if diameter is not None and least is not None and diameter > least:
            problem = f"{key} {draft.shown(*PLACE, key)} is larger than the window, {least:g} um"
            draft.fault((*PLACE, key), problem, f"Give a smaller {what}, or a larger size.")


def _check_burn_in(draft: Draft, kind: str) -> None:
    written = draft.get("numerics", "burn_in")
    if written is not None and kind in ("well", "spheroid", "organoid"):
        problem = f"burn_in {shown(written)} is given, but cells in medium have no untreated steady state"
        draft.fault(("numerics", "burn_in"), problem, f"Leave it out: {_a(kind)} begins at time 0.")


def _check_fractions(draft: Draft) -> None:
    fractions = draft.get(*PLACE, "fractions")
    if not isinstance(fractions, Mapping) or not fractions:
        if draft.get(*PLACE, "density") is not None and draft.get(*PLACE, "densities"):
            problem = "density, of all cells together, and densities by type are both given"
            draft.fault((*PLACE, "density"), problem, "Leave one out.")
        return
    if draft.get(*PLACE, "densities"):
        draft.fault((*PLACE, "fractions"), "fractions and densities are both given", "Leave one out.")
    numbers: list[Any] = [value for value in fractions.values() if isinstance(value, int | float)]
    if sum(numbers) > 1.0 + _ROUNDING:
        problem = f"fractions sum to {sum(numbers):g}; more than 1 cannot be"
        draft.fault((*PLACE, "fractions"), problem, "They are shares of all cells.")


def _check_composition(draft: Draft, library: Library) -> None:
    """Whether the cells fit, if all that decides their number is written as it should be."""
    tumour = library.tumours.get(str(draft.get("tissue", "tumour")))
    try:
        generate = Generated.model_validate(draft.get(*PLACE))
    except ValidationError:
        return
    if tumour is None:
        return
    try:
        compose(generate, tumour, library)
    except InputError as error:
        for fault in error.faults:
            path = tuple(fault.where.split("."))
            problem = fault.problem
            if path[-1] == "size":
                problem = problem.replace("size", f"size {draft.shown(*path)}", 1)
            draft.fault(path, problem, fault.fix)

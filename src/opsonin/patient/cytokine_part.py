"""An index of cytokine release: T cells that a product or a bispecific antibody activates at their targets.

It is no concentration and no grade: it says which patient, dose or schedule has more of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.events import approaching
from opsonin.laws.recognition import bridged_signal, vigour
from opsonin.model.immunity import Immunity
from opsonin.patient.bridged_part import B_CELL, NAMES
from opsonin.patient.clone_part import Site
from opsonin.patient.contact_part import Contact, side_of
from opsonin.patient.drug_names import Names
from opsonin.patient.effect_part import Effects
from opsonin.patient.formulae import called, symbol

INDEX = "crs_index"


def write_cytokines(immunity: Immunity, effects: Effects, contact: Contact, sites: Sequence[Site]) -> None:
    """The index [-], on the sheet of `effects`; nothing where no drug activates T cells by itself.

    It follows, with the half-life of the signal, the number of fully activated cells that hold a target over that at
    which the index is 1.
    """
    active = _by_products(effects, sites) + _by_bridges(contact, sites)
    if active == 0:
        return
    sheet, numbers = effects.sheet, immunity.cytokines
    source = sheet.derived("cytokine_source", active, "cell", "activated T cells that hold a target")
    unit = sheet.constant("cytokine_unit", numbers.unit.value, "cell", "of them at which the index is 1")
    half_life = sheet.constant(
        "cytokine_half_life", numbers.half_life.value, "min", "half-life of the signal"
    )
    sheet.amount(INDEX, 0.0, "1", "index of cytokine release")
    change = called(approaching, symbol(INDEX), source / unit, called(rate_of_half_life, half_life))
    sheet.flow(f"{INDEX}_change", None, INDEX, change, "change of the index")


def _by_products(effects: Effects, sites: Sequence[Site]) -> Any:
    there = set(effects.sheet.part.names())
    total: Any = 0
    for drug in effects.products:
        names, effect = Names(drug.name), drug.product
        assert effect is not None  # of a product
        if names.of("held_b_cell") in there:
            left = called(vigour, names.of("exhaustion_new"))
            total += symbol(names.of("held_b_cell")) * symbol(names.of("signal_b_cell")) * left
        for site in sites:
            held = site.here(names.of("held_cancer"))
            if held not in there:
                continue
            activations = {
                clone.cells: symbol(name)
                for clone in site.clones
                if (name := f"{effect.adds}_activation{clone.contact.mark}") in there
            }
            left = called(vigour, site.here(names.of("exhaustion")))
            total += symbol(held) * site.mean(activations) * left
    return total


def _by_bridges(contact: Contact, sites: Sequence[Site]) -> Any:
    """Of CD8 cells that recognise the tumour, of all others there, and of those of the body at B cells."""
    there = set(contact.sheet.part.names())
    total: Any = 0
    for site in sites:
        seen = {
            clone.cells: called(bridged_signal, bridges)
            for clone in site.clones
            if (bridges := clone.contact.bridges(clone.side)) != 0
        }
        for held, tired in (
            ("tumour_held_cd8", "cd8_exhaustion"),
            (NAMES.of("held_cancer"), NAMES.of("exhaustion")),
        ):
            if seen and site.here(held) in there:
                total += symbol(site.here(held)) * site.mean(seen) * called(vigour, site.here(tired))
    if NAMES.of("held_b_cell") in there:
        bridges = contact.bridges(side_of(contact.library, B_CELL, contact.tumour))
        total += symbol(NAMES.of("held_b_cell")) * called(bridged_signal, bridges)
    return total

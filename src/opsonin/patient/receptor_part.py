"""Which share of a receptor in the tumour the drugs that block it hold, each of them.

Drugs that compete for one receptor share it; so a part is of one receptor and all drugs against it.
"""

from __future__ import annotations

from collections.abc import Iterable

from opsonin.laws.pharmacology import binding_load, held_by_one
from opsonin.model.drugs import Blocks, Drug
from opsonin.patient.drug_names import Names
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import Constant, Derived, Part, identifier


def occupancy(drug: str, molecule: str) -> str:
    """What the model calls the share of a molecule that a drug holds."""
    return Names(drug).of(f"on_{identifier(molecule)}")


def receptor_parts(drugs: Iterable[Drug]) -> tuple[Part, ...]:
    """One part for each molecule that some of these drugs block."""
    drugs = tuple(drugs)
    blocked: dict[str, dict[str, Blocks]] = {}
    for drug in drugs:
        for effect in drug.effects:
            if isinstance(effect, Blocks):
                blocked.setdefault(effect.blocks, {})[drug.name] = effect
    return tuple(_receptor(molecule, against) for molecule, against in sorted(blocked.items()))


def _receptor(molecule: str, against: dict[str, Blocks]) -> Part:
    key = identifier(molecule)
    affinities = {drug: Names(drug).of(f"affinity_{key}") for drug in against}
    loads = {drug: Names(drug).of(f"load_{key}") for drug in against}
    total = f"load_{key}"
    return Part(
        constants=tuple(
            Constant(affinities[drug], effect.affinity.value, "nM", f"Kd of {drug} and {molecule}")
            for drug, effect in against.items()
        ),
        derived=(
            *(
                Derived(
                    loads[drug],
                    called(binding_load, Names(drug).tumour, affinities[drug]),
                    "1",
                    f"free {drug} over its Kd with {molecule}",
                )
                for drug in against
            ),
            Derived(total, sum(map(symbol, loads.values())), "1", f"of all drugs against {molecule}"),
            *(
                Derived(
                    occupancy(drug, molecule),
                    called(held_by_one, loads[drug], total),
                    "1",
                    f"share of {molecule} in the tumour that {drug} holds",
                )
                for drug in against
            ),
        ),
    )

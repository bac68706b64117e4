"""What somebody meant who asked for a name that the knowledge base does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsonin.core.errors import did_you_mean
from opsonin.model.drugs import Agonizes, Blocks, Drug

_AROUND_A_TARGET = re.compile(
    r"^(anti|a(?=PD|TIGIT|TIM|NKG|KIR))[\W_]?|[\W_]?(inhibitor|blocker|antibody)$", re.IGNORECASE
)


def meant(name: str, known: Mapping[str, object]) -> str:
    """`Did you mean 'x'?` for the drug also known by this name, the drugs that block what it names, or a close name.

    Args:
        known: entries by name.
    """
    drugs = {entry.name: entry for entry in known.values() if isinstance(entry, Drug)}
    for drug in drugs.values():
        if _plain(name) in map(_plain, drug.also_known_as):
            return f"Did you mean '{drug.name}'? It is named so here."
    asked = _plain(_AROUND_A_TARGET.sub("", name))
    blocking = [
        drug.name
        for drug in drugs.values()
        if any(isinstance(effect, Blocks) and _plain(effect.blocks) == asked for effect in drug.effects)
    ]
    if blocking:
        return f"What blocks it here: {', '.join(blocking)}."
    asked = _plain(re.sub(r"[\W_]?agonist$", "", name, flags=re.IGNORECASE))
    agonists = [
        drug.name
        for drug in drugs.values()
        if any(isinstance(effect, Agonizes) and _plain(effect.agonizes) == asked for effect in drug.effects)
    ]
    if agonists:
        return f"What acts as its ligand here: {', '.join(agonists)}."
    # names of drugs end alike (-mab, -inib): another target is no misspelling
    return did_you_mean(name, known, alike=0.8 if drugs else 0.6)


def _plain(name: str) -> str:
    """A name without what people write differently: case, hyphens, primes and spaces."""
    return re.sub(r"[\W_]", "", name).lower()

"""What somebody meant who asked for a name that the knowledge base does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from opsonin.core.errors import did_you_mean
from opsonin.model.drugs import Agonizes, Blocks, Drug
from opsonin.model.knowledge import Molecule, Tumour

# What people call tumours, in lower case; of several that fit, the first is the likeliest. Mice come before organs, a
# subtype before the organ that it is of, and organs that others spread to (the liver) last.
TUMOURS = (
    ("b16", r"b16|mouse|murine|h2kb|h2db"),
    ("her2_breast", r"^her2|her2.?(?:\+|pos|breast|enrich)"),
    ("tnbc", r"tnbc|breast|mammary|triple.?neg"),
    ("her2_breast", r"breast|mammary"),
    ("pdac", r"pdac|pancrea"),
    ("melanoma", r"melanom|sox10|melan-?a|(?<![a-z])mel(?![a-z])"),
    ("crc_msi", r"(?<![a-z])(?:msi|dmmr)(?![a-z])|microsatellite.unst"),
    ("crc_mss", r"colorect|colon.?(?:ca|ad|tum)|^colon$|(?<![a-z])(?:crc|mss|pmmr)(?![a-z])"),
    ("crc_msi", r"colorect|colon.?(?:ca|ad|tum)|^colon$|(?<![a-z])crc(?![a-z])"),
    ("ccrcc", r"(?<![a-z])(?:cc)?rcc(?![a-z])|kidney|(?<!ad)renal"),
    ("nsclc", r"nsclc|(?<![a-z])lung|(?<![a-z])(?:luad|lusc)(?![a-z])"),
    ("gbm", r"(?<![a-z])gbm(?![a-z])|gliobl|gliom|^brain$"),
    ("ovarian", r"hgso?c|ovar"),
    ("myeloma", r"myelom"),
    ("dlbcl", r"dlbcl|lymphom|large.b.?cell"),
    ("aml", r"(?<![a-z])aml(?![a-z])|myelo(?:id|cytic).leuk"),
    ("b_all", r"(?<![a-z])b(?:cp)?.?all(?![a-z])|lymphoblast"),
    ("aml", r"^leuka?emia$"),
    ("b_all", r"^leuka?emia$"),
    ("hcc", r"(?<![a-z])hcc(?![a-z])|hepatocell|(?<![a-z])liver"),
)

# What people call molecules, without what they write differently (`_plain`).
_MOLECULES = {
    "MHC-I": {"hla", "mhc", "hlaa", "hlab", "hlac", "hlaabc", "hlai", "hla1", "mhc1", "h2kb", "h2db", "b2m"},
    "MHC-II": {"hladr", "hladp", "hladq", "hlaii", "hla2", "mhc2"},
    "PD-L1": {"cd274", "b7h1"},
    "PD-L2": {"cd273", "pdcd1lg2", "b7dc"},
    "PD-1": {"pdcd1", "cd279"},
    "HER2": {"erbb2", "neu", "her2neu"},
    "EGFR": {"erbb1", "her1"},
    "Fas": {"cd95", "apo1"},
    "DR4": {"trailr1", "tnfrsf10a"},
    "DR5": {"trailr2", "tnfrsf10b"},
}

_AROUND_A_TARGET = re.compile(
    r"^(anti|a(?=PD|TIGIT|TIM|NKG|KIR))[\W_]?|[\W_]?(inhibitor|blocker|antibody)$", re.IGNORECASE
)


def meant(name: str, known: Mapping[str, object]) -> str:
    """`Did you mean 'x'?` for the entry also known by this name, the drugs that block what it names, or a close name.

    Args:
        known: entries by name.
    """
    alike = [entry for entry in known if _plain(entry) == _plain(name)]
    if alike:
        return f"Did you mean '{alike[0]}'?"
    drugs = {entry.name: entry for entry in known.values() if isinstance(entry, Drug)}
    if (alias := _called_otherwise(name, known, drugs.values())) is not None:
        return f"Did you mean '{alias}'? It is named so here."
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
    called = tumours_called(name, [entry.name for entry in known.values() if isinstance(entry, Tumour)])
    if called:
        named = " or ".join(f"'{tumour}'" for tumour in called)
        return f"Did you mean {named}? It is named so here."
    # names of drugs end alike (-mab, -inib): another target is no misspelling
    return did_you_mean(name, known, alike=0.8 if drugs else 0.6)


def _called_otherwise(name: str, known: Mapping[str, object], drugs: Iterable[Drug]) -> str | None:
    """The drug with this brand name or code, or the molecule that is also called so."""
    asked = _plain(name)
    molecules = (molecule for molecule, names in _MOLECULES.items() if asked in names)
    there = [molecule for molecule in molecules if isinstance(known.get(molecule), Molecule)]
    named = [drug.name for drug in drugs if asked in map(_plain, drug.also_known_as)]
    return next(iter([*named, *there]), None)


def tumours_called(told: str, known: Iterable[str]) -> list[str]:
    """Those of the known tumours that a name or text tells of, the likeliest first."""
    there = set(known)
    fitting = (tumour for tumour, pattern in TUMOURS if re.search(pattern, told.lower()))
    return [tumour for tumour in dict.fromkeys(fitting) if tumour in there]


def _plain(name: str) -> str:
    """A name without what people write differently: case, hyphens, primes and spaces."""
    return re.sub(r"[\W_]", "", name).lower()

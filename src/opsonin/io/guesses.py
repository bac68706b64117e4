"""Best guesses about a table of an unknown panel: which columns, and what a label's words mean.

Only for drafts that a person checks: nothing is read by a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from opsonin.io.columns import coded, numeric
from opsonin.io.fields import normalised
from opsonin.io.tables import Table
from opsonin.knowledge.library import Library
from opsonin.model.panels import Marking

_AXES = (
    "{}um",
    "{}mm",
    "{}nm",
    "{}",
    "{}centroid",
    "centroid{}",
    "centroid{}um",
    "centroid{}px",
    "{}centroidum",
    "absolute{}",
    "{}position",
    "position{}",
    "{}pos",
    "pos{}",
    "{}coord",
    "{}coordinate",
    "coord{}",
    "global{}",
    "center{}",
    "{}center",
    "{}microns",
    "{}px",
    "{}pixel",
    "cell{}",
    "cellcenter{}",
    "{}location",
    "location{}",
    "locationcenter{}",
    "nucleus{}",
)
_LABELS = (
    "celltype",
    "celltypes",
    "celltypename",
    "phenotype",
    "cellphenotype",
    "type",
    "class",
    "cellclass",
    "annotation",
    "celltypeannotation",
    "population",
    "subset",
    "label",
    "cluster",
    "clustername",
)
_MOST_LABELS = 200
_ALIASES = {
    "PD-1": ("PDCD1", "CD279"),
    "PD-L1": ("CD274", "B7H1"),
    "MHC-I": ("HLAABC", "HLAI", "MHC1", "H2Kb", "H2Db"),
}
_SIGN = (
    r"[ _]?(?:(?P<plus>\+|-?pos(?:itive)?(?![a-z])|hi(?:gh)?(?![a-z])|p(?![a-z0-9]))"
    r"|(?P<minus>-?neg(?:ative)?(?![a-z])|lo(?:w)?(?![a-z])|n(?![a-z0-9])|-(?=$|[^a-z0-9]|[a-z]{2,}\d)))"
)
# Low is less than high there, not none: the cell is left at the resting level of its type.
_LOW_IS_SOME = {"PD-L1"}
_MARKER = re.compile(r"(?<![a-z0-9])(?:cd\d+[a-z]?|foxp3|sox10|pan-?ck|ck\d*|sma)" + _SIGN, re.IGNORECASE)
_UNSURE_T = "T cells of no stated kind; read as helpers, so that none is taken for a killer."
# The first that fits is taken: the more telling word stands first.
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("treg", r"t.?regs?(?![a-z])|foxp3|regulatory", ""),
    ("cd8", r"cd8(?!\d)|cytotoxic|(?<![a-z])ctls?(?![a-z])", ""),
    ("cd4", r"cd4(?!\d)|helper|(?<![a-z])th\d", ""),
    ("nk", r"(?<![a-z])nk(?![a-z])|natural.?killer|cd56(?!\d)", ""),
    ("b_cell", r"(?<![a-z0-9])b(?![a-z0-9])|(?<![a-z])b.?(?:cell|lymph)|cd19(?!\d)|cd20(?!\d)|plasma", ""),
    ("dc", r"(?<![a-z])[cp]?dcs?(?![a-z])|(?<![a-z])dc(?=mono)|dendritic|cd11c", ""),
    ("neutrophil", r"neutroph|granulocyt|(?<![a-z])pmn|cd66|cd15(?!\d)", ""),
    (
        "macrophage",
        r"macroph|mono|myeloid|cd68(?!\d)|cd163|(?<![a-z])tams?(?![a-z])|(?<![a-z])m[12](?!\d)",
        "",
    ),
    ("fibroblast", r"fibro|(?<![a-z])[a-z]{0,2}cafs?(?![a-z])|mesenchym|strom|(?<![a-z])a?sma(?![a-z])", ""),
    ("endothelium", r"endothel|vessel|vascul|cd31(?!\d)", ""),
    ("cd4", r"(?<![a-z])t.?(?:cell|lymph)|cd3(?!\d)", _UNSURE_T),
    (
        "cancer",
        r"(?:tumou?r|cancer|carcinom|malignan|melanom|neoplas)(?!.*(?:infiltrat|associat))|sox10|keratin|pan-?ck|epitheli",
        "",
    ),
    ("other", r"immune|lymphocyt|leu[ck]ocyt|cd45(?!\d)", "Immune cells of no stated kind."),
    ("other", r"other|unknown|unassign|undefin|unclass|unident|none|negative|normal|stain", ""),
)


@dataclass(frozen=True)
class Columns:
    """Guessed columns, None where no guess is possible."""

    x: str | None
    y: str | None
    label: str | None

    @property
    def in_pixels(self) -> bool:
        return names_pixels(self.x or "")

    @property
    def um(self) -> float:
        """Length of the unit that the name of x ends in [um]; 1 where it says none."""
        return {"mm": 1000.0, "nm": 0.001}.get(normalised(self.x or "")[-2:], 1.0)


def names_pixels(column: str) -> bool:
    """Whether the name of a column of positions says pixels, or is that of scimap and MCMICRO, which write pixels."""
    name = normalised(column)
    return "px" in name or "pixel" in name or name == "xcentroid"


def guess_columns(table: Table, library: Library) -> Columns:
    """Positions by their names; labels by name, else the column whose texts can best be guessed."""
    by_name: dict[str, str] = {}
    for column in table.columns:
        by_name.setdefault(normalised(column), column)
    for pattern in _AXES:
        pair = [by_name.get(pattern.format(axis)) for axis in "xy"]
        if all(name is not None and numeric(table.column(name)) for name in pair):
            return Columns(pair[0], pair[1], _guess_label(table, by_name, library))
    return Columns(None, None, _guess_label(table, by_name, library))


def _guess_label(table: Table, by_name: dict[str, str], library: Library) -> str | None:
    for name in _LABELS:
        if name in by_name and len(coded(table.column(by_name[name]))[0]) <= _MOST_LABELS:
            return by_name[name]
    best, share = None, 0.5
    for column in table.columns:
        texts, _ = coded(table.column(column))
        if not 1 < len(texts) <= _MOST_LABELS or numeric(table.column(column)):
            continue
        told = float(np.mean([guess_marking(text, library) is not None for text in texts]))
        if told > share:
            best, share = column, told
    return best


def guess_marking(label: str, library: Library) -> Marking | None:
    """What a label's words say: a cell type, and molecules seen or not; None where they say no type."""
    positive: list[str] = []
    negative: list[str] = []
    rest = label.lower()
    for molecule, spelling in _spellings(library.molecules):
        for match in list(spelling.finditer(rest)):
            if match["plus"] is not None:
                positive.append(molecule)
            elif molecule not in _LOW_IS_SOME or not match["minus"].startswith("lo"):
                negative.append(molecule)
        rest = spelling.sub(" ", rest)
    denied = False
    for match in reversed(list(_MARKER.finditer(rest))):
        if match["minus"] is not None:
            denied = True
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    found = next(((cell, note) for cell, words, note in _WORDS if re.search(words, rest)), None)
    if found is None and denied and not re.search(r"[a-z0-9]", rest):
        found = "other", "None of the panel's cell types."
    if found is None or found[0] not in library.cells or set(positive) & set(negative):
        return None
    return Marking(cell=found[0], positive=tuple(positive), negative=tuple(negative), note=found[1])


def guess_stains(table: Table, library: Library) -> dict[str, list[str]]:
    """Molecules whose name a column of numbers has: perhaps their intensity."""
    stains: dict[str, list[str]] = {}
    for molecule in library.molecules:
        names = {normalised(name) for name in (molecule, *_ALIASES.get(molecule, ()))}
        columns = [c for c in table.columns if normalised(c) in names and numeric(table.column(c))]
        if columns:
            stains[molecule] = columns
    return stains


def _spellings(molecules: Iterable[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Each molecule with a pattern of its names, hyphens optional, followed by a sign."""
    patterns = []
    for molecule in molecules:
        names = (normalised(molecule), *(alias.lower() for alias in _ALIASES.get(molecule, ())))
        spelled = "|".join("[-_ ]?".join(map(re.escape, name)) for name in names)
        patterns.append((molecule, re.compile(rf"(?<![a-z0-9])(?:{spelled}){_SIGN}")))
    return patterns

"""A first scenario, as TOML with comments to go on from: of a table of cells, or with a tissue drawn at random.

What is guessed is said beside it; the guesses about a label map are in `draft.py` and `guesses.py`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from opsonin.core.errors import Fault, InputError
from opsonin.io.biopsies import Biopsy, biopsy_of
from opsonin.io.draft import draft_label_map, drafted_map, fitting_map, knowing
from opsonin.io.fields import Field, fields_of, names_patients
from opsonin.io.tables import Table, capped
from opsonin.io.thickness import NUCLEUS_OF, thickness_of
from opsonin.io.toml_files import inline
from opsonin.io.unfit import of_animal
from opsonin.knowledge.aliases import tumours_called
from opsonin.knowledge.library import Library
from opsonin.model.panels import LabelMap
from opsonin.model.scenario import Region

UNSURE = "melanoma"
_OTHERS = "others: opsonin knowledge list tumours"
_DRUG = "nivolumab"
# In animals: antibodies to people's receptors need not bind theirs.
_HELD_DRUG, _HELD = "entinostat", "400 nM"


@dataclass(frozen=True)
class Names:
    """What a scenario calls itself, its table and a label map of its own; paths start at its folder."""

    scenario: str
    table: str
    labels: str


@dataclass(frozen=True)
class FirstScenario:
    """TOML of a scenario, of the label map beside it (None if a given or shipped one fits), and what was guessed."""

    text: str
    labels: str | None
    guesses: tuple[str, ...]


def scenario_of_table(
    table: Table, names: Names, library: Library, given: LabelMap | None = None
) -> FirstScenario:
    """Two arms for one field of a table; `check` accepts it.

    Args:
        given: the label map to read it with, at `names.labels`; left out, a shipped one that fits, or a drafted one.
    Raises:
        InputError: the table needs a label map that a person completes, or none of its fields can be read.
    """
    label_map, written, how = given, None, ""
    named = names.labels
    if label_map is None:
        label_map = fitting_map(table, library)
        named = named if label_map is None else label_map.name
    if label_map is None:
        label_map, told = drafted_map(table, library)
        written, how = draft_label_map(table, library), f"labels: {told}; check {names.labels} line by line"
    field, biopsy, fields = _field(table, label_map)
    tumour, sure = _tumour(table, label_map, library)
    guesses = [how] if how else []
    if not sure:
        guesses.append(f"tumour: nothing in the table says which; '{tumour}' is a placeholder")
    if NUCLEUS_OF not in biopsy.cell_of_label:
        guesses.append("cells: the field has no tumour cells")
    thickness = thickness_of(Region(tumour=tumour), library, label_map)
    note = library.tumours[tumour].title if sure else "TODO: nothing in the table says which"
    tissue = [
        f"tumour = {inline(tumour)}  # {note}; {_OTHERS}",
        f"biopsy = {inline(names.table)}",
        *_select(field, fields),
        f"labels = {inline(named)}  # what the labels mean: {_one_line(label_map.title)}",
        f'# thickness = "{thickness.um:g} um"',
        *_comment(f"Left out, as here, it is that. {thickness.note}"),
    ]
    title = f"{table.name}{'' if not field.select else ', ' + field.name}"
    return FirstScenario(_scenario(names, title, tumour, tissue, library), written, tuple(guesses))


def scenario_of_drawn(names: Names, library: Library) -> FirstScenario:
    """Two arms for a section drawn at random."""
    tissue = [
        f"tumour = {inline(UNSURE)}  # {library.tumours[UNSURE].title}; {_OTHERS}",
        "",
        "[tissue.generate]  # drawn at random; for a biopsy: opsonin init CELLS.csv",
        'size = ["400 um", "400 um"]',
        '# architecture = "excluded"  # or "mixed" or "cold": where immune cells are',
        '# densities = { cancer = "2500 cells/mm2", cd8 = "300 cells/mm2" }  # in place of those of the tumour',
    ]
    return FirstScenario(_scenario(names, "A tissue drawn at random", UNSURE, tissue, library), None, ())


def _scenario(names: Names, title: str, tumour: str, tissue: list[str], library: Library) -> str:
    drug, dose, duration = _treatment(tumour, library)
    return "\n".join(
        [
            f"# Check it:  opsonin check {names.scenario}",
            f"# Run it:    opsonin run {names.scenario} -o out",
            "# Editors:   `opsonin schema --help` says how they complete and check this file",
            "",
            "[scenario]",
            f"name = {inline(title[:200])}",
            f"duration = {duration}",
            "seed = 1  # another seed is another course of the same question",
            "",
            "[tissue]",
            *tissue,
            "",
            "# Every arm begins with the same cells; they differ through their treatment only.",
            "[[arm]]",
            'name = "control"',
            "",
            "[[arm]]",
            f"name = {inline(drug)}",
            *dose,
            *_comment(f"Drugs: {', '.join(sorted(library.drugs))}"),
            "",
            "[output]",
            'every = "1 d"  # how often cells and fields are stored',
            "",
            "# [patient]  # blood, node and clones around the tissue, fed by it; needs the extra 'patient'",
            '# interval = "6 h"',
            "",
            "# [knowledge]  # single numbers in place of those of `opsonin knowledge list`",
            f'# "tumour.{tumour}.vessel_density" = {inline(library.tumours[tumour].vessel_density.text)}',
            "",
        ]
    )


def _treatment(tumour: str, library: Library) -> tuple[str, list[str], str]:
    """(drug, its dose with comments, duration): as in the clinic; in an animal a concentration that is held."""
    if not of_animal(library.tumours[tumour]):
        return _DRUG, [f'dose = [{{ drug = {inline(_DRUG)}, amount = "240 mg", every = "14 d" }}]'], '"28 d"'
    why = (
        "Held in the tissue: volumes and clearance of drugs are those of people, and so are the receptors that "
        "antibodies bind."
    )
    dose = f"dose = [{{ drug = {inline(_HELD_DRUG)}, amount = {inline(_HELD)}, lasting = {inline('7 d')} }}]"
    return _HELD_DRUG, [*_comment(why), dose], '"7 d"'


def _field(table: Table, label_map: LabelMap) -> tuple[Field, Biopsy, list[Field]]:
    """The first field with tumour cells that can be read, else the first that can be; InputError if none can."""
    fields = fields_of(table, {})
    without: tuple[Field, Biopsy] | None = None
    faults: list[Fault] = []
    for field in fields:
        try:
            biopsy = biopsy_of(table, field.select, label_map)
        except InputError as error:
            faults += error.faults
            continue
        if NUCLEUS_OF in biopsy.cell_of_label:
            return field, biopsy, fields
        without = without or (field, biopsy)
    if without is None:
        raise InputError(*capped(list(dict.fromkeys(faults)), table.name))
    return *without, fields


def _select(field: Field, fields: list[Field]) -> list[str]:
    if not field.select:
        return []
    pairs = {column: _value(text) for column, text in field.select.items()}
    lines = [f"select = {inline(pairs)}  # one of {len(fields)} fields: `opsonin biopsy show` lists them"]
    patient = {column: value for column, value in pairs.items() if names_patients(column)}
    of_patient = [other for other in fields if patient and _agrees(other, field, patient)]
    if len(of_patient) > 1 and len(patient) < len(pairs):
        lines.append(f"# All {len(of_patient)} fields of this patient, weighted by area, instead:")
        lines.append(f'# select = {inline(patient)}\n# fields = "all"')
    return lines


def _agrees(one: Field, other: Field, columns: Iterable[str]) -> bool:
    return all(one.select.get(column) == other.select.get(column) for column in columns)


def _value(text: str) -> str | int:
    """A whole number without quotes, if it is written as one."""
    return int(text) if re.fullmatch(r"0|[1-9]\d{0,17}", text) else text


def _tumour(table: Table, label_map: LabelMap, library: Library) -> tuple[str, bool]:
    """The tumour that names tell of, and whether any did."""
    like = knowing([label.strip() for label in (*label_map.labels, *label_map.ignore)], library)
    shipped = () if like is None else (like.name, like.title)
    for words in (
        (label_map.name, label_map.title),
        shipped,
        (table.name,),
        (*table.columns, *label_map.labels),
    ):
        for tumour in tumours_called(" ".join(words), library.tumours):
            return tumour, True
    return UNSURE, False


def _comment(text: str) -> list[str]:
    return textwrap.wrap(_one_line(text), 110, initial_indent="# ", subsequent_indent="# ")


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""What a tumour says of its cells stands in their types, unless the scenario says otherwise."""

from __future__ import annotations

import pytest

from opsonin.knowledge.library import OF_TUMOUR, load_library
from opsonin.knowledge.used import Use, used
from opsonin.model import tables as column
from tissues import plan, scenario

BLASTS = {"tissue__tumour": "b_all"}


def test_the_cells_of_a_tumour_have_its_diameter_and_others_theirs():
    assert scenario(**BLASTS).library().cells["cancer"].diameter.text == "11.3 um"
    assert scenario().library().cells["cancer"].diameter.text == "16.9 um"
    radius = []
    for one in (plan(**BLASTS), plan()):
        cancer = one.species.cells.index("cancer")
        radius.append(float(one.tables.types[cancer, column.MODEL_RADIUS] / one.scales[cancer]))
    assert radius == pytest.approx([5.65, 8.45])


def test_a_number_of_the_scenario_stands_whether_given_of_the_tumour_or_of_the_type():
    for path in ("tumour.b_all.diameter", "cell.cancer.diameter"):
        assert (
            scenario(**BLASTS, knowledge={path: "12 um"}).library().cells["cancer"].diameter.text == "12 um"
        )


@pytest.mark.parametrize("key", sorted(OF_TUMOUR))
def test_each_number_of_a_tumour_lands_where_it_belongs(key):
    text = "12 um" if key == "diameter" else "0.25"
    library = load_library().override(f"tumour.b_all.{key}", text).of_tumour("b_all")
    cell, *parts = OF_TUMOUR[key]
    node = library.cells[cell]
    for part in parts:
        node = getattr(node, part)
    assert node.text == text


def test_of_two_numbers_the_one_that_counts_is_listed():
    library = scenario(**BLASTS).library()
    rows = {row.path for row in used(library, Use("b_all", ("cancer", "cd8"), None, ()))}
    assert "tumour.b_all.diameter" in rows
    assert "cell.cancer.diameter" not in rows


def test_contact_of_a_tumour_is_that_of_its_patients_unless_one_is_given():
    pytest.importorskip("libsbml")
    from opsonin.io.overrides import of_patient
    from opsonin.patient.body import Body

    library, own = load_library(), "immunity.adult.tumour.contact"
    contacts = [
        Body(of_patient(library, numbers, tumour), tumour).immunity.tumour.contact.value
        for numbers, tumour in (({}, "melanoma"), ({}, "b_all"), ({own: 0.2}, "b_all"))
    ]
    general, marrow, given = contacts
    assert general == library.immunity["adult"].tumour.contact.value < marrow
    assert given == 0.2

"""Numbers of the mean field and of a course: what they are at rest, where they stand, and how wrong ones are told.

How they are taken from runs is in `unit/test_contact_rates.py`.
"""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest

from opsonin.cli.main import main
from opsonin.engine.sweep import offered
from opsonin.io.course import read_course
from opsonin.knowledge.library import load_library
from opsonin.model.population import Population
from opsonin.patient.body import Body
from opsonin.patient.integrate import Integrator
from opsonin.patient.killing import kills_of_one
from opsonin.patient.model import PatientModel

LIBRARY = load_library()
COURSE = 'duration = "10 d"\nevery = "1 d"\n'


def said(arguments, capfd, code=0):
    assert main(["patient", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


def test_rates_of_the_mean_field_are_those_of_a_patient_at_rest():
    model = PatientModel.of([], Body(LIBRARY, "melanoma"))
    known = {constant.name: constant.value for constant in model.parts.constants}
    tired = LIBRARY.cells["cd8"].lytic.exhaustion_initial.value
    alone = kills_of_one(LIBRARY, "melanoma", "cd8", known["fitness"], known["costimulated"], tired)
    assert alone > kills_of_one(
        LIBRARY, "melanoma", "cd8", 0.5 * known["fitness"], known["costimulated"], tired
    )
    found = Integrator(model.sbml, "patient").run(["cd8_kills"], [0.0, 1.0], ())
    assert found.values[0, 0] == pytest.approx(alone, rel=1e-9)


def test_what_comes_about_of_kills_is_a_factor_of_the_mean_field():
    def killed(realised):
        library = LIBRARY.override("immunity.adult.tumour.realised", realised)
        model = PatientModel.of([], Body(library, "melanoma"))
        return Integrator(model.sbml, "patient").run(["tumour_killed"], [0.0, 1.0], ()).values[0, 0]

    assert killed(0.25) == pytest.approx(0.25 * killed(1), rel=1e-9)


def test_a_number_of_a_cell_type_stands_where_the_tumour_has_its_own(tmp_path, capfd):
    course, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    found = {}
    for share in (0.05, 0.2):
        course.write_text(COURSE + f'[knowledge]\n"cell.cd8.lytic.reactive_fraction" = {share}\n')
        said(["simulate", course, "--tumour", "crc_mss", "-o", out], capfd)
        found[share] = pq.read_table(out)["tumour_cd8_cells"][0].as_py()
    assert found[0.2] == pytest.approx(4.0 * found[0.05])


def test_a_population_takes_the_numbers_of_its_course(tmp_path):
    course = tmp_path / "course.toml"
    dose = 'dose = [{ drug = "nivolumab", amount = "240 mg" }]\n'
    course.write_text(COURSE + dose + '[knowledge]\n"drug.nivolumab.kinetics.clearance" = "0.5 L/d"\n')
    nobody = Population(course="course.toml", patients=1)
    numbers = offered(read_course(course), LIBRARY, nobody).numbers
    assert numbers["nivolumab_clearance"].value == pytest.approx(0.5 / 1440.0)


def contact_in(model):
    """Of a model that was written."""
    parameter = re.search(r'<parameter [^>]*id="contact"[^>]*>', model.read_text())
    return float(re.search(r'value="([^"]*)"', parameter[0])[1])


def test_numbers_of_a_file_stand_before_those_of_the_course(tmp_path, capfd):
    course, numbers, model = tmp_path / "course.toml", tmp_path / "numbers.toml", tmp_path / "model.xml"
    course.write_text(COURSE + '[knowledge]\n"immunity.adult.tumour.contact" = 0.11\n')
    numbers.write_text('[knowledge]\n"immunity.adult.tumour.contact" = 0.37\n')
    said(["simulate", course, "--tumour", "melanoma", "--sbml", model], capfd)
    assert contact_in(model) == 0.11
    said(["simulate", course, "--tumour", "melanoma", "--knowledge", numbers, "--sbml", model], capfd)
    assert contact_in(model) == 0.37


@pytest.mark.parametrize(
    ("knowledge", "told"),
    [
        ('"immunity.adult.tumour.contct" = 0.3', "there is no 'contct'"),
        ('"immunity.adult.tumour.contact" = 1.3', "contact"),
        ('"immunity.adult.tumour.burden" = "3 um"', "burden"),
        ('"immunity.adult.tumour.contact" = true', "expected a number"),
    ],
)
def test_wrong_numbers_are_told_with_their_line(knowledge, told, tmp_path, capfd):
    course, numbers = tmp_path / "course.toml", tmp_path / "numbers.toml"
    course.write_text(f"{COURSE}[knowledge]\n{knowledge}\n")
    printed = said(["simulate", course, "--tumour", "melanoma"], capfd, 2)
    assert told in printed
    assert "course.toml:4" in printed
    numbers.write_text(f"[knowledge]\n{knowledge}\n")
    course.write_text(COURSE)
    printed = said(["simulate", course, "--tumour", "melanoma", "--knowledge", numbers], capfd, 2)
    assert told in printed
    assert "numbers.toml:2" in printed

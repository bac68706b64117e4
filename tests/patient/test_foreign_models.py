"""Models of somebody else: what they lack is supplied or said; doses reach them in their own units."""

from __future__ import annotations

import json
import math

import libsbml
import numpy as np
import pyarrow.parquet as pq
import pytest

import published_models as published
import second_engine
from opsonin.cli.main import main
from opsonin.core.errors import InputError, RunError
from opsonin.engine.courses import follow_foreign
from opsonin.io.course import ONLY, Asked
from opsonin.io.foreign import read_model, read_ports
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Course, Given
from opsonin.model.ports import Ports
from opsonin.patient.foreign import read_foreign
from opsonin.patient.model import PatientModel
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose

DRUGS = load_library().drugs
DAY = 1440.0


def model_text(rates=None, numbers=None, start=None, level=(3, 1)):
    """A drug that decays, where nothing else is asked for."""
    return published.sbml_of(rates or {"A": "-k*A"}, numbers or {"k": 0.1}, start or {"A": 0.0}, level)


def changed(text, change):
    """The SBML text after a change of its libsbml document."""
    document = libsbml.readSBMLFromString(text)
    change(document.getModel())
    return libsbml.writeSBMLToString(document)


def ports(**tables):
    return Ports.model_validate({"time": "d", "tumour": {"a": "A"}} | tables)


def read(text, **tables):
    return read_foreign(text, "theirs.xml", ports(**tables), DRUGS)


def refused(text, **tables):
    with pytest.raises(InputError) as caught:
        read(text, **tables)
    return str(caught.value)


def followed(foreign, doses=(), days=10):
    course = Course.model_validate({"duration": f"{days} d", "every": "1 d"})
    made = follow_foreign(Asked(course, {ONLY: tuple(doses)}), foreign)
    if made.failed:
        raise RunError(*made.failed)
    return made.columns, made.followed[ONLY]


def test_log2_is_supplied_where_it_is_called_and_not_defined():
    text = model_text({"A": "-log2(8)/30*A"}, {"k": 1.0}, {"A": 5.0})
    assert "log2" in text
    foreign = read(text)
    assert any("calls log2" in note for note in foreign.notes)
    _, one = followed(foreign)
    assert one.values[-1, 0] == pytest.approx(5.0 * np.exp(-1.0), rel=1e-8)


def test_a_log2_of_its_own_is_kept():
    text = changed(
        model_text({"A": "-log2(8)/30*A"}, {"k": 1.0}, {"A": 5.0}),
        lambda model: (
            (function := model.createFunctionDefinition()).setId("log2"),
            function.setMath(libsbml.parseL3Formula("lambda(x, 3)")),
        ),
    )
    assert not any("log2" in note for note in read(text).notes)


def test_another_function_that_is_missing_is_named():
    told = refused(model_text({"A": "-lag2(8)*A"}, {"k": 1.0}, {"A": 5.0}))
    assert "function 'lag2' is called and not defined" in told
    assert "Did you mean 'log2'?" in told


WITHOUT_BEGINNING = {
    "species": lambda model: model.getSpecies("A").unsetInitialAmount(),
    "parameter": lambda model: model.getParameter("k").unsetValue(),
    "compartment": lambda model: model.getCompartment("body").unsetSize(),
    "species without a number": lambda model: model.getSpecies("A").setInitialAmount(math.nan),
    "species without end": lambda model: model.getSpecies("A").setInitialAmount(math.inf),
    "parameter without a number": lambda model: model.getParameter("k").setValue(math.nan),
    "compartment without a number": lambda model: model.getCompartment("body").setSize(math.nan),
}


@pytest.mark.parametrize("kind", WITHOUT_BEGINNING)
def test_what_has_no_value_at_the_beginning_is_named_with_its_line(kind):
    told = refused(changed(model_text(), WITHOUT_BEGINNING[kind]))
    assert "theirs.xml:" in told
    assert f"{kind.split()[0]} '" in told
    assert "has no value at the beginning" in told


def test_an_initial_assignment_is_a_beginning():
    def assign(model):
        model.getSpecies("A").unsetInitialAmount()
        assignment = model.createInitialAssignment()
        assignment.setSymbol("A")
        assignment.setMath(libsbml.parseL3Formula("40*k"))

    _, one = followed(read(changed(model_text(), assign)))
    assert one.values[0, 0] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("port", "per_mg"),
    [
        ({"into": "A", "unit": "mg"}, 1.0),
        ({"into": "A", "unit": "ug"}, 1e3),
        ({"into": "A", "unit": "nmol"}, 1e9 / 146e6),
        ({"into": "A", "unit": "nmol", "molar_mass": "73 kg/mol"}, 1e9 / 73e6),
    ],
)
def test_a_dose_comes_in_the_unit_of_the_species(port, per_mg):
    foreign = read(model_text(), drug={"nivolumab": port})
    columns, one = followed(foreign, [Given(0.0, "nivolumab", 100.0), Given(5 * DAY, "nivolumab", 50.0)])
    amount = one.values[:, columns.index("drug_nivolumab")]
    assert amount[0] == pytest.approx(100.0 * per_mg)
    expected = (100.0 * np.exp(-1.0) + 50.0 * np.exp(-0.5)) * per_mg
    assert amount[-1] == pytest.approx(expected, rel=1e-8)


def test_a_dose_comes_in_the_unit_that_the_model_states():
    def state(model):
        unit = model.createUnitDefinition()
        unit.setId("ug")
        one = unit.createUnit()
        one.setKind(libsbml.UNIT_KIND_GRAM)
        one.setExponent(1)
        one.setScale(-6)
        one.setMultiplier(1.0)
        model.getSpecies("A").setSubstanceUnits("ug")

    foreign = read(changed(model_text(), state), drug={"nivolumab": {"into": "A"}})
    _, one = followed(foreign, [Given(0.0, "nivolumab", 2.0)])
    assert one.values[0, 0] == pytest.approx(2000.0)


def test_an_infusion_flows_in_evenly_in_the_time_of_the_model():
    foreign = read(model_text(numbers={"k": 0.0}), drug={"nivolumab": {"into": "A", "unit": "mg"}})
    _, one = followed(foreign, [Given(DAY, "nivolumab", 30.0, lasting=3 * DAY)])
    assert one.values[one.times == 2 * DAY, 0] == pytest.approx(10.0)
    assert one.values[-1, 0] == pytest.approx(30.0)


def test_our_own_model_as_a_foreign_one_is_the_same():
    steady = load_library().override("drug.nivolumab.kinetics.falling.fall", 0).drugs  # as in the exact sums
    model = PatientModel.of([steady["nivolumab"]])
    joined = Ports.model_validate(
        {"tumour": {"drug": "nivolumab_tumour"}, "drug": {"nivolumab": {"into": "nivolumab_central"}}}
    )
    foreign = read_foreign(model.sbml, "ours.xml", joined, steady)
    assert foreign.minutes == 1.0
    assert foreign.notes == ()
    _, one = followed(foreign, [Given(0.0, "nivolumab", 240.0)])
    exact = DrugCourse(DRUGS["nivolumab"], (OneDose(0.0, 240.0),))
    assert one.values[:, 0] == pytest.approx([exact.tissue(time) for time in one.times], rel=1e-8)


@pytest.mark.parametrize("level", [(2, 4), (3, 1), (3, 2)])
def test_what_another_tool_makes_of_our_model_runs_as_it_did(level):
    copasi = second_engine.copasi()
    model = PatientModel.of([DRUGS["nivolumab"], DRUGS["vorinostat"]])
    other = copasi.CRootContainer.addDatamodel()
    assert other.importSBMLFromString(model.sbml)
    # It knows no masses, and writes minutes as thousandths of them: the port map has the last word.
    joined = Ports.model_validate(
        {
            "time": "min",
            "replace_time": True,
            "tumour": {"held": "nivolumab_on_PD_1", "free": "nivolumab_tumour"},
            "drug": {"nivolumab": {"into": "nivolumab_central", "unit": "mg"}},
        }
    )
    given = [Given(0.0, "nivolumab", 240.0), Given(DAY, "nivolumab", 100.0, lasting=60.0)]
    theirs = read_foreign(other.exportSBMLToString(*level), "theirs.xml", joined, DRUGS)
    found, expected = (
        followed(one, given)[1] for one in (theirs, read_foreign(model.sbml, "ours.xml", joined, DRUGS))
    )
    assert found.values == pytest.approx(expected.values, rel=1e-9)


def test_a_concentration_may_be_watched():
    text = changed(model_text(start={"A": 6.0}), lambda model: model.getCompartment("body").setSize(3.0))
    _, one = followed(read(text, tumour={"a": "A", "c": "[A]"}))
    assert one.values[0] == pytest.approx([6.0, 2.0])


def test_the_time_of_the_model_must_be_known():
    assert "does not say in which unit its time is" in refused(model_text(), time=None)
    assert "wrong dimension" in refused(model_text(), time="mg")


def test_another_time_than_that_of_the_model_is_only_taken_where_that_is_asked_for():
    def in_hours(model):
        unit = model.createUnitDefinition()
        unit.setId("hour")
        one = unit.createUnit()
        one.setKind(libsbml.UNIT_KIND_SECOND)
        one.setExponent(1)
        one.setScale(0)
        one.setMultiplier(3600.0)
        model.setTimeUnits("hour")

    text = changed(model_text(), in_hours)
    assert read(text, time=None).minutes == 60.0
    assert read(text, time="h").notes == read(text, time=None).notes
    assert "'d' is not what theirs.xml states: its unit of time is 1 h" in refused(text, time="d")
    assert "add replace_time = true" in refused(text, time="d")
    other = read(text, time="d", replace_time=True)
    assert other.minutes == DAY
    assert any("the port map says d" in note for note in other.notes)


def test_events_of_a_model_are_said():
    def give(model):
        for number in range(2):
            event = model.createEvent()
            event.setUseValuesFromTriggerTime(True)
            trigger = event.createTrigger()
            trigger.setInitialValue(False)
            trigger.setPersistent(True)
            trigger.setMath(libsbml.parseL3Formula(f"time >= {number + 1}"))
            assignment = event.createEventAssignment()
            assignment.setVariable("A")
            assignment.setMath(libsbml.parseL3Formula("A + 5"))

    text = changed(model_text({"A": "0*A"}), give)
    foreign = read(text, drug={"nivolumab": {"into": "A", "unit": "mg"}})
    said = "has 2 events of its own, which happen besides the doses of the course; they change A, into which"
    assert any(note.startswith(said) for note in foreign.notes)
    _, one = followed(foreign, [Given(3 * DAY, "nivolumab", 100.0)])
    assert one.values[-1, 0] == pytest.approx(110.0)
    assert any(note.endswith("besides the doses of the course") for note in read(text).notes)
    assert not any("events" in note for note in read(model_text()).notes)


def test_units_that_are_missing_are_said():
    notes = read(model_text()).notes
    assert any("units are not sure" in note for note in notes)
    assert len(notes) <= 7


WRONG_PORTS = {
    "no such amount": ({"tumour": {"a": "B"}}, "theirs.xml has no species or parameter 'B'"),
    "no such species": ({"tumour": {"a": "[k]"}}, "theirs.xml has no species 'k'"),
    "a dose to a parameter": ({"drug": {"nivolumab": {"into": "k"}}}, "'k' of theirs.xml is not a species"),
    "a wrong unit": ({"drug": {"nivolumab": {"into": "A", "unit": "d"}}}, "unit 'd' is neither a mass nor"),
    "no unit": ({"drug": {"nivolumab": {"into": "A"}}}, "does not say in which unit 'A' is"),
    "no molar mass": (
        {"drug": {"theirs": {"into": "A", "unit": "nmol"}}},
        "the molar mass of 'theirs' is not known",
    ),
}


@pytest.mark.parametrize("what", WRONG_PORTS)
def test_a_port_that_leads_nowhere_is_refused(what):
    tables, words = WRONG_PORTS[what]
    assert words in refused(model_text(), **tables)


def test_no_dose_is_added_to_what_no_reaction_changes():
    text = changed(model_text(), lambda model: model.getSpecies("A").setBoundaryCondition(True))
    assert "no dose can be added" in refused(text, drug={"nivolumab": {"into": "A", "unit": "mg"}})


def test_a_drug_without_a_port_is_refused():
    foreign = read(model_text(), drug={"nivolumab": {"into": "A", "unit": "mg"}})
    with pytest.raises(InputError, match=r"no port takes doses of 'nivolumap'\.\n.*Did you mean 'nivolumab'"):
        followed(foreign, [Given(0.0, "nivolumap", 1.0)])


def test_a_model_that_explodes_is_told_with_its_time_and_nothing_else_is_printed(capfd):
    foreign = read(model_text({"A": "A^2"}, start={"A": 1.0}))
    with pytest.raises(RunError, match=r"theirs.xml after time 1  cannot be integrated"):
        followed(foreign)
    assert capfd.readouterr().err == ""


def test_a_model_that_the_library_cannot_run_is_refused():
    with pytest.raises(InputError, match=r"cannot be loaded: Unable to support delay .* is not supported\.$"):
        followed(read(model_text({"A": "-k*A + delay(A, 1)"})))


def test_an_amount_may_follow_a_rate_rule():
    def rule(model):
        model.removeReaction(0)
        made = model.createRateRule()
        made.setVariable("A")
        made.setMath(libsbml.parseL3Formula("-k*A"))

    text = changed(model_text(start={"A": 3.0}), rule)
    _, one = followed(read(text))
    assert one.values[-1, 0] == pytest.approx(3.0 * np.exp(-1.0))
    assert "no dose can be added" in refused(text, drug={"nivolumab": {"into": "A", "unit": "mg"}})


WRONG_TEXTS = {
    "nothing": ("", "is not SBML"),
    "a table": ("TIME,AMT\n1,2\n", "it has no <sbml> element"),
    "cut short": (model_text()[:900], "is not valid SBML"),
    "no model": (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"/>',
        "SBML",
    ),
    "of no level": (
        '<sbml xmlns="http://www.sbml.org/sbml/level9/version1/core" level="9" version="1"/>',
        "SBML",
    ),
    "a reaction of nothing": (
        model_text().replace('<speciesReference species="A"', '<speciesReference species="Z"'),
        "Z",
    ),
}


@pytest.mark.parametrize("what", WRONG_TEXTS)
def test_what_is_no_model_is_refused_in_words(what, tmp_path):
    text, words = WRONG_TEXTS[what]
    file = tmp_path / "theirs.xml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_foreign(read_model(file), file.name, ports(), DRUGS)
    assert "theirs.xml" in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    (tmp_path / "theirs.xml").write_bytes(b"<sbml>\n\xff\xfe")
    with pytest.raises(InputError, match=r"theirs\.xml:2  byte 0xff is not UTF-8"):
        read_model(tmp_path / "theirs.xml")
    with pytest.raises(InputError, match="there is no such file"):
        read_model(tmp_path / "their.xml")


WRONG_MAPS = {
    "nothing in place of the time": ("replace_time = true\n", "replace_time is given without time"),
    "a wrong section": ("[tumor]\nburden = 'T'", "Did you mean 'tumour'?"),
    "a number": ("[tumour]\nburden = 3", "p.toml:2"),
    "no species": ("[drug]\nnivolumab = { unit = 'mg' }", "the key 'into' is missing"),
    "a mass of another kind": (
        "[drug]\nnivolumab = { into = 'A', molar_mass = '3 mg' }",
        "unit 'mg' has the wrong dimension",
    ),
    "no toml": ("[tumour", "is not valid TOML"),
}


@pytest.mark.parametrize("what", WRONG_MAPS)
def test_a_wrong_port_map_is_refused_in_words(what, tmp_path):
    text, words = WRONG_MAPS[what]
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_ports(file)
    assert words in str(caught.value)


def test_the_command_runs_a_model_of_somebody_else(tmp_path, capfd):
    text = model_text({"A": "-k*A", "T": "0.05*T - 0.001*A*T"}, {"k": 0.2}, {"A": 0.0, "T": 1e6})
    (tmp_path / "m.xml").write_text(text)
    (tmp_path / "p.toml").write_text(
        'time = "d"\n[drug]\nour_own = { into = "A", unit = "mg" }\n[tumour]\nburden = "T"\n'
    )
    (tmp_path / "c.toml").write_text('duration = "20 d"\ndose = [{ drug = "our_own", amount = "100 mg" }]\n')
    out = tmp_path / "out.parquet"
    given = [
        str(tmp_path / "c.toml"),
        "--model",
        str(tmp_path / "m.xml"),
        "--ports",
        str(tmp_path / "p.toml"),
    ]
    assert main(["patient", "simulate", *given, "-o", str(out), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["patients"]["1"]["our_own"] == {"doses": 1, "given_mg": 100.0}
    assert told["notes"]
    table = pq.read_table(out)
    assert table.column_names == ["patient", "time_min", "tumour_burden", "drug_our_own"]
    days = np.array(table["time_min"]) / DAY
    expected = 1e6 * np.exp(0.05 * days - 0.1 * (1.0 - np.exp(-0.2 * days)) / 0.2)
    assert np.array(table["tumour_burden"]) == pytest.approx(expected, rel=1e-7)
    assert out.with_suffix(".png").stat().st_size > 1000


def test_the_command_says_what_failed_and_keeps_the_others(tmp_path, capfd):
    (tmp_path / "m.xml").write_text(model_text({"A": "0.01*A^2"}))
    (tmp_path / "p.toml").write_text('time = "d"\n[drug]\nx = { into = "A", unit = "mg" }\n')
    (tmp_path / "doses.csv").write_text("ID,TIME,AMT\nwild,0,1000\ncalm,0,1\nwilder,0,2000\n")
    (tmp_path / "c.toml").write_text(
        'duration = "20 d"\ntable = { file = "doses.csv", time = "d", amount = "mg", drug = "x" }\n'
    )
    out = tmp_path / "out.parquet"
    given = [
        str(tmp_path / "c.toml"),
        "--model",
        str(tmp_path / "m.xml"),
        "--ports",
        str(tmp_path / "p.toml"),
    ]
    assert main(["patient", "simulate", *given, "-o", str(out)]) == 3
    printed = capfd.readouterr()
    assert "patient wild, m.xml after time 0.1" in printed.err
    assert "Until 2 h it was followed." in printed.err
    assert "patient wilder, m.xml after time 0.05" in printed.err
    assert "Warning" not in printed.err
    assert "patient wild\nfollowed until 0.08333 d, where it failed" in printed.out
    frame = pq.read_table(out).to_pandas()
    rows = {name: rows["time_min"].tolist() for name, rows in frame.groupby("patient")}
    assert rows["wild"] == [0.0, 60.0, 120.0]
    assert rows["wilder"] == [0.0, 60.0]
    assert rows["calm"][-1] == 20 * DAY
    amounts = frame[frame["patient"] == "wild"]["drug_x"]
    assert amounts.to_numpy() == pytest.approx([1000.0 / (1.0 - 10.0 * h / 24.0) for h in range(3)])
    assert main(["patient", "simulate", *given, "--json"]) == 3
    told = json.loads(capfd.readouterr().out)
    assert told["followed_until_min"] == {"wild": 120.0, "wilder": 60.0}
    assert len(told["failed"]) == 2


def test_of_a_model_that_fails_at_once_nothing_is_written(tmp_path, capfd):
    (tmp_path / "m.xml").write_text(model_text({"A": "A/(A - A)"}))
    (tmp_path / "p.toml").write_text('time = "d"\n[tumour]\na = "A"\n')
    (tmp_path / "c.toml").write_text('duration = "2 d"\n')
    given = [
        tmp_path / "c.toml",
        "--model",
        tmp_path / "m.xml",
        "--ports",
        tmp_path / "p.toml",
        "-o",
        tmp_path / "o.parquet",
    ]
    assert main(["patient", "simulate", *map(str, given)]) == 3
    assert "Warning" not in capfd.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.toml", "m.xml", "p.toml"]


def test_what_grows_beyond_everything_is_refused_with_its_time():
    foreign = read(model_text({"A": "-k*A"}, {"k": -50.0}, {"A": 1.0}))
    with pytest.raises(RunError, match=r"theirs.xml at time 3  A is 1.39.*e\+65, which it cannot be"):
        followed(foreign)

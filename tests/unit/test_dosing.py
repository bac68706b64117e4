"""Doses as pharmacologists write them, in a course file or a table: what they come to, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsonin.core.errors import InputError
from opsonin.engine.regimens import measures_of
from opsonin.io.course import read_course
from opsonin.io.dose_columns import KNOWN
from opsonin.model.dosing import Body, Given, read_dose, surface_of_weight
from tissues import plan, scenario

DAY, HOUR = 1440.0, 60.0


def asked(tmp_path, text, table=None, name="doses.csv"):
    if table is not None:
        (tmp_path / name).write_text(table)
    file = tmp_path / "course.toml"
    file.write_text(text)
    return read_course(file)


def refused(tmp_path, text, table=None, name="doses.csv"):
    with pytest.raises(InputError) as caught:
        asked(tmp_path, text, table, name)
    return str(caught.value)


def of_table(
    tmp_path, table, units='time = "h", amount = "mg", drug = "nivolumab"', more="", name="doses.csv"
):
    text = f'duration = "100 d"\ntable = {{ file = "{name}", {units} }}\n{more}'
    return asked(tmp_path, text, table, name).patients


def fault(tmp_path, table, units='time = "h", amount = "mg", drug = "nivolumab"', more=""):
    return refused(tmp_path, f'duration = "100 d"\ntable = {{ file = "doses.csv", {units} }}\n{more}', table)


def only(tmp_path, dose, patient='[patient]\nweight = "80 kg"\nheight = "180 cm"\n'):
    return asked(tmp_path, f'duration = "10 d"\ndose = [{{ {dose} }}]\n{patient}').patients["1"]


def test_a_dose_is_a_mass_or_one_per_weight_or_surface(tmp_path):
    weight, height = 80.0, 180.0
    surface = math.sqrt(weight * height / 3600.0)
    for amount, mg in (("240 mg", 240.0), ("0.1 g", 100.0), ("3 mg/kg", 240.0), ("20 mg/m2", 20.0 * surface)):
        doses = only(tmp_path, f'drug = "nivolumab", amount = "{amount}"')
        assert doses == (Given(0.0, "nivolumab", pytest.approx(mg)),)


def test_body_surface_by_the_named_formula():
    mosteller = Body(weight="70 kg", height="175 cm")
    du_bois = Body(weight="70 kg", height="1.75 m", surface="du-bois")
    assert mosteller.surface_m2 == pytest.approx(1.8447, abs=1e-4)
    assert du_bois.surface_m2 == pytest.approx(0.007184 * 70.0**0.425 * 175.0**0.725)
    assert du_bois.surface_m2 == pytest.approx(1.848, abs=2e-3)
    assert Body(weight="70 kg").surface_m2 is None


def test_doses_repeat_until_their_end_and_count_at_time_zero(tmp_path):
    doses = only(
        tmp_path, 'drug = "nivolumab", amount = "1 mg", every = "2 d", until = "6 d", lasting = "30 min"'
    )
    assert [dose.time for dose in doses] == [0.0, 2 * DAY, 4 * DAY, 6 * DAY]
    assert {dose.lasting for dose in doses} == {30.0}
    # None at the very end, where it could do nothing.
    assert [dose.time for dose in only(tmp_path, 'drug = "nivolumab", amount = "1 mg", every = "5 d"')] == [
        0.0,
        5 * DAY,
    ]


def test_a_table_of_doses_as_nonmem_reads_it(tmp_path):
    table = """id,Time,AMT,Rate,addl,II,CMT,EVID,DV,MDV
1,0,240,480,2,336,1,1,.,1
1,24,.,.,.,.,1,0,61.2,0
1,400,100,.,.,.,central,1,.,1
2,0,80,0,0,0,1,1,.,1
3,12,.,.,.,.,.,0,3.1,0
"""
    patients = of_table(tmp_path, table)
    assert list(patients) == ["1", "2", "3"]
    assert patients["1"] == (
        Given(0.0, "nivolumab", 240.0, 30.0),
        Given(336 * HOUR, "nivolumab", 240.0, 30.0),
        Given(400 * HOUR, "nivolumab", 100.0),
        Given(672 * HOUR, "nivolumab", 240.0, 30.0),
    )
    assert patients["2"] == (Given(0.0, "nivolumab", 80.0),)
    assert patients["3"] == ()


def test_a_table_may_hold_drugs_units_routes_and_bodies_of_its_own(tmp_path):
    table = """ID,TIME,AMT,DUR,DRUG,ROUTE,WT,HT
A,0,3 mg/kg,30 min,nivolumab,iv,90,.
A,1 d,400,,vorinostat,PO,90,
B,0,20 mg/m2,,nivolumab,IV,,
"""
    more = '[patient]\nweight = "50 kg"\nheight = "160 cm"\n'
    patients = of_table(tmp_path, table, 'amount = "mg", time = "d"', more)
    assert patients["A"] == (Given(0.0, "nivolumab", 270.0, 30.0), Given(DAY, "vorinostat", 400.0))
    assert patients["B"] == (Given(0.0, "nivolumab", pytest.approx(20.0 * math.sqrt(50.0 * 160.0 / 3600.0))),)


def test_a_rate_with_a_unit_is_read_too(tmp_path):
    patients = of_table(tmp_path, "TIME,AMT,RATE\n0,240 mg,8 mg/min\n", 'time = "h", drug = "nivolumab"')
    assert patients["1"] == (Given(0.0, "nivolumab", 240.0, 30.0),)


def test_two_doses_at_one_time_are_both_kept(tmp_path):
    assert len(of_table(tmp_path, "TIME,AMT\n5,100\n5,100\n")["1"]) == 2


def test_every_additional_dose_before_the_end_is_given(tmp_path):
    assert len(of_table(tmp_path, "TIME,AMT,ADDL,II\n0,10,99,24\n")["1"]) == 100


def test_rows_that_are_remarks_give_nothing(tmp_path):
    table = "C,ID,TIME,AMT,DV\n.,1,0,240,.\nC,1,336,240,.\nc,x,soon,much,.\n,1,400,.,3\n"
    assert of_table(tmp_path, table) == {"1": (Given(0.0, "nivolumab", 240.0),)}
    assert of_table(tmp_path, "ID,TIME,AMT\n1,0,240\n#1,336,240\n") == {
        "1": (Given(0.0, "nivolumab", 240.0),)
    }
    # A column C of numbers holds something else, as concentrations.
    assert of_table(tmp_path, "TIME,AMT,C\n0,240,1.5\n")["1"] == (Given(0.0, "nivolumab", 240.0),)


def test_another_weight_beside_the_one_that_is_read_is_left_alone(tmp_path):
    assert of_table(tmp_path, "TIME,AMT,WT,WEIGHT\n0,3 mg/kg,50,75\n")["1"][0].amount == 150.0


def test_doses_of_the_file_are_given_to_every_patient_of_the_table(tmp_path):
    patients = of_table(
        tmp_path,
        "ID,TIME,AMT\n7,1,10\n8,2,20\n",
        more='dose = [{ drug = "vorinostat", amount = "400 mg" }]\n',
    )
    assert all(doses[0] == Given(0.0, "vorinostat", 400.0) for doses in patients.values())
    assert {len(doses) for doses in patients.values()} == {2}


def test_a_table_may_be_tabs_or_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert of_table(tmp_path, "TIME\tAMT\n1\t10\n", name="doses.tsv")["1"][0].time == HOUR
    pq.write_table(
        pa.table({"TIME": [0.0, 24.0], "AMT": [10, None], "EVID": [1, 0]}), tmp_path / "doses.parquet"
    )
    assert of_table(tmp_path, None, name="doses.parquet")["1"] == (Given(0.0, "nivolumab", 10.0),)


WRONG_TABLES = {
    "a weight of another name": ("TIME,AMT,WEIGHT\n0,3 mg/kg,50\n", "Did you mean 'WT' [kg]?"),
    "a body weight": ("TIME,AMT,bw\n0,3 mg/kg,50\n", "column 'bw' is not one of ID, TIME"),
    "a height of another name": ("TIME,AMT,WT,Height\n0,3,50,170\n", "Did you mean 'HT' [cm]?"),
    "a patient of another name": ("SUBJID,TIME,AMT\n1,0,3\n2,0,3\n", "Did you mean 'ID'?"),
    "units in a column": ("TIME,AMT,UNIT\n0,3,mg/kg\n", "column 'UNIT' holds units"),
    "dates in a column": ("DATE,TIME,AMT\n2020-01-03,0,3\n", "column 'DATE' holds dates"),
    "spaces": (" ID TIME AMT\n 1 0 240\n", "row 1  columns are separated by spaces"),
    "a remark of another sign": ("C,TIME,AMT\nx,0,3\n", "row 2, column C  'x' is no mark of a remark"),
    "after the end": (
        "TIME,AMT\n0,5\n2400,5\n",
        "row 3, column TIME  '2400' is not before the end of the course, 100 d",
    ),
    "additional after the end": (
        "TIME,AMT,ADDL,II\n240,5,100,24\n",
        "row 2, column ADDL  '100' doses follow; 89 of them are before the end of the course, 100 d",
    ),
    "additional without end": ("TIME,AMT,ADDL,II\n0,5,9999,1e305\n", "0 of them are before the end"),
    "no time": ("AMT\n10\n", "has no column TIME"),
    "misspelt column": ("TIME,AMT,ADLL\n0,10,2\n", "Did you mean 'ADDL'?"),
    "a column twice": ("TIME,time,AMT\n0,0,10\n", "column TIME is there twice"),
    "a clock time": ("TIME,AMT\n08:30,10\n", "row 2, column TIME  '08:30' is a date or clock time"),
    "a date": ("TIME,AMT\n2020/1/3,10\n", "Count the time from the first dose"),
    "before time 0": ("TIME,AMT\n-1,10\n", "'-1' is before time 0"),
    "a wrong unit of time": ("TIME,AMT\n1 mg,10\n", "wrong dimension"),
    "no time in a dose": ("TIME,AMT\n.,10\n", "column TIME  is empty"),
    "a word for an amount": ("TIME,AMT\n0,much\n", "row 2, column AMT  'much' is not a finite number"),
    "a decimal comma": ('TIME,AMT\n0,"1,5"\n', "Write decimals with a point."),
    "no amount": ("TIME,AMT,EVID\n0,.,1\n", "row that is a dose (EVID 1)"),
    "an amount below 0": ("TIME,AMT\n0,-5\n", "must be above 0"),
    "an amount beyond any": ("TIME,AMT\n0,1e9\n", "beyond any real dose"),
    "a concentration": ("TIME,AMT\n0,3 uM\n", "no amount that blood carries"),
    "an observation with an amount": ("TIME,AMT,EVID\n0,5,0\n", "'0' is an observation, but AMT is '5'"),
    "a reset": ("TIME,AMT,EVID\n0,5,4\n", "'4' resets the body"),
    "no such event": ("TIME,AMT,EVID\n0,5,7\n", "'7' is no kind of event"),
    "half an event": ("TIME,AMT,EVID\n0,5,1.5\n", "'1.5' is not a whole number"),
    "steady state": ("TIME,AMT,SS,II\n0,5,1,24\n", "asks for a steady state"),
    "no interval": ("TIME,AMT,ADDL\n0,5,3\n", "column ADDL  '3' doses follow, but II is empty or 0"),
    "additional below 0": ("TIME,AMT,ADDL,II\n0,5,-3,24\n", "'-3' is below 0"),
    "too many": ("TIME,AMT,ADDL,II\n0,5,20000,24\n", "'20000' is above the most allowed"),
    "an estimated rate": ("TIME,AMT,RATE\n0,5,-2\n", "stands for one that is estimated"),
    "a rate and a duration": ("TIME,AMT,RATE,DUR\n0,5,2,1\n", "is given beside RATE"),
    "a rate of something else": (
        "TIME,AMT,RATE\n0,5,2 L/h\n",
        "column RATE  unit 'L/h' has the wrong dimension",
    ),
    "a compartment": ("TIME,AMT,CMT\n0,5,2\n", "'2' is no compartment into which nivolumab is given"),
    "an unknown drug": ("TIME,AMT,DRUG\n0,5,nivolumap\n", "Did you mean 'nivolumab'?"),
    "a brand name": ("TIME,AMT,DRUG\n0,5,Opdivo\n", "Did you mean 'nivolumab'? It is named so here."),
    "no kinetics": (
        "TIME,AMT,DRUG\n0,5,s63845\n",
        "does not know how the body takes up and clears s63845: it is of the laboratory and was never given to people",
    ),
    "radiation": ("TIME,AMT,DRUG\n0,5,radiation\n", "which no blood carries"),
    "cells": (
        "TIME,AMT,DRUG\n0,5,tisagenlecleucel\n",
        'to a patient with a tumour: dose = [{ drug = "tisagenlecleucel", amount = "2e8 cells" }]',
    ),
    "other cells": ("TIME,AMT,DRUG\n0,5,expanded_nk\n", "Give it to a tissue"),
    "micrograms": ("TIME,AMT\n0,5 mcg\n", 'Micrograms are written "ug": "5 ug".'),
    "an activity": ("TIME,AMT\n0,5 IU/kg\n", "How much of the drug has this activity"),
    "a mouthful of antibody": ("TIME,AMT,ROUTE\n0,5,oral\n", "does not know how nivolumab is absorbed"),
    "no route": ("TIME,AMT,ROUTE\n0,5,ear\n", "'ear' is not one of iv, oral, sc"),
    "an oral drug into a vein": ("TIME,AMT,DRUG,ROUTE\n0,5,vorinostat,iv\n", "over the share that arrives"),
    "a giant": ("TIME,AMT,WT\n0,5,4000\n", "'4000' is no weight of a person in kg"),
    "no weight": ("TIME,AMT\n0,5 mg/kg\n", "needs the weight of the patient"),
    "no height": ("TIME,AMT,WT\n0,5 mg/m2,70\n", "needs the height of the patient"),
    "a patient without a name": ("ID,TIME,AMT\n,0,5\n", "column ID  is empty"),
    "ragged": ("TIME,AMT\n0,5,3\n1,2\n", "has 3 values; the header has 2"),
    "empty": ("", "is empty"),
    "no rows": ("TIME,AMT\n", "has a header but no rows"),
}


@pytest.mark.parametrize("what", WRONG_TABLES)
def test_a_wrong_table_is_refused_with_its_place_and_value(what, tmp_path):
    table, words = WRONG_TABLES[what]
    told = fault(tmp_path, table)
    assert words in told
    assert "doses.csv" in told


def test_every_wrong_row_is_told_at_once(tmp_path):
    told = fault(tmp_path, "TIME,AMT\n0,x\n-1,5\n2,5\n3,\n")
    assert "row 2" in told
    assert "row 3" in told
    assert "row 4" not in told


WRONG_UNITS = {
    "no unit of time": ('amount = "mg", drug = "nivolumab"', "'1' has no unit; expected one such as h or d"),
    "no unit of amount": (
        'time = "h", drug = "nivolumab"',
        "'5' has no unit; expected one such as mg or mg/kg",
    ),
    "no drug": ('time = "h", amount = "mg"', "names no drug"),
    "a wrong unit": ('time = "mg", amount = "mg", drug = "nivolumab"', "time 'mg' is no unit of it"),
    "a wrong amount": ('time = "h", amount = "h", drug = "nivolumab"', "amount 'h' is no unit of it"),
    "micrograms": ('time = "h", amount = "mcg/kg", drug = "nivolumab"', '"ug": "ug/kg"'),
    "a wrong drug": (
        'time = "h", amount = "mg", drug = "nivo"',
        "course.toml:2  [table]  drug 'nivo' is not in",
    ),
    "a wrong key": ('time = "h", amounts = "mg"', "Did you mean 'amount'?"),
}


@pytest.mark.parametrize("what", WRONG_UNITS)
def test_what_a_table_counts_in_must_be_said(what, tmp_path):
    units, words = WRONG_UNITS[what]
    assert words in fault(tmp_path, "TIME,AMT\n1,5\n", units)


WRONG_COURSES = {
    "no duration": ("", "the key 'duration' is missing"),
    "a wrong key": ('duration = "1 d"\ndoses = []', "Did you mean 'dose'?"),
    "a bare number": ("duration = 3", "Write it with its unit"),
    "an unknown drug": (
        'duration = "9 d"\ndose = [{ drug = "nivo", amount = "1 mg" }]',
        "course.toml:2  dose 1  drug 'nivo'",
    ),
    "no unit": ('duration = "9 d"\ndose = [{ drug = "nivolumab", amount = 240 }]', "amount: 240 has no unit"),
    "a concentration": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 uM" }]',
        'per body surface "20 mg/m2"',
    ),
    "no weight": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg/kg" }]',
        "amount '3 mg/kg' needs the weight of the patient",
    ),
    "no height": (
        'duration = "9 d"\npatient = { weight = "70 kg" }\ndose = [{ drug = "nivolumab", amount = "3 mg/m2" }]',
        "needs the height of the patient",
    ),
    "a weight of another kind": (
        'duration = "9 d"\npatient = { weight = "70 cm" }',
        "patient.weight: unit 'cm'",
    ),
    "no such formula": (
        'duration = "9 d"\npatient = { weight = "70 kg", surface = "mostellar" }',
        "Did you mean 'mosteller'?",
    ),
    "by mouth": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", route = "oral" }]',
        "dose 1  route 'oral': the knowledge base does not know how nivolumab is absorbed",
    ),
    "no such route": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", route = "orall" }]',
        "Did you mean 'oral'?",
    ),
    "too late": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", at = "9 d" }]',
        "at '9 d' is not before the end, '9 d'",
    ),
    "until without every": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", until = "8 d" }]',
        "is given without every",
    ),
    "until before at": (
        'duration = "9 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", at = "5 d", every = "1 d", until = "3 d" }]',
        "until '3 d' is before at '5 d'",
    ),
    "without end": (
        'duration = "900 d"\ndose = [{ drug = "nivolumab", amount = "3 mg", every = "1 min" }]',
        "at most 10,000 are allowed",
    ),
    "too many rows": ('duration = "900 d"\nevery = "1 s"', "at most 1,000,000 are allowed"),
    "a long step": ('duration = "1 d"\nevery = "2 d"', "is longer than the duration"),
    "no such table": ('duration = "1 d"\ntable = { file = "dosis.csv" }', "there is no such file"),
}


def test_doses_are_counted_until_their_end_and_not_that_of_the_course(tmp_path):
    dose = '{ drug = "nivolumab", amount = "3 mg", every = "1 min", until = "99 min" }'
    file = tmp_path / "course.toml"
    file.write_text(f'duration = "900 d"\nevery = "1 d"\ndose = [{dose}]')
    assert len(read_course(file).patients["1"]) == 100


@pytest.mark.parametrize("what", WRONG_COURSES)
def test_a_wrong_course_is_refused_with_its_line(what, tmp_path):
    text, words = WRONG_COURSES[what]
    assert words in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("drug", "amount", "problem", "fix"),
    [
        ("nivolumab", "5 mcg", "neither a mass", 'Micrograms are written "ug": "5 ug".'),
        ("nivolumab", "5 MCG/kg", "neither a mass", '"5 ug/kg"'),
        ("nivolumab", "5 MIU/m2", "neither a mass", "How much of the drug has this activity"),
        ("nivolumab", "5 U", "an activity", "How much of the drug has this activity"),
        ("nivolumab", "1e15 cells", "beyond any real dose", 'Write "240 mg"'),
        ("tisagenlecleucel", "1e15 cells", "beyond any real dose", 'Write "2e8 cells"'),
        ("tisagenlecleucel", "100 mg", "is made of cells", '"2e8 cells"'),
        ("tisagenlecleucel", "100 mcg", "neither a mass", 'Write "2e8 cells"'),
        ("tisagenlecleucel", "2 million cells", "is no number of cells, in all or per body", "2e6 cells/kg"),
        ("tisagenlecleucel", "200 cells/mm2", "is no number of cells, in all or per body", "2e6 cells/kg"),
        ("tisagenlecleucel", "2.5 cells", "cells are whole", 'for example "3 cells"'),
    ],
)
def test_an_amount_that_is_none_is_answered_with_one_of_that_drug(drug, amount, problem, fix, tmp_path):
    told = refused(tmp_path, f'duration = "9 d"\ndose = [{{ drug = "{drug}", amount = "{amount}" }}]')
    assert "course.toml:2  dose 1  amount" in told
    assert problem in told
    assert fix in told


def test_all_faults_of_a_course_are_told_at_once(tmp_path):
    told = refused(tmp_path, 'duration = "9 d"\nevry = "1 h"\ndose = [{ drug = "nivo", amount = "3 mg/kg" }]')
    assert "unknown key 'evry'" in told
    assert "drug 'nivo'" in told
    assert "needs the weight" in told


@given(
    st.floats(1e-3, 99.0), st.sampled_from(["mg", "ug", "g", "mg/kg", "ug/kg", "mg/m2", "mg/m^2", "g/m**2"])
)
def test_a_dose_reads_in_any_spelling_of_its_unit(value, unit):
    scale = {"m": 1.0, "u": 1e-3, "g": 1e3}[unit[0]]
    read, kind = read_dose(f"{value!r} {unit}")
    assert read == pytest.approx(value * scale)
    assert kind == {"kg": "mg/kg", "m2": "mg/m**2", "m^2": "mg/m**2", "m**2": "mg/m**2"}.get(
        unit.partition("/")[2], "mg"
    )


CELLS = [
    *[
        "",
        ".",
        "0",
        "1",
        "24",
        "-1",
        "1.5",
        "1e9",
        "1e400",
        "nan",
        "inf",
        "NA",
        "x",
        "1 d",
        "3 mg/kg",
        "2 mg",
        "08:30",
        "5 mg/h",
        "nivolumab",
        "vorinostat",
        "nivo",
        "iv",
    ],
    *["oral", "central", "depot", "1_000", "1,5", "٣", "0x1", "-0", "1 m", "%"],
    "9" * 400,
]
COLUMNS = [*KNOWN, "DV"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(COLUMNS), max_size=8, unique=True),
    st.lists(st.lists(st.sampled_from(CELLS), min_size=10, max_size=10), min_size=1, max_size=4),
)
def test_whatever_a_table_holds_it_is_read_or_refused_in_words(tmp_path, more, rows):
    columns = ["TIME", "AMT", *(column for column in more if column not in ("TIME", "AMT"))]
    lines = [",".join(columns), *(",".join(f'"{cell}"' for cell in row[: len(columns)]) for row in rows)]
    try:
        patients = of_table(tmp_path, "\n".join(lines) + "\n")
    except InputError as error:
        assert all(fault.where.startswith("doses.csv") for fault in error.faults)
    else:
        for dose in (dose for doses in patients.values() for dose in doses):
            assert 0.0 <= dose.time < 100 * DAY
            assert 0.0 < dose.amount < math.inf
            assert 0.0 <= dose.lasting < math.inf


def test_an_arm_is_dosed_by_weight_and_surface_and_infused():
    dose = {"drug": "nivolumab", "amount": "100 mg/m2", "lasting": "1 h"}
    arm = [{"name": "a", "dose": [dose]}]
    (alone,) = plan(arm=arm).courses[0].regimen.drugs[0].doses
    assert (alone.lasting, alone.amount) == (60.0, pytest.approx(100.0 * surface_of_weight(80.0)))
    asked = scenario(arm=arm, patient={"weight": "70 kg", "height": "175 cm"})
    assert measures_of(asked, asked.library().tumours["melanoma"]) == (
        70.0,
        pytest.approx(math.sqrt(175 * 70 / 3600)),
    )


@pytest.mark.parametrize(("weight", "surface"), [(80.0, 1.99), (70.0, 1.83), (0.02, 0.0075)])
def test_surface_follows_from_weight(weight, surface):
    assert surface_of_weight(weight) == pytest.approx(surface, rel=0.01)


def test_what_is_given_at_once_lasts_no_time():
    with pytest.raises(InputError, match="a fraction is given at once"):
        scenario(arm=[{"name": "a", "dose": [{"drug": "radiation", "amount": "2 Gy", "lasting": "1 h"}]}])

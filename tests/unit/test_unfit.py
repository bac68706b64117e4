"""Doses that do not fit a patient or a tissue are told as doubts."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsonin.cli.main import main
from opsonin.engine.compile import compile_scenario
from opsonin.io.scenario import check_scenario
from opsonin.io.unfit import doses_in_doubt, doubts_in, labels_in_doubt, numbers_in_doubt
from tissues import CONTROL, NIVOLUMAB, plan, scenario

HELD = {"name": "held", "dose": [{"drug": "nivolumab", "amount": "10 nM", "lasting": "1 d"}]}


@pytest.mark.parametrize(
    ("tumour", "arm", "doubts"),
    [("b16", NIVOLUMAB, ["by amount"]), ("b16", HELD, []), ("melanoma", NIVOLUMAB, [])],
)
def test_an_amount_into_the_volumes_of_another_species_is_doubtful(
    tumour: str, arm: dict[str, object], doubts: list[str]
) -> None:
    asked = scenario(tissue__tumour=tumour, arm=[CONTROL, arm])
    told = list(doses_in_doubt(asked, asked.library(), {"cancer", "cd8"}))
    assert len(told) == len(doubts)
    assert all(words in text for words, text in zip(doubts, told, strict=True))


def test_a_drug_whose_receptor_no_cell_carries_is_doubtful() -> None:
    asked = scenario(arm=[CONTROL, NIVOLUMAB])
    told = list(doses_in_doubt(asked, asked.library(), {"cancer", "other"}))
    assert told == ["nivolumab blocks PD-1, which no cell that kills in this tissue carries."]


def test_a_run_tells_its_doubts_of_doses() -> None:
    densities = {"cancer": "2500 cells/mm2", "cd8": "0 cells/mm2", "other": "600 cells/mm2"}
    notes = plan(arm=[CONTROL, NIVOLUMAB], tissue__generate__densities=densities).notes
    assert any(note.startswith("Doubtful: nivolumab blocks PD-1") for note in notes)


@pytest.mark.parametrize(
    ("labels", "tumour", "doubted"),
    [
        ("tnbc-mibi", "melanoma", True),
        ("tnbc-mibi", "tnbc", False),
        ("tnbc-mibi", "her2_breast", False),  # breast cancer, too
        ("melanoma-markers", "b16", True),
        ("codex-mouse", "b16", False),
        ("pdac-markers", "pdac", False),
        ("my/tnbc-labels.toml", "melanoma", False),  # whose own file it is knows best
    ],
)
def test_labels_of_another_disease_than_the_tumour_are_doubtful(
    labels: str, tumour: str, doubted: bool
) -> None:
    asked = scenario(tissue__tumour=tumour)
    read = asked.model_copy(update={"tissue": asked.tissue.model_copy(update={"labels": labels})})
    told = list(labels_in_doubt(read, asked.library()))
    assert len(told) == doubted
    assert all(f"'{labels}'" in text and f"'{tumour}'" in text for text in told)


def test_check_and_run_tell_of_labels_of_another_disease(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{12 * (k % 10)},{12 * (k // 10)},SOX10+" for k in range(100)]
    (tmp_path / "cells.csv").write_text("\n".join(["x_um,y_um,cell_type", *rows]))
    asked = tmp_path / "scenario.toml"
    asked.write_text(
        '[scenario]\nname = "s"\nduration = "1 d"\n[tissue]\ntumour = "tnbc"\nbiopsy = "cells.csv"\n'
        'labels = "melanoma-markers"\n[[arm]]\nname = "control"\n'
    )
    assert main(["check", str(asked)]) == 0
    assert "doubt   the labels 'melanoma-markers' are those of 'melanoma'" in capsys.readouterr().out
    notes = compile_scenario(check_scenario(asked)[0]).notes
    assert any(note.startswith("Doubtful: the labels 'melanoma-markers'") for note in notes)


@pytest.mark.parametrize(
    ("path", "value", "doubted"),
    [
        ("tumour.melanoma.patient_weight", "1e300 kg", True),
        ("tumour.melanoma.patient_weight", "1 g", True),
        ("tumour.melanoma.patient_weight", "60 kg", False),
        ("cell.cd8.trafficking.retention", 0.0, False),
    ],
)
def test_a_number_far_outside_its_range_is_doubtful_and_a_knock_out_is_not(
    path: str, value: str | float, doubted: bool
) -> None:
    asked = scenario(knowledge={path: value})
    told = list(numbers_in_doubt(asked, asked.library()))
    assert len(told) == doubted
    assert all(text.startswith(f"{path} = {value} is far outside its range") for text in told)


@pytest.mark.parametrize(("thickness", "doubtful"), [("2 mm", True), ("1 um", True), ("15 um", False)])
def test_a_section_thicker_or_thinner_than_any_cut_is_doubtful(
    thickness: str, doubtful: bool, tmp_path: Path, shared_data: Path
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        '[scenario]\nname = "a"\nduration = "1 d"\n[tissue]\ntumour = "melanoma"\nlabels = "melanoma-markers"\n'
        f'biopsy = "{shared_data}/biopsies/melanoma_cells.csv.gz"\nselect = {{ patient = "MEL05", image = "2" }}\n'
        f'thickness = "{thickness}"\n[[arm]]\nname = "control"\n'
    )
    asked, _ = check_scenario(file)
    told = [text for text in doubts_in(asked, asked.library(), {"cancer"}) if text.startswith("thickness")]
    assert bool(told) == doubtful


@pytest.mark.parametrize(("every", "doubtful"), [("6 min", True), ("2 h", False)])
def test_a_dose_given_more_often_than_anybody_does_is_doubtful(every: str, doubtful: bool) -> None:
    asked = scenario(arm=[{"name": "a", "dose": [{"drug": "nivolumab", "amount": "1 mg", "every": every}]}])
    told = list(doubts_in(asked, asked.library(), {"cancer", "cd8"}))
    assert told == (["arm 'a' is given nivolumab every 6 min: 240 doses a day."] if doubtful else [])


def test_an_antibody_whose_antigen_no_cell_carries_is_doubtful() -> None:
    dose = {"drug": "blinatumomab", "amount": "10 pM", "lasting": "1 d"}
    asked = scenario(arm=[{"name": "a", "dose": [dose]}])
    told = list(doubts_in(asked, asked.library(), {"cancer", "cd8"}))
    assert told == ["blinatumomab needs CD19, which no cell in this tissue carries."]


@pytest.mark.parametrize(("share", "doubtful"), [(0.9, True), (0.01, False)])
def test_more_that_recognise_the_tumour_than_carry_pd1_are_doubtful(share: float, doubtful: bool) -> None:
    asked = scenario(knowledge={"cell.cd8.lytic.reactive_fraction": share})
    told = [text for text in doubts_in(asked, asked.library(), {"cancer", "cd8"}) if "PD-1" in text]
    assert bool(told) == doubtful
    assert all(text.startswith("0.9 of cd8 are to recognise the tumour") for text in told)

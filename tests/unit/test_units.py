"""Quantities as people write them become floats in base units, or a refusal that names what was written.

Which quantities a scenario or a library holds is tested with them.
"""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsonin.core.schedule import ticks
from opsonin.core.units import UnitError, split, to_unit


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("14 d", "min", 20160.0),
        ("1 week", "min", 10080.0),
        ("30 s", "min", 0.5),
        ("20um", "um", 20.0),
        ("20 µm", "um", 20.0),
        ("20 μm", "um", 20.0),
        ("1e-3 m", "um", 1000.0),
        ("300 cells/mm2", "cell/um**2", 3e-4),
        ("300 cells/mm^2", "cell/um**2", 3e-4),
        ("300 /mm2", "1/um**2", 3e-4),
        ("0.23 L/d", "liter/min", 0.23 / 1440.0),
        ("1 nM", "molecule/um**3", 0.602214076),
        ("146 kg/mol", "mg/mol", 1.46e8),
        ("25 %", "", 0.25),
        ("0.25", "", 0.25),
        (0.25, "", 0.25),
        (7, "", 7.0),
        ("1_000 um", "um", 1000.0),
        ("+.5 h", "min", 30.0),
    ],
)
def test_quantities_convert(text: object, unit: str, value: float) -> None:
    assert to_unit(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("14", "min", "no unit"),
        (14, "min", "no unit"),
        ("14 um", "min", "dimension"),
        ("14 fortnights", "min", "fortnights"),
        ("fourteen d", "min", "fourteen d"),
        ("1,5 d", "min", "1,5 d"),
        ("1__0 d", "min", "1__0 d"),
        ("", "min", "''"),
        ("nan d", "min", "nan d"),
        ("1e999 d", "min", "finite"),
        (math.nan, "", "finite"),
        (math.inf, "", "finite"),
        (10**400, "", "finite"),
        (True, "", "True"),
        (None, "min", "None"),
        (["14 d"], "min", "14 d"),
        ("1 d**9**9**9", "min", "d**9**9**9"),
        ("1 d**(9**9**9)", "min", "9**9**9"),
        ("1 d^99999999", "min", "99999999"),
        ("1 " + "d " * 5000 + "?", "min", "not a number"),
        ("1 d*/", "min", "d*/"),
        ("1 d; import os", "min", "not a number"),
        ("5 d", "", "dimension"),
        ("240 MG", "mg", "Did you mean 'mg'?"),
        ("10 D", "min", "Did you mean 'd'?"),
        ("1 MM", "nM", "Did you mean 'mm' or 'mM'?"),
        ("10 m", "min", "m is the metre, min the minute"),
        ("1 month", "min", "write days or weeks"),
        ("2 years", "min", "write days or weeks"),
    ],
)
def test_what_is_no_quantity_is_refused_in_its_own_words(text: object, unit: str, said: str) -> None:
    with pytest.raises(UnitError) as refused:
        to_unit(text, unit)
    assert said in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_converts_or_is_refused_but_never_fails_otherwise(text: str) -> None:
    with contextlib.suppress(UnitError):
        assert math.isfinite(to_unit(text, "um"))


def test_number_and_unit_are_split() -> None:
    assert split("3 mg/kg") == (3.0, "mg/kg")


@pytest.mark.parametrize("minutes", [10.00001, 7257600.005, 0.001])
def test_times_that_are_not_whole_seconds_have_no_ticks(minutes: float) -> None:
    with pytest.raises(ValueError, match="whole number of seconds"):
        ticks(minutes)


def test_whole_seconds_are_ticks_however_they_were_converted() -> None:
    assert ticks(to_unit("0.1 d", "min")) == 8640
    assert ticks(to_unit("1e8 s", "min")) == 100_000_000

"""The rule that pages are held to, held against the standard's own examples."""

from __future__ import annotations

import pytest

from browser.legibility import channels, contrast


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((118, 118, 118), (255, 255, 255), 4.54),  # the grey that just passes
        ((119, 119, 119), (255, 255, 255), 4.48),  # the grey that just fails
        ((255, 0, 0), (255, 255, 255), 4.0),
    ],
)
def test_contrast_is_that_of_the_standard(
    one: tuple[int, int, int], other: tuple[int, int, int], ratio: float
) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_colours_are_read_as_browsers_write_them() -> None:
    assert channels("rgb(1, 2, 3)") == ((1.0, 2.0, 3.0), 1.0)
    assert channels("rgba(0, 0, 0, 0)")[1] == 0.0

"""How many cells recognise the tumour is said of all of their type, and found among those with PD-1, in both tiers."""

from __future__ import annotations

import pytest

from opsonin.knowledge.library import load_library
from opsonin.model.specificity import recognising, recognising_among_marked
from tissues import plan

TYPES = ("cd8", "cd4")


def sees(kind, positive, reactive):
    part = "lytic" if kind == "cd8" else "helping"
    changed = {
        f"cell.{kind}.{part}.pd1_positive": positive,
        f"cell.{kind}.{part}.reactive_fraction": reactive,
    }
    return changed, part


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("positive", "reactive", "recognise"), [(0.4, 0.2, 0.2), (1, 0.3, 0.3), (0.4, 0.6, 0.4)]
)
def test_newcomers_recognise_the_tumour_as_often_as_is_said_of_their_type(
    kind, positive, reactive, recognise
):
    changed, part = sees(kind, positive, reactive)
    made = plan(knowledge=changed)
    (source,) = (source for source in made.arrivals if made.species.cells[source.kind] == kind)
    assert source.marker_positive * source.reactive == pytest.approx(recognise)
    assert recognising(getattr(made.library.cells[kind], part)) == pytest.approx(recognise)


def test_none_recognises_it_where_none_carries_the_marker():
    lytic = load_library().cells["cd8"].lytic
    bare = lytic.model_copy(update={"pd1_positive": lytic.pd1_positive.model_copy(update={"value": 0.0})})
    assert recognising(bare) == recognising_among_marked(bare) == 0.0

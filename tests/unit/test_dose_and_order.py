"""Drugs hit every cell that has their target, killers too: so dose and order decide."""

from __future__ import annotations

from tissues import grown, live, plan

FIELD = {"cancer": "2500 cells/mm2", "cd8": "800 cells/mm2", "nk": "0 cells/mm2", "macrophage": "0 cells/mm2"}
BLINATUMOMAB = {"drug": "blinatumomab", "amount": "100 pM", "lasting": "1 d"}
DAY = 1440.0


def treated(*doses, minutes=2 * DAY, seed=1):
    return grown(
        plan(
            scenario__seed=seed,
            scenario__duration="3 d",
            tissue__tumour="b_all",
            tissue__generate__densities=FIELD,
            arm=[{"name": "a", "dose": list(doses)}],
        ),
        minutes,
    )


def cyclophosphamide(amount, at="0 d"):
    return {"drug": "cyclophosphamide", "amount": amount, "lasting": "1 d", "at": at}


def left(*doses):
    """Tumour cells that are left of three tissues."""
    found = [treated(*doses, seed=seed) for seed in (1, 2, 3)]
    return sum(live(tissue, "cancer") * tissue.weight for tissue in found)


def test_the_order_of_chemotherapy_and_a_bispecific_decides():
    """Each for a day: chemotherapy first leaves killers fewer targets, last it takes the killers at work."""
    first = left(cyclophosphamide("200 uM"), BLINATUMOMAB | {"at": "1 d"})
    last = left(BLINATUMOMAB, cyclophosphamide("200 uM", at="1 d"))
    assert last > 1.25 * first


def test_the_more_of_it_the_fewer_killers_are_left():
    found = [treated(cyclophosphamide(amount), minutes=DAY) for amount in ("0.1 uM", "20 uM", "2 mM")]
    killers = [live(tissue, "cd8") * tissue.weight for tissue in found]
    assert killers[0] > killers[1] > killers[2]

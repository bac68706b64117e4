"""Drugs hit every cell that has their target, killers too: so dose and order decide."""

from __future__ import annotations

from tissues import grown, interval, live, plan

FIELD = {"cancer": "2500 cells/mm2", "cd8": "800 cells/mm2", "nk": "0 cells/mm2", "macrophage": "0 cells/mm2"}
BLINATUMOMAB = {"drug": "blinatumomab", "amount": "100 pM", "lasting": "1 d"}
DAY = 1440.0


def treated(*doses, minutes=2 * DAY, seed=1, **changes):
    return grown(
        plan(
            scenario__seed=seed,
            scenario__duration="3 d",
            tissue__tumour="b_all",
            tissue__generate__densities=FIELD,
            arm=[{"name": "a", "dose": list(doses)}],
            **changes,
        ),
        minutes,
    )


def cyclophosphamide(amount, at="0 d"):
    return {"drug": "cyclophosphamide", "amount": amount, "lasting": "1 d", "at": at}


def left(seed, *doses):
    """Tumour cells that are left; a field wide enough to tell a third."""
    tissue = treated(*doses, seed=seed, tissue__generate__size=["400 um", "400 um"])
    return live(tissue, "cancer") * tissue.weight


def test_the_order_of_chemotherapy_and_a_bispecific_decides():
    """Each for a day: chemotherapy that depletes lymphocytes takes the killers, first before they work, last after.

    50 uM of free drug for a day are the exposure of some 30 mg/kg. Four paired replicates, 90 % interval of the
    difference; it was -51 to -39 cells of some 160.
    """
    first_doses = cyclophosphamide("50 uM"), BLINATUMOMAB | {"at": "1 d"}
    last_doses = BLINATUMOMAB, cyclophosphamide("50 uM", at="1 d")
    more = [left(seed, *last_doses) - left(seed, *first_doses) for seed in (1, 2, 3, 4)]
    _, high = interval(more, 0.90)
    assert high < 0.0


def test_the_more_of_it_the_fewer_killers_are_left():
    found = [treated(cyclophosphamide(amount), minutes=DAY) for amount in ("0.1 uM", "20 uM", "2 mM")]
    killers = [live(tissue, "cd8") * tissue.weight for tissue in found]
    assert killers[0] > killers[1] > killers[2]

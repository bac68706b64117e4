"""What a population file says of numbers that vary together: pairs and matrices made one matrix for each group.

A group that no set of numbers could follow is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opsonin.core.errors import did_you_mean
from opsonin.io.check import Draft
from opsonin.model.population import Population
from opsonin.model.varied import Correlated, Marginal

_ROUNDING = 1e-9  # by which the smallest eigenvalue of a matrix may be below 0


def correlated(
    draft: Draft, population: Population, marginals: Mapping[str, Marginal]
) -> tuple[Correlated, ...]:
    """Groups of names that vary together, each in the order of `marginals`; faults are noted in `draft`."""
    found: dict[frozenset[str], float] = {}
    known = {*population.covariate, *population.parameter}
    for number, entry in enumerate(population.correlation):
        path = ("correlation", number)
        wrong = [name for name in entry.between if name not in known]
        for name in wrong:
            problem = f"'{name}' is no covariate or parameter of this file."
            draft.fault((*path, "between"), problem, did_you_mean(name, known))
        for name in entry.between:
            if name in marginals and marginals[name].kind == "fixed":
                draft.fault((*path, "between"), f"'{name}' is fixed, so that nothing varies with it")
        for first, second, value in entry.pairs():
            if frozenset((first, second)) in found:
                draft.fault(path, f"the correlation of {first} and {second} is given twice")
            found[frozenset((first, second))] = value
    if draft.faults:
        return ()
    groups = [_matrix(names, found) for names in _groups(list(marginals), found)]
    for group in groups:
        _check_possible(draft, group)
    return tuple(groups)


def _groups(names: list[str], pairs: Mapping[frozenset[str], float]) -> list[list[str]]:
    """Names that pairs join, directly or through others, each group in the order of `names`."""
    joined = {name: {name} for name in names}
    for pair in pairs:
        first, second = sorted(pair)
        both = joined[first] | joined[second]
        for name in both:
            joined[name] = both
    groups = {min(group, key=names.index): group for group in joined.values() if len(group) > 1}
    return [sorted(groups[first], key=names.index) for first in sorted(groups, key=names.index)]


def _matrix(names: list[str], pairs: Mapping[frozenset[str], float]) -> Correlated:
    rows = [
        tuple(1.0 if one == other else pairs.get(frozenset((one, other)), 0.0) for other in names)
        for one in names
    ]
    return Correlated(tuple(names), tuple(rows))


def _check_possible(draft: Draft, group: Correlated) -> None:
    smallest = float(np.linalg.eigvalsh(np.array(group.matrix))[0])
    if smallest < -_ROUNDING:
        names = ", ".join(group.names)
        problem = (
            f"no numbers can vary together as is said of {names}: their correlation matrix is not positive "
            f"semidefinite (smallest eigenvalue {smallest:.3g})."
        )
        fix = "Pairs that are not given are 0; give those, too, or weaken the others."
        draft.fault(("correlation", 0), problem, fix)

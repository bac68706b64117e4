"""Integrals over time beside a model: each column that is averaged or summed gets a variable whose rate it is.

So an area under a curve is as exact as the integrator, however seldom the curve is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from opsonin.core.errors import Fault, RunError
from opsonin.patient.extra import extra


def integral(name: str) -> str:
    """What a model calls the integral of `name` over its time, from time 0 on."""
    return f"{name}__over_time"


def with_integrals(text: str, names: Iterable[str]) -> str:
    """An SBML text that integrates these of its names, too.

    Raises:
        HostError: the extra is missing. RunError: the model has a name of an integral already.
    """
    sbml = extra("libsbml")
    document = sbml.readSBMLFromString(text)
    model = document.getModel()
    for name in names:
        if model.getElementBySId(integral(name)) is not None:
            raise RunError(Fault("patient's model", f"has a '{integral(name)}' of its own."))
        variable = model.createParameter()
        variable.setId(integral(name))
        variable.setName(f"integral of {name} over time")
        variable.setConstant(False)
        variable.setValue(0.0)
        rule = model.createRateRule()
        rule.setVariable(integral(name))
        rule.setMath(sbml.parseL3Formula(name))
    return str(sbml.writeSBMLToString(document))

"""Published models of a tumour and its immune cells, written as SBML from their equations and numbers.

They come from no file of ours: a test reads them as a model of somebody else. Numbers and answers: rows G001 to G019 of
the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

import libsbml

# dX/dt by X; each in the infix notation of SBML.
KUZNETSOV_SCALED = {
    "x": "sigma + rho*x*y/(eta + y) - mu*x*y - delta*x",
    "y": "alpha*y*(1 - beta*y) - x*y",
}
KUZNETSOV_SCALED_NUMBERS = {
    "sigma": 0.1181,
    "rho": 1.131,
    "eta": 20.19,
    "mu": 0.00311,
    "delta": 0.3743,
    "alpha": 1.636,
    "beta": 0.002,
}
KUZNETSOV = {
    "E": "s + p*E*T/(g + T) - m*E*T - d*E",
    "T": "a*T*(1 - b*T) - n*E*T",
}
KUZNETSOV_NUMBERS = {
    "s": 1.3e4,
    "p": 0.1245,
    "g": 2.019e7,
    "m": 3.422e-10,
    "d": 0.0412,
    "a": 0.18,
    "b": 2.0e-9,
    "n": 1.101e-7,
}
KIRSCHNER = {
    "E": "c*T - mu2*E + p1*E*I/(g1 + I) + s1",
    "T": "r2*T*(1 - b*T) - a*E*T/(g2 + T)",
    "I": "p2*E*T/(g3 + T) - mu3*I + s2",
}
KIRSCHNER_NUMBERS = {
    "mu2": 0.03,
    "p1": 0.1245,
    "g1": 2e7,
    "g2": 1e5,
    "r2": 0.18,
    "b": 1e-9,
    "a": 1.0,
    "mu3": 10.0,
    "p2": 5.0,
    "g3": 1e3,
    "s1": 0.0,
    "s2": 0.0,
    "c": 0.035,
}
_LYSIS = "(d*(L/T)^lambda/(s + (L/T)^lambda))"
DE_PILLIS = {
    "T": f"a*T*(1 - b*T) - c*N*T - {_LYSIS}*T",
    "N": "sigma - f*N + g*T^2/(h + T^2)*N - p*N*T",
    "L": f"-m*L + j*({_LYSIS}*T)^2/(k + ({_LYSIS}*T)^2)*L - q*L*T + r*N*T",
}
DE_PILLIS_NUMBERS = {
    "a": 0.514,
    "b": 1.02e-9,
    "c": 3.23e-7,
    "d": 1.43,
    "lambda": 0.58,
    "s": 2.73,
    "sigma": 1.3e4,
    "f": 0.0412,
    "g": 0.025,
    "h": 2.02e7,
    "p": 1e-7,
    "m": 0.02,
    "j": 0.0375,
    "k": 2.02e7,
    "q": 3.42e-10,
    "r": 1.1e-7,
}
# What was primed with and met again: ligand-transduced tumour (l) or not (n).
DE_PILLIS_CHANGES = {
    "nn": {},
    "nl": {"c": 3.23e-7, "g": 0.025, "d": 3.6, "lambda": 0.46, "s": 1.61, "j": 0.0375},
    "ln": {"c": 3.5e-6, "g": 0.2, "d": 3.51, "lambda": 0.9, "s": 5.07, "j": 0.113},
    "ll": {"c": 3.5e-6, "g": 0.2, "d": 7.17, "lambda": 0.75, "s": 0.4, "j": 0.30},
}


def sbml_of(
    rates: Mapping[str, str],
    numbers: Mapping[str, float],
    start: Mapping[str, float],
    level: tuple[int, int] = (3, 1),
) -> str:
    """SBML of a system of equations: each amount has one reaction that makes or takes it. It states no units."""
    document = libsbml.SBMLDocument(*level)
    model = document.createModel()
    model.setId("published")
    room = model.createCompartment()
    room.setId("body")
    room.setSize(1.0)
    room.setConstant(True)
    if level[0] > 2:
        room.setSpatialDimensions(3)
    for name in rates:
        species = model.createSpecies()
        species.setId(name)
        species.setCompartment("body")
        species.setInitialAmount(start[name])
        species.setHasOnlySubstanceUnits(True)
        species.setBoundaryCondition(False)
        species.setConstant(False)
    for name, value in numbers.items():
        parameter = model.createParameter()
        parameter.setId(name)
        parameter.setValue(value)
        parameter.setConstant(True)
    for name, rate in rates.items():
        reaction = model.createReaction()
        reaction.setId(f"{name}_change")
        reaction.setReversible(True)
        if level == (3, 1):
            reaction.setFast(False)
        product = reaction.createProduct()
        product.setSpecies(name)
        product.setStoichiometry(1.0)
        if level[0] > 2:
            product.setConstant(True)
        for other in rates:
            if other != name:
                reaction.createModifier().setSpecies(other)
        reaction.createKineticLaw().setMath(libsbml.parseL3Formula(rate))
    return str(libsbml.writeSBMLToString(document))

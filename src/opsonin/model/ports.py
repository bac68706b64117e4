"""How a model of somebody else is joined to ours: which of its species are drugs, blood counts, antigen, tumour.

Shapes only; what is in the model is checked where it is read.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from opsonin.model.scenario import Quantity
from opsonin.model.sourced import Entry

Named = Annotated[str, Field(min_length=1)]


class DrugPort(Entry):
    """Where doses of a drug go.

    Attributes:
        into: species of the model that a dose is added to.
        unit: of its amount, as "mg", "nmol" or "ug"; left out, as the model says.
        molar_mass: of a drug that is not in the knowledge base, where the model counts moles.
    """

    into: Named
    unit: str | None = None
    molar_mass: Annotated[float, Quantity("mg/mol", above=0.0)] | None = None


class Ports(Entry):
    """A port map. A name alone is an amount or parameter of the model; "[name]" is a concentration.

    Attributes:
        time: unit of the model's time, as "d"; left out, as the model says.
        replace_time: what the model says of its time is wrong, and `time` takes its place.
        drug: by name of the drug.
        blood: counts in blood, by name of the cell.
        antigen: what the model tells of antigen, by any name.
        tumour: what the model tells of the tumour, by any name.
    """

    time: str | None = None
    replace_time: Annotated[bool, Field(strict=True)] = False
    drug: dict[str, DrugPort] = Field(default_factory=dict)
    blood: dict[str, Named] = Field(default_factory=dict)
    antigen: dict[str, Named] = Field(default_factory=dict)
    tumour: dict[str, Named] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _replaces_by_something(self) -> Ports:
        if self.replace_time and self.time is None:
            raise ValueError("replace_time is given without time")
        return self

    @property
    def watched(self) -> dict[str, str]:
        """Names of the model by column of the result: "tumour_burden"."""
        groups = {"blood": self.blood, "antigen": self.antigen, "tumour": self.tumour}
        told = {f"{group}_{key}": name for group, named in groups.items() for key, name in named.items()}
        return told | {f"drug_{drug}": port.into for drug, port in self.drug.items()}

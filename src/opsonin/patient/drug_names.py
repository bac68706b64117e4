"""What the patient's model calls all that belongs to one drug."""

from __future__ import annotations

from dataclasses import dataclass

from opsonin.model.drugs import Kinetics
from opsonin.patient.parts import identifier


@dataclass(frozen=True)
class Names:
    """Names of one drug."""

    drug: str

    def of(self, what: str) -> str:
        return f"{identifier(self.drug)}_{what}"

    @property
    def plasma(self) -> str:
        return self.of("plasma")

    @property
    def tumour(self) -> str:
        return self.of("tumour")

    @property
    def metabolite(self) -> str:
        """Its concentration in plasma."""
        return self.of("metabolite_plasma")

    @property
    def infusion(self) -> str:
        return self.of("infusion")

    @property
    def eliminated(self) -> str:
        return self.of("eliminated")

    def clearance(self, kinetics: Kinetics) -> str:
        """That of now."""
        return self.of("clearance" if kinetics.falling is None else "clearance_now")

    def entry(self, kinetics: Kinetics) -> str:
        """The amount to which a dose is added."""
        return self.of("depot" if kinetics.absorption_half_life is not None else "central")

    def amounts(self, kinetics: Kinetics) -> tuple[str, ...]:
        """All amounts that together are what was given."""
        places = ["central", "eliminated"]
        if kinetics.absorption_half_life is not None:
            places.append("depot")
        if kinetics.peripheral_volume is not None:
            places.append("peripheral")
        if kinetics.metabolite is not None:
            places.append("metabolite")
        return tuple(map(self.of, places))

"""How thick the tissue of a scenario is, and why: as given, or what a section of its biopsy shows.

A section shows every cell whose nucleus it cuts, so the tissue seen is the cut plus one nuclear diameter
(Abercrombie 1946, Anat. Rec. 94:239).
"""

from __future__ import annotations

from dataclasses import dataclass

from opsonin.core.errors import Fault, InputError
from opsonin.knowledge.library import Library
from opsonin.model.panels import SECTION, LabelMap
from opsonin.model.scenario import Region

NUCLEUS_OF = "cancer"


@dataclass(frozen=True)
class Thickness:
    """Extent in z [um], whether it was given, and where it comes from as a sentence."""

    um: float
    given: bool
    note: str


def thickness_of(region: Region, library: Library, label_map: LabelMap | None) -> Thickness:
    """The thickness of a scenario's tissue; InputError if it is not given and cannot be derived."""
    if region.generate is not None and region.generate.kind in ("spheroid", "organoid"):
        edge = region.generate.edges[2]
        return Thickness(edge, True, f"Medium: a box of it, {edge:g} um deep.")
    if region.depth is not None:
        return Thickness(region.depth, True, f"Thickness: {region.depth:g} um, set by the scenario.")
    if region.generate is not None and region.generate.kind == "well":
        layer = library.cells[NUCLEUS_OF].diameter
        note = f"Thickness: {layer.value:g} um, a layer of one tumour cell ({layer.source or 'assumed'})."
        return Thickness(layer.value, False, note)
    nucleus = library.cells[NUCLEUS_OF].nuclear_diameter
    if nucleus is None:
        problem = (
            f"thickness is not given, and cell type '{NUCLEUS_OF}' has no nuclear_diameter to derive it from."
        )
        raise InputError(Fault("[tissue]", problem, 'Add thickness = "15 um".'))
    stated = label_map is not None and label_map.section is not None
    section = label_map.section if label_map is not None and label_map.section is not None else SECTION
    origin = f"label map '{label_map.name}'" if label_map is not None and stated else "assumed"
    thick = section + nucleus.value
    note = (
        f"Thickness: {thick:.4g} um by default: a section of {section:g} um ({origin}) and the nuclear diameter of a "
        f"{library.cells[NUCLEUS_OF].title.lower()}, {nucleus.value:g} um ({nucleus.source or 'assumed'}); "
        "a section shows every cell whose nucleus it cuts."
    )
    return Thickness(thick, False, note)

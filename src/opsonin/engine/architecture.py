"""Whether a generated tissue is seen as the architecture that was asked for, by the rule for biopsies."""

from __future__ import annotations

import numpy as np

from opsonin.core.errors import Fault, InputError
from opsonin.knowledge.composition import EFFECTOR, of_role
from opsonin.knowledge.library import Library
from opsonin.observe.architecture import RULE, architecture, contact_share
from opsonin.tissue.generate import Drawn
from opsonin.tissue.tissue import Species

SEEN_AS = {"mixed": "infiltrated", "excluded": "excluded", "cold": "desert"}


def seen(drawn: Drawn, library: Library, species: Species) -> tuple[str, float, float | None]:
    """(word, CD8 cells per mm2 of section, share of them in contact with a tumour cell) of a generated tissue."""
    imaged, edges = drawn.imaged, drawn.edges
    diameters = np.array([library.cells[name].diameter.value for name in species.cells])
    layers = edges[2] / diameters[species.cells.index(EFFECTOR)] if len(edges) == 3 else 1.0
    effectors = imaged.kind == species.cells.index(EFFECTOR)
    tumour = np.isin(imaged.kind, [species.cells.index(name) for name in of_role(library, "tumour")])
    places = np.stack([imaged.x, imaged.y, imaged.z][: len(edges)], axis=1)
    share = contact_share(places, (0.5 * diameters * drawn.scales)[imaged.kind], effectors, tumour)
    density = float(np.count_nonzero(effectors)) / (edges[0] * edges[1] * layers) * 1e6
    return architecture(density, share), density, share


def as_asked(drawn: Drawn, library: Library, species: Species) -> tuple[str, ...]:
    """What the tissue is seen as, as a sentence; nothing where no architecture was asked for.

    Raises:
        InputError: it is seen as another one.
    """
    wanted = drawn.asked.architecture
    if wanted is None:
        return ()
    word, density, share = seen(drawn, library, species)
    told = f"{density:.0f} CD8 cells per mm2" + (
        "" if share is None else f", {100 * share:.0f} % of which touch a tumour cell"
    )
    if word != SEEN_AS[wanted]:
        problem = f"architecture '{wanted}' is asked for, but {told}: that is {word}"
        raise InputError(Fault("tissue.generate.architecture", problem, f"{RULE}."))
    return (f"Architecture: {wanted}; {told}, which counts as {word} ({RULE}).",)

"""The biopsy as understood, before anything happened: a map of its cells, their numbers, densities, architecture.

What was placed, and what the tissue did before time 0, is told in `fields` and `steady`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import OpsoninError
from opsonin.observe.architecture import RULE, architecture, contact_share
from opsonin.report import downloads, maps, palette, words
from opsonin.report.stored import DEAD_PHASES, Snapshot, StoredResult, stored_times
from opsonin.store.patient import Patient

_EFFECTOR, _TARGET = "cd8", "cancer"
_MOST_PICTURES = 12
_PLAIN_RADIUS = 6.0  # um, of a type of which no cell was alive at time 0
_PLACES = ("x_um", "y_um", "z_um")

Floats = NDArray[np.float64]


def imaged(result: StoredResult, drawn: bool) -> dict[str, Any] | None:
    """Picture, table and sentences of one tissue or of several fields; None where the cells are not stored.

    Args:
        drawn: the tissue was generated, not imaged.
    """
    tissues: Mapping[str, StoredResult] = result.by_field if isinstance(result, Patient) else {"": result}
    seen = {name: found for name, tissue in tissues.items() if (found := _Tissue.of(tissue)) is not None}
    if not seen:
        return None
    looks = result.provenance.get("cell_types", {})
    shown = dict(list(seen.items())[:_MOST_PICTURES])
    rows = _rows(list(seen.values()), looks)
    return {
        "panels": _panels(shown, looks, "Drawn" if drawn else "Imaged"),
        "rows": rows,
        "effector": str(looks.get(_EFFECTOR, {}).get("title", _EFFECTOR))
        if any((one.types == _EFFECTOR).any() for one in seen.values())
        else "",
        "per": "mm³" if any(one.deep for one in seen.values()) else "mm²",
        "sentences": [
            f"{name}: {told}" if name else told for name, one in seen.items() if (told := one.architecture)
        ],
        "rule": RULE if any(one.architecture for one in seen.values()) else "",
        "fields_hidden": len(seen) - len(shown),
        "csv": _csv(seen),
    }


class _Tissue:
    """The cells of one tissue as they were read: types (cells,), places (cells, 3) [um], radii (cells,) [um].

    `of_tumour`: a section of a patient's tumour, which the rule of architectures is for; not a well, marrow or a node.
    """

    def __init__(
        self,
        types: NDArray[np.str_],
        places: Floats,
        radii: Floats,
        box: tuple[float, float, float],
        of_tumour: bool,
    ) -> None:
        self.types, self.places, self.radii, self.box, self.of_tumour = types, places, radii, box, of_tumour

    @classmethod
    def of(cls, tissue: StoredResult) -> _Tissue | None:
        """None where the result does not hold them."""
        names = np.array(list(tissue.provenance.get("cell_types", {})))
        box = tissue.provenance.get("box")
        generate = tissue.provenance.get("scenario", {}).get("tissue", {}).get("generate") or {}
        try:
            stored = tissue.input_cells()
        except (OpsoninError, OSError):
            return None
        if box is None or not {*_PLACES, "kind"} <= stored.keys():
            return None
        places = np.stack([np.asarray(stored[name], dtype=float) for name in _PLACES], axis=1)
        known = np.isfinite(places).all(axis=1)
        types, places = names[np.asarray(stored["kind"], dtype=int)][known], places[known]
        if not len(places) or not np.ptp(places[:, :2], axis=0).all():  # no extent to draw
            return None
        sides = float(box[0]), float(box[1]), float(box[2])
        of_tumour = (generate.get("geometry") or "section") == "section"
        return cls(types, places, _radii(tissue, types), sides, of_tumour)

    @property
    def deep(self) -> bool:
        """A block, and not a slab that is looked through."""
        return self.box[2] > maps.BLOCK_DIAMETERS * 2.0 * float(np.median(self.radii))

    @property
    def extent(self) -> float:
        """Area [mm2], or volume [mm3] of a block."""
        area = self.box[0] * self.box[1] * 1e-6
        return area * self.box[2] * 1e-3 if self.deep else area

    @property
    def architecture(self) -> str:
        """What the rule calls a section; '' for a block, for what is no tumour, or where there is no tumour cell."""
        effectors, targets = self.types == _EFFECTOR, self.types == _TARGET
        if self.deep or not self.of_tumour or not targets.any():
            return ""
        share = contact_share(self.places[:, :2], self.radii, effectors, targets)
        density = float(effectors.sum()) / self.extent
        touching = "" if share is None else f", {100 * share:.0f} % of which touch a cancer cell"
        return f"{architecture(density, share)}: {density:,.0f} CD8 T cells per mm²{touching}."

    def panel(self) -> Snapshot:
        """What is to be drawn of it: its cells alive in the middle of a window that holds them all."""
        import pandas as pd

        low, high = self.places.min(axis=0), self.places.max(axis=0)
        box = np.maximum(np.array(self.box), high - low)
        table = pd.DataFrame(
            dict(zip(_PLACES, (self.places - 0.5 * (low + high) + 0.5 * box).T, strict=True))
        )
        table = table.assign(id=np.arange(len(table)), type=self.types, phase="resting", radius_um=self.radii)
        return Snapshot("", 0.0, table, {}, {}, (float(box[0]), float(box[1]), float(box[2])))


def _panels(
    shown: Mapping[str, _Tissue], looks: Mapping[str, Mapping[str, Any]], source: str
) -> list[dict[str, str]]:
    """A picture per field, all on one scale, drawn as the maps are."""
    drawn = {name: one.panel() for name, one in shown.items()}
    scene = maps.scene(drawn.values(), looks)
    titles = {name: str(looks.get(name, {}).get("title", name)) for name in scene.colours}
    made = []
    for name, panel in drawn.items():
        counts = maps.census(panel, scene)
        said = "; ".join(f"{titles[kind]}: {counts[kind]:,}" for kind in reversed(titles))
        of = f" of {name}" if name else ""
        made.append(
            {
                "name": name or f"{source} cells",
                "picture": downloads.png(maps.cell_map(panel, scene, len(drawn))),
                "alt": f"Map of the {source.lower()} cells{of}: {said}.",
                "file": downloads.safe(f"biopsy {name}"),
            }
        )
    return made


def _radii(tissue: StoredResult, types: NDArray[np.str_]) -> Floats:
    """Of each cell the mean radius of its type in the first stored state [um]."""
    mean: dict[str, float] = {}
    if tissue.arms and len(times := stored_times(tissue, tissue.arms[0])):
        cells = tissue.cells(float(times[0]), tissue.arms[0])
        alive = cells[~cells["phase"].isin(DEAD_PHASES)]
        radii = alive.groupby("type")["radius_um"].mean()
        mean = {str(name): float(radius) for name, radius in radii.items()}
    return np.array([mean.get(str(name), _PLAIN_RADIUS) for name in types])


def _rows(seen: list[_Tissue], looks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """A row per type that occurs, the most frequent first."""
    every = np.concatenate([one.types for one in seen])
    names, counts = np.unique(every, return_counts=True)
    colours = palette.cell_colours(list(looks), looks)
    extent = sum(one.extent for one in seen)
    rows = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda row: (-row[1], row[0]))
    return [
        {
            "title": str(looks.get(name, {}).get("title", name)),
            "fill": maps.muted(colours[name]) if name in maps.BACKGROUND_TYPES else colours[name],
            "cells": f"{count:,}",
            "share": f"{100 * count / len(every):.1f} %",
            "density": words.number(count / extent),
        }
        for name, count in rows
    ]


def _csv(seen: Mapping[str, _Tissue]) -> downloads.Download:
    import pandas as pd

    rows = []
    for name, one in seen.items():
        table = pd.DataFrame({"type": one.types} | dict(zip(_PLACES, one.places.T.round(2), strict=True)))
        if name:
            table.insert(0, "field", name)
        rows.append(table)
    return downloads.table("cells-before-the-run", pd.concat(rows, ignore_index=True))

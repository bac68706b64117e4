"""What must hold where a scenario asks for a patient around its tissue: one tissue, in a person, at stated times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsonin.core.schedule import ticks
from opsonin.io.unfit import OF_ANIMAL, of_animal
from opsonin.io.wording import shown, spelled
from opsonin.knowledge.library import Library
from opsonin.model.scenario import GEOMETRY_KEYS, Generated, Output

if TYPE_CHECKING:
    from opsonin.io.check import Draft

_CULTURED = [kind for kind in GEOMETRY_KEYS if Generated.model_validate({"geometry": kind}).free_standing]
_LEAVE = "Leave [patient] out: the tissue is then by itself."


def check_patient(draft: Draft, library: Library, coupling: float | None) -> None:
    """Note every fault of `[patient]` in `draft`; `coupling`: the coupling step [min], None where it is refused."""
    if not isinstance(draft.get("patient"), Mapping):
        return
    geometry = draft.text("tissue", "generate", "geometry")
    if geometry in _CULTURED:
        problem = f"the tissue is cells in medium (geometry '{geometry}'), which no patient's blood reaches"
        draft.fault(("patient",), f"[patient]: {problem}", _LEAVE)
    fields = draft.get("tissue", "fields")
    if fields == "all" or draft.size("tissue", "fields") > 1:
        problem = f"fields {shown(fields)}: several fields would each have a patient of their own"
        draft.fault(("tissue", "fields"), problem, "With [patient], name one field.")
    tumour = library.tumours.get(draft.text("tissue", "tumour") or "")
    if tumour is not None and of_animal(tumour):
        problem = f"tumour '{tumour.name}' {OF_ANIMAL}"
        draft.fault(("patient",), f"[patient]: {problem}", _LEAVE)
    if coupling is not None:
        _check_interval(draft, ticks(coupling))


def _check_interval(draft: Draft, coupling: int) -> None:
    """Note an interval that is not made of coupling steps, or after which nothing would be stored."""
    value = draft.value("min", "patient", "interval")
    every = draft.value("min", "output", "every") if draft.get("output", "every") else Output().every
    if value is None or not value > 0.0 or every is None or not every > 0.0:
        return
    try:
        interval, stored = ticks(value), ticks(every)
    except ValueError:
        return  # told where whole seconds are
    if not interval or not stored or stored % coupling:
        return
    allowed = [n for n in range(coupling, stored + 1, coupling) if stored % n == 0]
    if interval not in allowed:
        nearest = spelled(min(allowed, key=lambda n: abs(n - interval)) / 60)
        why = (
            f"is not a whole number of coupling steps of {spelled(coupling / 60)}"
            if interval % coupling
            else f"does not divide output.every, {spelled(every)}: what is stored is gone on from"
        )
        problem = f"interval {draft.shown('patient', 'interval')} {why}"
        draft.fault(("patient", "interval"), problem, f'The nearest allowed is "{nearest}".')

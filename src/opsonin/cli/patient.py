"""`opsonin patient`: follow drugs through patients, in our model or in one of somebody else.

Kinetics are in `patient/`; here they are only asked for and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli import contacts, population, selection, sensitivity
from opsonin.cli.files import require_place, write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.core.errors import Fault, InputError, RunError

if TYPE_CHECKING:
    from opsonin.engine.courses import Courses, Followed
    from opsonin.io.course import Asked
    from opsonin.knowledge.library import Library

MOST_TOLD = 20  # patients, in words

app = typer.Typer(no_args_is_help=True, help="Follow drugs through a patient's blood, tumour and receptors.")

app.command("contacts")(contacts.contacts)
app.command("sweep")(population.sweep)
app.command("sensitivity")(sensitivity.sensitivity)
app.command("select")(selection.select)


@app.command("simulate")
def simulate(
    course: Annotated[Path, typer.Argument(help="Course (TOML): the patient, the doses, for how long.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Table to write (parquet); its picture is beside it (PNG)."),
    ] = None,
    sbml: Annotated[
        Path | None, typer.Option("--sbml", metavar="FILE", help="Write the model with its doses as SBML.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="FILE", help="An SBML model of your own, in place of ours."),
    ] = None,
    ports: Annotated[
        Path | None,
        typer.Option(
            "--ports", metavar="FILE", help="What is what in that model (TOML): time, drug, tumour ..."
        ),
    ] = None,
    tumour: Annotated[
        str | None,
        typer.Option(
            "--tumour", metavar="NAME", help="A patient with this tumour: burden, blood and clones too."
        ),
    ] = None,
    knowledge: Annotated[
        Path | None,
        typer.Option(
            "--knowledge",
            metavar="FILE",
            help="Numbers (TOML) over those of the course, as `opsonin patient contacts` writes them.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Carry doses through the patient: concentrations, receptors held, amounts; with a tumour, cells over time."""
    from opsonin.io.course import read_course
    from opsonin.io.overrides import read_numbers
    from opsonin.knowledge.library import load_library
    from opsonin.patient.extra import extra

    extra("sympy")
    _check_options(out, sbml, model, ports)
    if tumour is not None and model is not None:
        problem = "--tumour is of our model; with --model there is none."
        raise InputError(Fault("command line", problem, "A model of your own brings its tumour."))
    if knowledge is not None and model is not None:
        problem = "--knowledge is of our model; with --model there is none."
        raise InputError(Fault("command line", problem, "A model of your own brings its numbers."))
    asked, library = read_course(course, foreign=model is not None), load_library()
    if knowledge is not None:
        asked = asked.with_numbers(read_numbers(knowledge))
    if model is not None and ports is not None:
        made = _foreign(asked, library, model, ports)
        panels = _panels(made.columns)
        wrote: dict[str, str] = {}
    else:
        made, panels, wrote = _ours(asked, library, sbml, tumour)
    if out is not None:
        wrote |= _write(out, course, asked, made, panels, tumour)
    _tell(asked, made, wrote, as_json=as_json)
    if made.failed:
        raise RunError(*made.failed)


def _check_options(out: Path | None, sbml: Path | None, model: Path | None, ports: Path | None) -> None:
    if (model is None) != (ports is None):
        there, missing = ("--model", "--ports") if ports is None else ("--ports", "--model")
        problem = f"{there} is given without {missing}."
        raise InputError(
            Fault("command line", problem, "A model of your own needs both; see docs/patient.md.")
        )
    if sbml is not None and model is not None:
        raise InputError(Fault("command line", "--sbml writes our model; with --model there is none.", ""))
    if out is not None and out.suffix != ".parquet":
        fix = f"For example {out.with_suffix('.parquet')}."
        raise InputError(Fault(str(out), "is not the name of a parquet file.", fix))
    for target in (out, sbml):
        if target is not None:
            require_place(target)


def _ours(
    asked: Asked, library: Library, sbml: Path | None, tumour: str | None
) -> tuple[Courses, dict[str, dict[str, int]], dict[str, str]]:
    from opsonin.engine.courses import follow_ours, model_of

    model = model_of(asked, library, tumour)
    made = follow_ours(asked, model)
    panels: dict[str, dict[str, int]] = {}
    labels = {
        "plasma": "total in plasma [nM]",
        "tumour": "free in tumour [nM]",
        "occupancy": "receptors held [-]",
        "burden": "tumour [cells]",
        "killers": "killers in tumour [cells]",
        "product": "product [cells]",
        "clones": "clones in body [cells]",
        "blood": "blood [cells/L]",
        "level": "levels [-]",
    }
    for number, output in enumerate(model.outputs):
        if output.kind in labels:
            panels.setdefault(labels[output.kind], {})[output.title] = number
    wrote = {}
    if sbml is not None:
        alone = len(asked.patients) == 1
        doses = next(iter(asked.patients.values())) if alone else ()
        write_file(sbml, model.with_doses(model.changes(doses)).encode())
        wrote["sbml"] = str(sbml) if alone else f"{sbml} (without doses: they differ between patients)"
    return made, panels, wrote


def _panels(columns: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """What a port map names, each of its sections in a panel of its own."""
    panels: dict[str, dict[str, int]] = {}
    for number, column in enumerate(columns):
        section, _, name = column.partition("_")
        panels.setdefault(f"{section} (as in the model)", {})[name] = number
    return panels


def _foreign(asked: Asked, library: Library, model: Path, ports: Path) -> Courses:
    from opsonin.engine.courses import follow_foreign
    from opsonin.io.foreign import read_model, read_ports
    from opsonin.patient.foreign import read_foreign

    return follow_foreign(
        asked, read_foreign(read_model(model), model.name, read_ports(ports), library.drugs)
    )


def _write(
    out: Path,
    course: Path,
    asked: Asked,
    made: Courses,
    panels: Mapping[str, Mapping[str, int]],
    tumour: str | None,
) -> dict[str, str]:
    from importlib import metadata

    from opsonin.report.course_picture import course_picture
    from opsonin.store.course_table import course_table

    origin = {
        "opsonin": metadata.version("opsonin"),
        "course": asked.course.model_dump(mode="json", exclude_none=True),
        **({"tumour": tumour} if tumour is not None else {}),
        "sbml_sha256": hashlib.sha256(made.sbml.encode()).hexdigest(),
    }
    values = {patient: (one.times, one.values) for patient, one in made.followed.items()}
    write_file(out, course_table(made.columns, values, origin))
    picture = out.with_suffix(".png")
    write_file(picture, course_picture(asked.course.name or course.stem, panels, values))
    return {"table": str(out), "picture": str(picture)}


def _tell(asked: Asked, made: Courses, wrote: Mapping[str, str], *, as_json: bool) -> None:
    told = {
        patient: {drug.name: drug.in_json for drug in _drugs(one, made.columns)}
        for patient, one in made.followed.items()
    }
    if as_json:
        failed = {"failed": [str(fault) for fault in made.failed]} if made.failed else {}
        print_json({"ok": not made.failed, "notes": list(made.notes), "patients": told, **wrote, **failed})
        return
    lines = [f"note: {note}" for note in made.notes]
    for patient, one in list(made.followed.items())[:MOST_TOLD]:
        if len(asked.patients) > 1:
            lines.append(f"patient {patient}")
        lines += [drug.in_words for drug in _drugs(one, made.columns)]
        lines += [f"{what}: {text}" for what, text in _body(one, made.columns).items()]
    if len(made.followed) > MOST_TOLD:
        lines.append(f"... and {len(made.followed) - MOST_TOLD:,} more patients; --json tells of all")
    print_lines([*lines, *(f"{what}: {path}" for what, path in wrote.items())])


def _body(one: Followed, columns: tuple[str, ...]) -> dict[str, str]:
    """What is told in words of tumour and blood, where there are any."""
    if "tumour_cells" not in columns:
        return {}
    cells = one.values[:, columns.index("tumour_cells")]
    least = int(cells.argmin())
    lowest = {
        column.removeprefix("blood_").removesuffix("_per_L"): one.values[:, number].min()
        / one.values[0, number]
        for number, column in enumerate(columns)
        if column.startswith("blood_")
    }
    return {
        "tumour": f"{cells[0]:.3g} cells at first, {cells[-1]:.3g} at the end, "
        f"least {cells[least]:.3g} after {one.times[least] / 1440.0:.3g} d",
        "blood, lowest share of what it was": ", ".join(
            f"{name} {share:.2f}" for name, share in lowest.items()
        ),
    }


@dataclass(frozen=True)
class _Told:
    """What is told of a drug in one patient; concentrations of all of it in plasma [nM], of ours only."""

    name: str
    count: int
    held: int
    given: float
    peak: float | None = None
    peak_at: float | None = None
    trough: float | None = None
    unit: str = "mg"

    @property
    def in_json(self) -> dict[str, Any]:
        told = {
            "doses": self.count,
            "held": self.held or None,
            f"given_{self.unit}": self.given,
            "peak_nM": self.peak,
            "peak_min": self.peak_at,
            "trough_nM": self.trough,
        }
        return {key: value for key, value in told.items() if value is not None}

    @property
    def in_words(self) -> str:
        times = "1 dose" if self.count == 1 else f"{self.count} doses"
        held = f" ({self.held} held)" if self.held else ""
        line = f"{self.name}: {times}{held}, {self.given:.4g} {self.unit} in all"
        if self.peak is not None and self.peak_at is not None:
            line += f"; in plasma at most {self.peak:.4g} nM, after {self.peak_at / 60.0:.3g} h"
        if self.trough is not None:
            line += f", {self.trough:.4g} nM before the last dose"
        return line


def _drugs(one: Followed, columns: tuple[str, ...]) -> Iterator[_Told]:
    from opsonin.patient.doses import given_by
    from opsonin.patient.drug_part import Names
    from opsonin.patient.product_part import product_in_body

    given = given_by(one.doses, float(one.times[-1]))
    for drug in sorted({dose.drug for dose in one.planned}):
        times = [dose.time for dose in one.doses if dose.drug == drug]
        held = sum(dose.drug == drug for dose in one.planned) - len(times)
        plasma = f"{Names(drug).plasma}_nM"
        if plasma not in columns or not times:
            unit = "cells" if product_in_body(drug) in columns else "mg"
            yield _Told(drug, len(times), held, given.get(drug, 0.0), unit=unit)
            continue
        column = columns.index(plasma)
        highest = int(one.values[:, column].argmax())
        last = int(abs(one.change_times - max(times)).argmin())
        trough = float(one.before[last, column]) if len(set(times)) > 1 else None
        peak, peak_at = float(one.values[highest, column]), float(one.times[highest])
        yield _Told(drug, len(times), held, given[drug], peak, peak_at, trough)

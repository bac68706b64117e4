"""`opsonin patient`: follow drugs through patients, in our model or in one of somebody else.

Kinetics are in `patient/`; here they are only asked for and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli import contacts, population, selection, sensitivity
from opsonin.cli.course_told import (
    drugs,
    harm_in_json,
    harm_in_words,
    how_many,
    in_body,
    outcome_in_json,
    outcome_in_words,
)
from opsonin.cli.files import require_apart, require_place, require_suffix, write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.core.errors import Fault, InputError, RunError

if TYPE_CHECKING:
    from opsonin.engine.courses import Courses
    from opsonin.io.course import Asked
    from opsonin.knowledge.library import Library
    from opsonin.model.immunity import Immunity

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
    _check_files(out, sbml, course, asked, (model, ports, knowledge))
    if knowledge is not None:
        asked = asked.with_numbers(read_numbers(knowledge))
    if (asked.course.lesion or asked.course.new_lesions) and tumour is None:
        problem = "lesions are of a patient with a tumour, and none is named."
        raise InputError(Fault(course.name, problem, "Name it: --tumour melanoma."))
    if model is not None and ports is not None:
        made = _foreign(asked, library, model, ports)
        panels = _panels(made.columns)
        wrote: dict[str, str] = {}
    else:
        made, panels, wrote = _ours(asked, library, sbml, tumour)
    if out is not None and made.followed:
        wrote |= _write(out, course, asked, made, panels, tumour)
    _tell(asked, made, wrote, library.immunity["adult"], as_json=as_json)
    if made.failed and as_json:
        raise typer.Exit(RunError.exit_code)  # the one document has told of them
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
    if out is not None:
        require_suffix(out, ".parquet", "parquet")
        require_place(out.with_suffix(".png"))
    if sbml is not None:
        require_place(sbml)


def _check_files(
    out: Path | None, sbml: Path | None, course: Path, asked: Asked, others: tuple[Path | None, ...]
) -> None:
    """InputError where a file would be written over another, or over one that is read."""
    table = asked.course.table
    read = [course, *([] if table is None else [course.parent / table.file])]
    written = [] if out is None else [out, out.with_suffix(".png")]
    require_apart(
        [*written, *([] if sbml is None else [sbml])], [*read, *(path for path in others if path is not None)]
    )


def _ours(
    asked: Asked, library: Library, sbml: Path | None, tumour: str | None
) -> tuple[Courses, dict[str, dict[str, int]], dict[str, str]]:
    from opsonin.engine.courses import follow_ours, model_with_clones

    model = model_with_clones(asked.course, asked.drugs, library, tumour)
    made = follow_ours(asked, model)
    panels: dict[str, dict[str, int]] = {}
    labels = {
        "plasma": "total in plasma [nM]",
        "tumour": "free in tumour [nM]",
        "occupancy": "receptors held [-]",
        "burden": "tumour [cells]",
        "clone": "clones of the tumour [cells]",
        "killers": "killers in tumour [cells]",
        "product": "product [cells]",
        "clones": "clones in body [cells]",
        "blood": "blood [cells/L]",
        "blasts": "blood [cells/uL]",
        "index": "CRS index",
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
    repeated = {label: (one.patient, one.replicate) for label, one in made.followed.items()}
    several = any(replicate > 1 for _, replicate in repeated.values())
    write_file(out, course_table(made.columns, values, origin, repeated if several else None))
    picture = out.with_suffix(".png")
    write_file(picture, course_picture(asked.course.name or course.stem, panels, values))
    return {"table": str(out), "picture": str(picture)}


def _tell(asked: Asked, made: Courses, wrote: Mapping[str, str], adult: Immunity, *, as_json: bool) -> None:
    seen = adult.tumour.seen.value
    if as_json:
        failed: dict[str, Any] = {"failed": [str(fault) for fault in made.failed]} if made.failed else {}
        told = {
            label: {drug.name: drug.in_json for drug in drugs(one, made.columns)}
            for label, one in made.followed.items()
        }
        became = {
            label: outcome_in_json(one, seen) | harm_in_json(one, made.columns, adult)
            for label, one in made.followed.items()
        }
        stopped = {label: float(one.times[-1]) for label, one in made.followed.items() if not one.complete}
        failed |= {"followed_until_min": stopped} if stopped else {}
        all_told: dict[str, Any] = {"ok": not made.failed, "notes": list(made.notes), "patients": told}
        all_told |= {"outcomes": became} if any(became.values()) else {}
        all_told |= _repeats(asked, made, seen, words=False)
        print_json(all_told | dict(wrote) | failed)
        return
    lines = [f"note: {note}" for note in made.notes]
    lines += [f"{what}: {text}" for what, text in _repeats(asked, made, seen, words=True).items()]
    for label, one in list(made.followed.items())[:MOST_TOLD]:
        if len(made.followed) > 1:
            alone = len(asked.patients) == 1
            lines.append(f"replicate {one.replicate}" if alone else f"patient {label}")
        if not one.complete:
            lines.append(f"followed until {float(one.times[-1]) / 1440.0:.4g} d, where it failed")
        lines += [drug.in_words for drug in drugs(one, made.columns)]
        about = in_body(one, made.columns) | outcome_in_words(one, seen)
        about |= harm_in_words(one, made.columns, adult)
        lines += [f"{what}: {text}" for what, text in about.items()]
    if len(made.followed) > MOST_TOLD:
        what = "patients" if asked.course.replicates == 1 else "replicates"
        lines.append(f"... and {len(made.followed) - MOST_TOLD:,} more {what}; --json tells of all")
    print_lines([*lines, *(f"{what}: {path}" for what, path in wrote.items())])


def _repeats(asked: Asked, made: Courses, seen: float, *, words: bool) -> dict[str, Any]:
    """Of each patient that is followed several times, how often what came of it."""
    told: dict[str, Any] = {}
    if asked.course.replicates == 1:
        return told
    for patient in asked.patients:
        whole = [one for one in made.followed.values() if one.complete and one.reservoir is not None]
        each = [one for one in whole if one.patient == patient]
        if not each:
            continue
        counts = how_many(each, seen)
        if words:
            shares = (
                f"{what} {count} of {of} ({low:.0%} to {high:.0%})"
                for what, (count, of, low, high) in counts.items()
            )
            told[f"patient {patient}" if len(asked.patients) > 1 else "replicates"] = ", ".join(shares)
        else:
            told[patient] = {
                what: {"count": count, "of": of, "low": low, "high": high}
                for what, (count, of, low, high) in counts.items()
            }
    return told if words or not told else {"replicates": told}

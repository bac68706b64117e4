"""Directives for the pages that are made from the package: laws, scenario keys, the knowledge base, observables.

Each writes reStructuredText that Sphinx then reads, so that headings, links and tables are those of every page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import equations
import keys
import laws
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from opsonin.engine import loop
from opsonin.knowledge.checker import numbers
from opsonin.knowledge.evidence import spelled_out
from opsonin.knowledge.library import KINDS, load_library
from opsonin.laws import operations
from opsonin.model.panels import LabelMap
from opsonin.model.sourced import Sourced
from opsonin.observe.observables import Acid, observables_of
from opsonin.report.notebook import numbers_of, range_of

_ADDRESSES = {"doi": "https://doi.org/", "pmid": "https://pubmed.ncbi.nlm.nih.gov/"}
_PAGE = re.compile(r"\bdocs/([\w-]+)\.md")
_REFERENCE = re.compile(r"\b(doi|pmid):((?:[^\s;,()]|;(?=\S)|\([^\s()]*\))+[^\s;,().])")


def marked(text: str) -> str:
    """A docstring's text as reStructuredText: names of laws become links, other names literals, sources addresses."""
    parts = text.split("`")
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = f":ref:`{part} <law-{part}>`" if part in operations.LAWS else f"``{part}``"
        else:
            plain = _REFERENCE.sub(_address, re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", part))
            parts[index] = _PAGE.sub(r":doc:`/\1`", plain)
    return "".join(parts)


def _address(found: re.Match[str]) -> str:
    path = (
        found[2].replace("<", "%3C").replace(">", "%3E")
    )  # old DOIs have them; here they would end the address
    shown = found[0].replace("<", r"\<")
    return f"`{shown} <{_ADDRESSES[found[1]]}{path}>`__"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], widths: str) -> Iterator[str]:
    """A list-table."""
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    for row in (heads, *rows):
        for index, cell in enumerate(row):
            yield f"   {'*' if index == 0 else ' '} - {cell}"
    yield ""


def heading(text: str, line: str) -> list[str]:
    return ["", text, line * len(text), ""]


class Generated(SphinxDirective):
    """A directive whose content is written by `lines`."""

    def lines(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


class Laws(Generated):
    """Every law, by module."""

    def lines(self) -> Iterator[str]:
        for module, found in laws.modules():
            yield from heading(module.__name__.rpartition(".")[2].capitalize(), "~")
            yield marked((inspect.getdoc(module) or "").splitlines()[0])
            for law in found:
                yield from self._law(law)

    def _law(self, law: laws.Law) -> Iterator[str]:
        yield from ("", f".. _law-{law.name}:")
        yield from heading(law.name, "^")
        yield from (marked(law.summary), "")
        drawn = "".join(equations.svg(line) for line in law.latex)
        yield from (".. raw:: html", "", f'   <div class="equation">{drawn}</div>', "")
        if law.text:
            yield from (marked(law.text), "")
        rows = [
            (
                f"``{each.name}``",
                _symbol(each),
                "1" if each.unit == "-" else each.unit,
                marked(each.meaning) or "",
            )
            for each in law.arguments
        ]
        yield from table(("Argument", "Symbol", "Unit", "Meaning"), rows, "22 10 18 50")
        if law.returns:
            yield from (f"Returns: {marked(law.returns)}", "")
        yield from (f"Source: {marked(law.source)}", "")


def _symbol(argument: laws.Argument) -> str:
    """The symbol in letters; nothing where the equation has the name itself."""
    return "" if argument.symbol == argument.name else f"*{argument.symbol}*"


class Keys(Generated):
    """Every key of a scenario."""

    def lines(self) -> Iterator[str]:
        for each in keys.tables():
            if each.heading:
                yield from ("", f".. _table-{each.path.replace('.', '-')}:")
                yield from heading(each.heading, "-")
            yield from (marked(each.about), "")
            for key in each.keys:
                yield f".. confval:: {key.path}"
                yield f"   :type: {marked(key.type)}"
                yield f"   :default: {key.default or '*must be given*'}"
                yield ""
                yield f"   {marked(key.meaning[0].upper() + key.meaning[1:])}."
                if key.limits:
                    yield from ("", f"   Limits: {key.limits}.")
                yield ""


class Knowledge(Generated):
    """Every entry of the knowledge base with its numbers."""

    def lines(self) -> Iterator[str]:
        library = load_library()
        every = numbers(library)
        yield f"{len(every)} numbers, {sum(bool(row.assumed) for row in every)} of them assumed."
        for kind, (folder, model) in KINDS.items():
            yield from heading(folder.capitalize(), "-")
            yield from (marked((inspect.getdoc(model) or "").splitlines()[0]), "")
            for name, entry in sorted(getattr(library, folder).items()):
                yield from ("", f".. _{kind}-{name.lower().replace(':', '-').replace('_', '-')}:")
                yield from heading(name, "~")
                for told in (entry.title, *entry.in_words()):
                    yield from (marked(told), "")
                if isinstance(entry, LabelMap):
                    yield from _labels(entry)
                    continue
                rows = [_number(path, number) for path, number in numbers_of(entry)]
                yield from table(("Number", "Value", "Range", "Origin"), rows, "26 14 18 42")


def _labels(labels: LabelMap) -> Iterator[str]:
    rows = []
    for label, marking in sorted(labels.labels.items()):
        signs = [f"{name}+" for name in marking.positive] + [f"{name}-" for name in marking.negative]
        rows.append((f"``{label}``", f"``{marking.cell}``", ", ".join(signs) or ""))
    yield from table(("Label", "Cell type", "Molecules"), rows, "40 30 30")


def _number(path: str, number: Sourced) -> tuple[str, ...]:
    origin = f"assumed: {number.assumed}" if number.assumed else spelled_out(number.source or "")
    note = f" ({number.note.rstrip('.')})" if number.note else ""
    return f"``{path}``", marked(number.text), marked(range_of(number)), marked(f"{origin}{note}")


class Observables(Generated):
    """Every observable of a run; TYPE, MOLECULE, SUBSTRATE, DEFECT and DRUG stand for names of the knowledge base."""

    def lines(self) -> Iterator[str]:
        stands = ({"TYPE": "Cells of a type"}, {"MOLECULE": "A molecule"})
        found = observables_of(
            *stands,
            {"SUBSTRATE": ("A substrate", "as the substrate")},
            {"MOLECULE"},
            {"MOLECULE"},
            {"DRUG": ("A drug", False), "radiation": ("Radiation", True)},
            {"DEFECT": "A defect"},
            {"SUBSTRATE": Acid(1.0, 7.4, 20.0)},
            toxic=True,
        )
        rows = [(f"``{item.name}``", item.unit, marked(item.title)) for item in found]
        yield from table(("Name", "Unit", "What it is"), rows, "30 20 50")


class Step(Generated):
    """One coupling step, as drawn where it is run."""

    def lines(self) -> Iterator[str]:
        text = inspect.getdoc(loop) or ""
        drawn = text.partition("\n\n")[2].partition("\n\n")
        yield from (marked(drawn[0]), "", ".. code-block:: text", "")
        yield from (f"   {line}" for line in drawn[2].splitlines())


def setup(app: Any) -> dict[str, Any]:
    for name, directive in {
        "laws": Laws,
        "scenario-keys": Keys,
        "knowledge-base": Knowledge,
        "observables": Observables,
        "coupling-step": Step,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True}

"""What keeps a text from being read as a table, told before it is read: another separator, quotes left open.

Reading it is in `tables.py`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from opsonin.core.errors import Fault

_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_OF_EXCEL = re.compile(r"sep=.?", re.IGNORECASE)
_LONGEST = 60


def header_faults(name: str, first_line: str, columns: list[str], separator: str) -> list[Fault]:
    """A first row that is a mark of Excel's, or a header whose columns are separated in another way than expected."""
    where, line = f"{name} row 1", first_line.strip()
    if _OF_EXCEL.fullmatch(line):
        return [Fault(where, f"'{line}' is a mark for Excel, not a header.", "Remove this line.")]
    found = max(_NAMES, key=line.count)
    if len(columns) > 1 or found not in line:
        return []
    problem = f"columns are separated by {_NAMES[found]}, not by {_NAMES[separator]}."
    fix = "Save it with commas (.csv) or tabs (.tsv), and with points before decimals."
    return [Fault(where, problem, fix)]


def quote_faults(name: str, raw: bytes, separator: str) -> Iterator[Fault]:
    """One fault per row whose last quote is not closed in it: the reader would take the rows below for its value."""
    if b'"' not in raw:
        return
    for row, line in enumerate(raw.splitlines(), start=1):
        if line.count(b'"') % 2 and _open(line.decode("utf-8"), separator):
            fix = "Close it, or remove it; a value of a table of cells holds no line break."
            yield Fault(f"{name} row {row}", "a quote is opened and not closed.", fix)


def _open(line: str, separator: str) -> bool:
    reader = csv.reader([line + "\n", "\n"], delimiter=separator)
    try:
        next(reader)
    except csv.Error:  # a value longer than any that a reader takes
        return True
    return reader.line_num > 1


def short(text: str) -> str:
    """A value on one line, cut where it is too long to be told."""
    line = " ".join(text.split()) if "\n" in text or "\r" in text else text
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 4]} ..."

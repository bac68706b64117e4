"""TOML files in and out: reading with faults that name the line, and writing.

What the tables mean is not known here.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.long_numbers import cut, real, without_long

MOST_BYTES = 10_000_000
_MOST_DEEP = 20
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read_text(file: Path) -> str:
    """The text of a TOML file; InputError if it is missing, unreadable, too long or not UTF-8."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(Fault(str(file), "there is no such file.", _files_beside(file))) from error
    except IsADirectoryError as error:
        raise InputError(Fault(str(file), "is a folder, not a file.", _files_beside(file / "x"))) from error
    except (OSError, ValueError) as error:
        raise InputError(
            Fault(str(file), f"cannot be read: {getattr(error, 'strerror', None) or error}")
        ) from error
    if len(content) > MOST_BYTES:
        raise InputError(Fault(str(file), f"is longer than {MOST_BYTES // 10**6} MB; it is no scenario."))
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8 text"
        raise InputError(Fault(f"{file.name}:{line}", problem, "Save the file as UTF-8.")) from error


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Tables of a TOML text, its endless numbers as `LongNumber`; InputError with the line of the first mistake."""
    try:
        data = _loaded(text)
    except RecursionError as error:
        raise InputError(_too_deep(name)) from error
    except ValueError as error:
        found = _AT_LINE.search(str(error))
        problem = (
            _AT_LINE.sub("", str(error)).replace("(at end of document)", "at the end of the file").strip()
        )
        problem = problem.replace("Cannot overwrite a value", "a key is given twice")
        if found is None:
            raise InputError(Fault(name, f"is not valid TOML: {problem}.")) from error
        lines = text.split("\n")
        written = lines[int(found[1]) - 1].strip()[:80] if int(found[1]) <= len(lines) else ""
        raise InputError(Fault(f"{name}:{found[1]}", f"is not valid TOML: {problem}: `{written}`")) from error
    if _deeper(data, _MOST_DEEP):
        raise InputError(_too_deep(name))
    tables: dict[str, Any] = without_long(data)
    return tables


def _too_deep(name: str) -> Fault:
    return Fault(name, "is nested too deeply.", f"No value lies in more than {_MOST_DEEP} tables and lists.")


def _deeper(tables: dict[str, Any], levels: int) -> bool:
    """Whether a value lies in more than so many tables and lists; without recursion, which is what runs out."""
    here: list[Any] = [tables]
    for _ in range(levels):
        here = [
            item
            for node in here
            for item in (node.values() if isinstance(node, dict) else node)
            if isinstance(item, (dict, list))
        ]
    return bool(here)


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=real)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # Python refuses whole numbers of that many digits
        return tomllib.loads(cut(text), parse_float=real)


def _files_beside(file: Path) -> str:
    try:
        names = [item.name for item in file.parent.iterdir() if item.suffix == ".toml"]
    except OSError:
        return ""
    return did_you_mean(file.name, names) if names else ""


def toml_text(data: Mapping[str, Any]) -> str:
    """TOML with a section per table, in double brackets per table in a list; the rest inline. No dates."""
    loose = {key: value for key, value in data.items() if not _is_section(value)}
    parts = [_pairs(loose)] if loose else []
    for key, value in data.items():
        if _is_section(value):
            tables = [value] if isinstance(value, Mapping) else value
            brackets = ("[", "]") if isinstance(value, Mapping) else ("[[", "]]")
            parts += [f"{brackets[0]}{toml_key(key)}{brackets[1]}\n{_pairs(table)}" for table in tables]
    return "\n".join(parts)


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{toml_key(key)} = {inline(value)}\n" for key, value in table.items())


def toml_key(key: str) -> str:
    """A key as TOML writes it, in quotes where it must be."""
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: Any) -> str:
    """A value as TOML writes it on one line."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case Mapping():
            inner = ", ".join(f"{toml_key(key)} = {inline(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(inline(item) for item in value)}]"
        case _:
            raise TypeError(f"TOML has no form for {type(value).__name__}")

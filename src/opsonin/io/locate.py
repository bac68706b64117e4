"""From a key path to its line in a TOML text: the standard parser keeps no line numbers.

Where things stand, nothing else: values are read by `tomllib`, and a text it refuses is not scanned.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
_BLANK = " \t\r\n"
_BARE_ENDS = ",]}\n#"


class Lines:
    """Line numbers (from 1) of every table, key and array item of a TOML text."""

    def __init__(self, text: str) -> None:
        scanner = _Scanner(text)
        scanner.scan()
        self._lines = scanner.lines

    def line(self, path: KeyPath) -> int | None:
        """The line of `path`, else of the nearest table around it; None if nothing of it is written."""
        for depth in range(len(path), 0, -1):
            if path[:depth] in self._lines:
                return self._lines[path[:depth]]
        return None


class _Scanner:
    """Walks over valid TOML once, noting where each key path begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._last: dict[KeyPath, int] = {}  # array of tables -> index of its newest item
        self._newlines = [i for i, character in enumerate(text) if character == "\n"]

    def scan(self) -> None:
        table: KeyPath = ()
        while self._skip():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _here(self) -> int:
        return bisect_right(self._newlines, self.at - 1) + 1

    def _skip(self, also: str = "") -> bool:
        """Pass blanks, comments and the characters in `also`; False at the end of the text."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in _BLANK or self.text[self.at] in also:
                self.at += 1
            else:
                return True
        return False

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)

    def _header(self) -> KeyPath:
        line = self._here()
        listed = self.text.startswith("[[", self.at)
        self.at += 2 if listed else 1
        keys = self._key()
        self.at = self.text.find("]", self.at) + (2 if listed else 1)
        path: KeyPath = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            self._note(path, line)
            if listed and number == len(keys) - 1:
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
                self._note(path, line)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._here()
        path = table
        for key in self._key():
            path = (*path, key)
            self._note(path, line)
        self._skip(also="=")
        self._value(path)

    def _key(self) -> list[str]:
        parts = []
        while self._skip(also="."):
            start = self.at
            if self.text[start] in "\"'":
                self._string()
                parts.append(tomllib.loads(f"key = {self.text[start : self.at]}")["key"])
            else:
                while self.text[self.at].isalnum() or self.text[self.at] in "_-":
                    self.at += 1
                parts.append(self.text[start : self.at])
            while self.text[self.at] in " \t":
                self.at += 1
            if self.text[self.at] != ".":
                break
        return parts

    def _value(self, path: KeyPath) -> None:
        self._note(path, self._here())
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self.at += 1
            index = 0
            while self._skip(also=",") and self.text[self.at] != "]":
                self._value((*path, index))
                index += 1
            self.at += 1
        elif first == "{":
            self.at += 1
            while self._skip(also=",") and self.text[self.at] != "}":
                self._pair(path)
            self.at += 1
        else:
            while self.at < len(self.text) and self.text[self.at] not in _BARE_ENDS:
                self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        closing = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(closing)
        while not self.text.startswith(closing, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(closing)
        while len(closing) == 3 and self.at < len(self.text) and self.text[self.at] == quote:
            self.at += 1  # a multi-line string may end in up to two quotes of its own

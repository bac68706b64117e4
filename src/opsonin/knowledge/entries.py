"""The entries of one kind by name: asked for a name that is none, they say which was meant."""

from __future__ import annotations

from typing import Any, NoReturn

from opsonin.core.errors import Fault, InputError, did_you_mean


class UnknownEntry(InputError, KeyError):
    """No entry has this name; a KeyError too, as of any mapping."""

    __str__ = BaseException.__str__  # that of a KeyError shows the text in quotes


class Entries(dict[str, Any]):
    """Name -> entry; `kind` is what one is called."""

    def __init__(self, kind: str, named: Any = ()) -> None:
        super().__init__(named)
        self.kind = kind

    def __missing__(self, name: str) -> NoReturn:
        raise UnknownEntry(
            Fault("knowledge base", f"there is no {self.kind} '{name}'.", did_you_mean(str(name), self))
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kind, dict(self))

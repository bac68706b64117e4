"""The libraries of the extra 'patient', which a core installation lacks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from opsonin.core.errors import Fault, HostError


def extra(module: str, where: str = "opsonin patient") -> Any:
    """The module of this name; HostError, with `where` it is needed and what to install, if it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        problem = f"needs the extra 'patient', which is not installed: there is no {module}."
        raise HostError(Fault(where, problem, "Install it: pip install 'opsonin[patient]'.")) from error

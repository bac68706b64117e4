"""The libraries of the extra 'patient', which a core installation lacks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from opsonin.core.errors import Fault, HostError


def extra(module: str) -> Any:
    """The module of this name; HostError, with what to install, where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        problem = f"needs the extra 'patient', which is not installed: there is no {module}."
        raise HostError(
            Fault("opsonin patient", problem, "Install it: pip install 'opsonin[patient]'.")
        ) from error

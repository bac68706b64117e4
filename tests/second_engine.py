"""COPASI, the second engine that the patient's models have to agree with."""

from __future__ import annotations

import locale
from typing import Any

import pytest


def copasi() -> Any:
    """The module, or the test is skipped. It sets the locale of the process to C, in which files are ASCII."""
    before = locale.setlocale(locale.LC_ALL)
    module = pytest.importorskip("COPASI")
    locale.setlocale(locale.LC_ALL, before)
    return module

"""A page that a browser has opened, and what is asked of every page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WIDTHS = (390, 820, 1280)  # a phone, a tablet, a desk
NAMELESS = """() => [...document.querySelectorAll("img, svg, canvas, [role=img]")].filter((e) =>
  !e.closest("[aria-hidden=true]") && !e.getAttribute("alt") && !e.getAttribute("aria-label")
).map((e) => e.outerHTML.slice(0, 80))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Opened:
    """A page, with what went wrong in it and what it asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def saved(opened: Opened, selector: str) -> tuple[str, bytes]:
    """Name and content of what a click on the first such element gives."""
    with opened.page.expect_download() as waiting:
        opened.page.locator(selector).first.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

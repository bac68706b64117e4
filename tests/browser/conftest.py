"""A headless Chromium that lets nothing out, and pages of small stored results for it to open.

Skips where no Chromium is found (OPSONIN_CHROMIUM names one) or playwright is not installed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.pages import Opened
from made_results import FakeEnsemble, FakeResult, stored
from opsonin.cli.main import main
from opsonin.report import html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_INSIDE = ("file:", "data:", "blob:")


def chromium() -> str | None:
    """The path of a Chromium, as told or as found."""
    return os.environ.get("OPSONIN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} on the PATH, and OPSONIN_CHROMIUM is not set")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """A function that opens a file: (path, width, scheme, motion) -> Opened. What it met is checked at the end."""
    opened: list[Opened] = []
    contexts = []

    def start(path: Path, width: int = 1280, scheme: str = "light", motion: str = "no-preference") -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion=motion,
            accept_downloads=True,
        )
        contexts.append(context)
        met = Opened(context.new_page())
        opened.append(met)

        def judge(route: Any) -> None:
            address = route.request.url
            if address.startswith(_INSIDE):
                route.continue_()
            else:
                met.outside.append(address)
                route.abort()

        context.route("**/*", judge)
        met.page.on(
            "console", lambda m: met.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        met.page.on("pageerror", lambda error: met.errors.append(str(error)))
        met.page.goto(path.as_uri())
        return met

    yield start
    for context in contexts:
        context.close()
    for met in opened:
        assert not met.errors
        assert not met.outside


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small stored result with its report and movie."""
    out = tmp_path_factory.mktemp("shown") / "out"
    stored(FakeResult(count=60, days=4), out)
    (out / "report.html").write_text("as `run` leaves one; the movie writes it anew")
    assert main(["movie", str(out), "--json"]) == 0
    return out


@pytest.fixture(scope="session")
def replicated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of three replicates."""
    page = tmp_path_factory.mktemp("replicated") / "report.html"
    page.write_text(html.render(FakeEnsemble(count=40, days=3)), encoding="utf-8")
    return page

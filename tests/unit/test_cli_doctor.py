"""`opsonin doctor` says whether a run would work: each thing it looks at can be what keeps it from working."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from opsonin.cli import host
from opsonin.cli.main import main
from opsonin.core import kernel_cache

LOOKED_AT = [
    "python", "opsonin", "libraries", "kernels", "threads", "memory", "kernel cache", "temporary", "extras",
]  # fmt: skip


def checks(capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """What is found, by name."""
    assert main(["doctor", "--json", *arguments]) == code
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] is (code == 0)
    if code:
        assert told["exit_code"] == code
        assert [f["where"] for f in told["faults"]] == [
            c["name"] for c in told["checks"] if c["state"] == "fault"
        ]
    return {check["name"]: check for check in told["checks"]}


def test_all_is_well_here(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capfd.readouterr().out
    for name in LOOKED_AT:
        assert f"  {name}  " in said
    assert "FAULT" not in said and said.endswith("A run would work here.\n")


def test_as_json_it_is_told_in_numbers(capfd: pytest.CaptureFixture[str]) -> None:
    found = checks(capfd, "--cells", "50000")
    assert list(found) == LOOKED_AT
    assert found["threads"]["data"]["cores"] == kernel_cache.cores()
    assert found["threads"]["data"]["used"] == min(5, kernel_cache.cores())
    assert found["kernel cache"]["data"]["folder"] == str(kernel_cache.cache_folder())
    assert found["libraries"]["data"]["numba"] == metadata.version("numba")
    needed = found["memory"]["data"]["needed_bytes"]
    assert checks(capfd, "--cells", "1050000")["memory"]["data"]["needed_bytes"] == needed + 1_000_000_000


def test_a_tiny_run_is_made_when_asked(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr("opsonin.report.html.write_report", asked.append)
    run = checks(capfd, "--run")["run"]
    assert run["state"] == "ok" and run["data"]["seconds"] > 0.0
    assert len(asked) == 1 and not asked[0].exists()


def test_the_kernel_cache_is_told_as_the_tiny_run_leaves_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    warm = []
    monkeypatch.setattr(kernel_cache, "is_warm", lambda: bool(warm))
    monkeypatch.setattr("opsonin.engine.run.run", lambda *_, **__: warm.append(True))
    monkeypatch.setattr("opsonin.report.html.write_report", lambda _: None)
    assert checks(capfd, "--run")["kernel cache"]["data"]["warm"]


def failing(*arguments: object, **options: object) -> None:
    raise MemoryError


def without(distribution: str) -> Callable[[str], str]:
    real = metadata.version

    def version(name: str) -> str:
        if name == distribution:
            raise metadata.PackageNotFoundError(name)
        return real(name)

    return version


class NoFolder:
    """In place of `tempfile`."""

    @staticmethod
    def gettempdir() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")


@pytest.mark.parametrize(
    ("owner", "name", "instead", "arguments", "wrong", "word"),
    [
        (metadata, "version", without("zarr"), [], "libraries", "pip install zarr"),
        (host, "OLDEST_PYTHON", (4, 0), [], "python", "Python 4.0 or later"),
        (host, "free_memory", lambda: 1_000_000_000, ["--cells", "5000000"], "memory", "smaller field"),
        (host, "tempfile", NoFolder, [], "temporary", "TMPDIR"),
        (kernel_cache, "cores", failing, [], "threads", "MemoryError"),
    ],
    ids=["library", "python", "memory", "temporary", "unforeseen"],
)
def test_what_would_fail_is_named_with_its_fix(
    owner: Any,
    name: str,
    instead: Any,
    arguments: list[str],
    wrong: str,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(owner, name, instead)
    found = checks(capfd, *arguments, code=3)
    assert [check["name"] for check in found.values() if check["state"] == "fault"] == [wrong]
    assert word in found[wrong]["told"] + found[wrong]["fix"]
    assert main(["doctor", *arguments]) == 3
    said = capfd.readouterr().out
    assert f"FAULT  {wrong}" in said and "A run would fail here." in said


def test_a_run_that_fails_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("opsonin.engine.run.run", failing)
    assert "memory" in checks(capfd, "--run", code=3)["run"]["told"]


def test_a_cache_that_cannot_be_kept_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel_cache, "cache_root", lambda: tmp_path / "elsewhere")
    cache = checks(capfd)["kernel cache"]
    assert cache["state"] == "note" and "OPSONIN_CACHE" in cache["fix"]


def test_kernels_of_another_place_are_not_taken_for_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel_cache, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(kernel_cache, "cache_root", lambda: tmp_path / "cache")
    here, elsewhere = kernel_cache._PACKAGE, tmp_path / "elsewhere"
    for folder in kernel_cache.COMPILED_FROM:
        shutil.copytree(here / folder, elsewhere / folder)
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(kernel_cache, "_PACKAGE", elsewhere)
    kernel_cache.mark_warm()
    assert kernel_cache.is_warm()
    os.utime(elsewhere / "kernels" / "contacts.py")
    assert not kernel_cache.is_warm()  # numba compares times, too
    kernel_cache.mark_warm()
    monkeypatch.setattr(kernel_cache, "_PACKAGE", here)
    assert not kernel_cache.is_warm()
    found = checks(capfd)
    assert found["kernel cache"]["data"]["warm"] is False
    assert "compiles" in found["kernel cache"]["fix"]
    assert found["memory"]["data"]["needed_bytes"] == host.COMPILING_BYTES + 10_000 * host.BYTES_PER_CELL


def test_a_limit_of_the_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "pod" / "job"
    inner.mkdir(parents=True)
    for folder, limit, used in ((tmp_path / "pod", "900", "300"), (inner, "max", "200")):
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text(used)
    monkeypatch.setattr(host, "CONTROL_GROUPS", tmp_path)
    assert list(host.left_by_groups(["0::/pod/job", "3:cpu:/"])) == [600]
    assert list(host.left_by_groups(["0::/elsewhere"])) == []

"""What a result carries to be rebuilt is stable and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

from opsonin.core.provenance import digest, versions


def test_digest_depends_on_content_and_not_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [1.5, "µ"]}) == digest({"b": [1.5, "µ"], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_digest_is_the_same_in_another_process_with_another_hash_seed() -> None:
    program = (
        "from opsonin.core.provenance import digest; print(digest({'b': {'x': 0.1}, 'a': [None, True]}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest({"b": {"x": 0.1}, "a": [None, True]})}


@pytest.mark.parametrize("content", [{"a": float("nan")}, {"a": {1, 2}}])
def test_digest_refuses_what_json_cannot_hold(content: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        digest(content)


def test_versions_name_everything_that_decides_the_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = versions()
    assert set(found) == {"opsonin", "python", "numpy", "numba", "llvmlite", "cpu"}
    assert all(found.values())
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+sse2")
    assert versions()["cpu"] == "generic:+sse2"

"""The rules of the house, read from the source: floors, what kernels may not contain, sizes, and the cache."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "opsonin"
FLOORS = {
    "core": 0,
    "model": 1,
    "laws": 1,
    "knowledge": 2,
    "state": 2,
    "kernels": 2,
    "reference": 2,
    "tissue": 3,
    "patient": 3,
    "observe": 3,
    "store": 3,
    "io": 3,
    "engine": 4,
    "report": 6,
    "cli": 7,
    "__init__": 7,
    "__main__": 8,
}
FILES = sorted(PACKAGE.rglob("*.py"))
COMPILED = [f for f in FILES if f.parent.name in ("kernels", "laws") or f.name == "random.py"]


def place(file: Path) -> str:
    relative = file.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(file: Path) -> set[str]:
    """The opsonin folders that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "opsonin" and len(parts) > 1 and parts[1] in FLOORS:
                found.add(parts[1])
    return found


def test_every_folder_has_a_floor():
    assert {place(file) for file in FILES} == set(FLOORS)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_folder_imports_lower_floors_only(file):
    here = place(file)
    for other in imports(file) - {here}:
        assert FLOORS[other] < FLOORS[here], f"{file.name} in {here} imports {other}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_module_says_what_lives_in_it(file):
    if file.stat().st_size:
        assert ast.get_docstring(ast.parse(file.read_text())), f"{file} has no docstring"


def called(node: ast.AST) -> str:
    return ast.unparse(node)


@pytest.mark.parametrize("file", COMPILED, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_kernels_hold_no_hidden_randomness_clock_or_fast_math(file):
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
            assert not {"time", "random", "datetime", "secrets"} & {m.split(".")[0] for m in modules if m}
        if isinstance(node, ast.Attribute):
            assert called(node) not in ("np.random", "numpy.random"), f"line {node.lineno}"
        if isinstance(node, ast.keyword):
            assert node.arg != "fastmath", f"line {node.value.lineno}"


def stored(assignment: ast.Assign) -> set[str]:
    return {n.id for target in assignment.targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def parallel_float_sums(tree: ast.AST) -> list[int]:
    """Lines in a prange loop that add to a name which no iteration assigned before: a reduction across threads."""
    lines = []
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and "prange" in called(loop.iter):
            own = {
                target.id
                for node in ast.walk(loop)
                if isinstance(node, ast.Assign)
                for target in ast.walk(node)
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
            }
            indices = own | {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            for node in ast.walk(loop):
                if isinstance(node, ast.AugAssign):
                    target = node.target
                    shared = isinstance(target, ast.Name) and target.id not in own
                    if isinstance(target, ast.Subscript):
                        names = {n.id for n in ast.walk(target.slice) if isinstance(n, ast.Name)}
                        shared = not names & indices and called(target.value) not in own
                    lines += [node.lineno] if shared else []
                elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                    # s = s + x: the name is only ever assigned from itself in the loop
                    name = called(node.targets[0])
                    others = [
                        other
                        for other in ast.walk(loop)
                        if isinstance(other, ast.Assign) and other is not node and name in stored(other)
                    ]
                    if (
                        isinstance(node.targets[0], ast.Name)
                        and not others
                        and name in map(called, ast.walk(node.value))
                    ):
                        lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("file", COMPILED, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_no_parallel_loop_sums_floats(file):
    assert parallel_float_sums(ast.parse(file.read_text())) == []


def test_a_parallel_float_sum_would_be_seen():
    bad = "def f(x):\n    s = 0.0\n    for i in prange(9):\n        s += x[i]\n    return s"
    good = "def f(x, y):\n    for i in prange(9):\n        s = 0.0\n        s += x[i]\n        y[i] += s"
    assert parallel_float_sums(ast.parse(bad)) == [4]
    assert parallel_float_sums(ast.parse(bad.replace("s += x[i]", "s = s + x[i]"))) == [4]
    assert parallel_float_sums(ast.parse(bad.replace("s += x[i]", "s[0] += x[i]"))) == [4]
    assert parallel_float_sums(ast.parse(good)) == []


def test_no_eval_or_exec_anywhere():
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{file}:{node.lineno}"


def test_no_file_is_a_drawer_for_everything():
    for file in FILES:
        assert file.stem not in ("utils", "helpers", "manager", "common", "misc"), file
        assert len(file.read_text().splitlines()) <= 600, file


PROBE = """
import numpy as np
from opsonin.core import kernel_cache
kernel_cache.prepare(1)
from opsonin.kernels.trafficking import arrivals
count = np.zeros(3, np.int64)
ids, ones, key = np.arange(3).astype(np.uint64), np.ones(3), np.zeros(2, np.uint32)
arrivals(ids, ones, key, 0, 1, 1.0, 300.0, 1.0, count)
print(count.sum(), kernel_cache.cache_folder().name, len(list(kernel_cache.cache_folder().rglob("*.nbi"))))
"""


def test_a_changed_law_is_never_served_from_the_kernel_cache(tmp_path):
    """The kernel's own file does not change: numba alone would go on with the old law."""
    source = tmp_path / "src"
    shutil.copytree(PACKAGE, source / "opsonin", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "OPSONIN_CACHE": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("NUMBA_CACHE_DIR", None)

    def probe() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    before, again = probe(), probe()
    assert before == again
    assert int(before[0]) > 100
    assert int(before[2]) > 0  # the cache was used at all
    law = source / "opsonin" / "laws" / "trafficking.py"
    text = law.read_text()
    assert "return flux * area / vessels * recruitment" in text
    law.write_text(text.replace("* recruitment", "* recruitment * 0.0"))
    after = probe()
    assert after[0] == "0"
    assert after[1] != before[1]
    columns = source / "opsonin" / "model" / "tables.py"  # kernels freeze these constants
    columns.write_text(columns.read_text().replace("ALWAYS = -1", "ALWAYS = -3"))
    assert probe()[1] not in (before[1], after[1])


LOADED = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path[:0] = [str(folder.parent), str(folder.parent / "unit"), str(folder)]
for file in sorted(folder.glob("test_*.py")):
    importlib.import_module(file.stem)
    if any(name.startswith("opsonin.kernels.") for name in sys.modules):
        sys.exit(f"{file.name} loads kernels")
"""


def test_the_tests_of_patients_load_no_kernels():
    """Beside kernels each of their models takes three times as long to load."""
    folder = Path(__file__).parent / "patient"
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

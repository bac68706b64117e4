"""What of this machine decides whether a run works, one finding each: software, cores, memory, caches, extras.

Nothing is changed here; `doctor.py` prints what is found.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from opsonin.core import kernel_cache

OLDEST_PYTHON = (3, 11)
# Peak of a run of 6,000 cells with kernels from the cache, measured; and while two processes compile them: twice what
# the larger of them took (830 MB).
BASE_BYTES, COMPILING_BYTES = 400_000_000, 1_600_000_000
BYTES_PER_CELL = 1000  # 840 measured at a million cells (benchmarks/memory.py)
FEWEST_FREE_BYTES = 200_000_000  # of disk: a demo needs a tenth of it
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_DISTRIBUTION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_NO_LIMIT = 1 << 60
CONTROL_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: "ok"; "note" where a run works all the same; "fault" where it would fail.
        told: what was found, in words.
        fix: what to do about it.
        data: the same in numbers, for --json.
    """

    name: str
    state: Literal["ok", "note", "fault"]
    told: str
    fix: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def findings(cells: int) -> Iterator[Finding]:
    """Everything that can be seen without a run of a field of that many cells."""
    looks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("python", _python),
        ("opsonin", _opsonin),
        ("libraries", _libraries),
        ("kernels", _numba),
        ("threads", lambda: _threads(cells)),
        ("memory", lambda: _memory(cells)),
        ("kernel cache", _cache),
        ("temporary", _temporary),
        ("extras", _extras),
    )
    for name, look in looks:
        try:
            yield look()
        except Exception as error:  # what keeps it from being seen may be what is wrong
            yield Finding(
                name, "fault", f"{type(error).__name__}: {error}", "Reinstall opsonin: make install."
            )


def _python() -> Finding:
    version, oldest = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST_PYTHON))
    data = {"version": version, "executable": sys.executable, "platform": sys.platform}
    told = f"{version} on {sys.platform}, {sys.executable}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "fault", told, f"Install Python {oldest} or later.", data)
    if os.name != "posix":
        return Finding("python", "fault", told, "opsonin runs on Linux.", data)
    return Finding("python", "ok", told, data=data)


def _opsonin() -> Finding:
    folder = Path(__file__).resolve().parents[1]
    try:
        version = metadata.version("opsonin")
    except metadata.PackageNotFoundError:
        return Finding("opsonin", "note", f"not installed, run from {folder}", data={"folder": str(folder)})
    return Finding("opsonin", "ok", f"{version}, {folder}", data={"version": version, "folder": str(folder)})


def _required() -> Iterator[tuple[str, str | None]]:
    """(distribution, extra that needs it) of every requirement of the installed package."""
    try:
        listed = metadata.requires("opsonin") or []
    except metadata.PackageNotFoundError:
        listed = ["numba", "numpy", "pyarrow", "pydantic", "scipy", "xarray", "zarr"]
    for requirement in listed:
        named, extra = _DISTRIBUTION.match(requirement), _EXTRA.search(requirement)
        if named is not None:
            yield named[0], extra[1] if extra else None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _libraries() -> Finding:
    found = {name: _version(name) for name, extra in _required() if extra is None}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        fix = f"Install them: {sys.executable} -m pip install {' '.join(missing)}"
        return Finding("libraries", "fault", f"missing: {', '.join(missing)}", fix, dict(found))
    told = ", ".join(
        f"{name} {found[name]}" for name in ("numpy", "numba", "pyarrow", "zarr") if name in found
    )
    return Finding("libraries", "ok", f"{told}, and {max(0, len(found) - 4)} more", data=dict(found))


def _numba() -> Finding:
    """The compiler, its threads, and the processor it compiles for."""
    from opsonin.core.provenance import versions

    kernel_cache.prepare()
    layer = os.environ.get("NUMBA_THREADING_LAYER", "omp")
    cpu = versions()["cpu"].partition(":")[0]
    data = {"cpu": cpu, "processor": _processor(), "threading_layer": layer}
    importlib.import_module("numba")
    try:
        importlib.import_module(f"numba.np.ufunc.{layer}pool")
    except ImportError as error:
        fix = "Install OpenMP (the package libgomp1), or set NUMBA_THREADING_LAYER=workqueue."
        return Finding("kernels", "fault", f"numba cannot start threads by '{layer}': {error}", fix, data)
    named = f"{data['processor']} ({cpu})" if data["processor"] else cpu
    return Finding("kernels", "ok", f"compiled for {named}, threads by {layer}", data=data)


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    named = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return named[1].strip() if named else ""


def _threads(cells: int) -> Finding:
    import numba

    from opsonin.engine.arms import use_threads

    before = numba.get_num_threads()
    use_threads(None, cells)
    used, pool = numba.get_num_threads(), int(numba.config.NUMBA_NUM_THREADS)
    numba.set_num_threads(before)
    cores = kernel_cache.cores()
    data = {"cores": cores, "machine_cores": os.cpu_count(), "pool": pool, "cells": cells, "used": used}
    told = (
        f"{_many(cores, 'core')} may be used; a field of {cells:,} cells keeps {_many(used, 'thread')} busy"
    )
    return Finding("threads", "ok", told, "Threads change no result; --threads N sets them.", data)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _memory(cells: int) -> Finding:
    needed = BYTES_PER_CELL * cells + (BASE_BYTES if kernel_cache.is_warm() else COMPILING_BYTES)
    free = free_memory()
    data = {"cells": cells, "needed_bytes": needed, "free_bytes": free}
    need = f"a field of {cells:,} cells needs about {_size(needed)}"
    if free is None:
        return Finding("memory", "note", f"{need}; how much is free cannot be told here", data=data)
    told = f"{_size(free)} free; {need}"
    if free < needed:
        return Finding("memory", "fault", told, "Close other programs, or use a smaller field.", data)
    return Finding("memory", "ok", told, data=data)


def free_memory() -> int | None:
    """Bytes that this process may still take, by the machine and by the limits of its container; None if unknown."""
    limits = [*_machine_memory(), *_group_memory()]
    return min(limits, default=None)


def _machine_memory() -> Iterator[int]:
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return
    found = re.search(r"^MemAvailable:\s*(\d+) kB", told, re.MULTILINE)
    if found:
        yield 1024 * int(found[1])


def _group_memory() -> Iterator[int]:
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    yield from left_by_groups(groups)


def left_by_groups(groups: Iterable[str]) -> Iterator[int]:
    """Bytes that control groups leave, version 2 and 1, from a process's own group up to the root.

    Args:
        groups: lines of /proc/self/cgroup.
    """
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, most, now = CONTROL_GROUPS, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, most, now = CONTROL_GROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        here = root / path.lstrip("/")
        for group in (here, *here.parents):
            limit, used = _number_in(group / most), _number_in(group / now)
            if limit is not None and used is not None and limit < _NO_LIMIT:
                yield max(0, limit - used)
            if group == root:
                break


def _number_in(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max"
        return None


def _cache() -> Finding:
    folder, root = kernel_cache.cache_folder(), kernel_cache.cache_root()
    warm, kept = kernel_cache.is_warm(), folder.is_relative_to(root)
    size, whole = _bytes_in(folder), _bytes_in(root)
    data = {"folder": str(folder), "warm": warm, "kept": kept, "bytes": size, "all_versions_bytes": whole}
    if not kept:
        fix = "Make it writable, or set OPSONIN_CACHE to a folder that is: until then every run compiles for a minute."
        return Finding("kernel cache", "note", f"{root} cannot be written", fix, data)
    told = f"{folder}, {_size(size)}"
    if not warm:
        fix = "The next run compiles the kernels, once, in one to three minutes."
        return Finding("kernel cache", "note", f"{told}, cold", fix, data)
    old = whole - size
    fix = f"{_size(old)} of other versions lie in {root}; they may be removed." if old > 0 else ""
    return Finding("kernel cache", "ok", f"{told}, warm", fix, data)


def _bytes_in(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _temporary() -> Finding:
    try:
        folder = Path(tempfile.gettempdir())
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"opsonin")
    except OSError as error:
        told = f"no folder for temporary files can be written: {error.strerror or error}"
        return Finding(
            "temporary", "fault", told, "Free some space, or set TMPDIR to a folder that is writable."
        )
    free = shutil.disk_usage(folder).free
    data = {"folder": str(folder), "free_bytes": free}
    state: Literal["ok", "note"] = "ok" if free >= FEWEST_FREE_BYTES else "note"
    fix = "" if state == "ok" else "It is little: free some, or set TMPDIR to another folder."
    return Finding("temporary", state, f"{folder}, {_size(free)} free", fix, data)


def _extras() -> Finding:
    needs: dict[str, list[str]] = {}
    for name, extra in _required():
        if extra is not None:
            needs.setdefault(extra, []).append(name)
    missing = {extra: [n for n in names if _version(n) is None] for extra, names in sorted(needs.items())}
    told = ", ".join(
        f"{extra} {'not installed' if lacking else 'installed'}" for extra, lacking in missing.items()
    )
    lacks = [extra for extra, lacking in missing.items() if lacking]
    fix = f"Install one: {sys.executable} -m pip install 'opsonin[{lacks[0]}]'" if lacks else ""
    data = {extra: not lacking for extra, lacking in missing.items()}
    return Finding("extras", "note" if lacks else "ok", told or "none are declared", fix, data)


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 1e3:.0f} kB"

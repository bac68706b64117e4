"""Where compiled kernels are kept, and how many threads they may use. Import before anything that imports numba.

Numba does not see a change in another file: an edited law would run with the old biology from the cache.
So the cache folder carries a digest of every source that a kernel is compiled from.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from opsonin.core.provenance import versions

_PACKAGE = Path(__file__).resolve().parent.parent
COMPILED_FROM = ("core", "model", "laws", "kernels")  # model: constants that kernels freeze
# What can change a bit of a result, the knowledge base aside: that has a digest of its own.
DECIDES_BITS = (*COMPILED_FROM, "state", "tissue", "patient", "observe", "engine")
MAX_THREADS = 64


@lru_cache(maxsize=4)
def digest_of_sources(folders: tuple[str, ...] = COMPILED_FROM) -> str:
    """Hex digest over the path and content of all Python files in these folders of the package."""
    digest = hashlib.blake2b(digest_size=10)
    for folder in folders:
        for file in sorted((_PACKAGE / folder).rglob("*.py")):
            digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_root() -> Path:
    """The user's cache folder for opsonin; OPSONIN_CACHE overrides it."""
    override = os.environ.get("OPSONIN_CACHE")
    if override:
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "opsonin"


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """The folder of kernels compiled from exactly these sources; a temporary one where it cannot be written.

    Numba would otherwise fall back on the package's own folder, whose files carry no digest.
    """
    folder = cache_root() / digest_of_sources()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        temporary = Path(tempfile.mkdtemp(prefix="opsonin-kernels-"))
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return temporary


def is_warm() -> bool:
    """True if a run of these very files, on such a processor, has got past its first step here before.

    All it needs is compiled then. Numba compiles again for the same sources in another place or of another time.
    """
    return _stamp().is_file()


def _stamp() -> Path:
    """The file that says so: its name is a digest of what numba tells kernels apart by, beside their sources."""
    files = [file for folder in COMPILED_FROM for file in sorted((_PACKAGE / folder).rglob("*.py"))]
    known = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    compiler = {name: version for name, version in versions().items() if name != "opsonin"}
    digest = hashlib.blake2b(repr((known, compiler)).encode(), digest_size=10)
    return cache_folder() / f"complete-{digest.hexdigest()}"


def mark_warm() -> None:
    """Note that every kernel of a run is in the cache now; a cache that cannot be written stays cold."""
    try:
        _stamp().touch()
    except OSError:
        return


def prepare(threads: int | None = None) -> None:
    """Point numba at the cache and fix its thread pool; the pool keeps its size once numba is imported.

    Args:
        threads: kernel threads that may be asked for later, 1 to 64; default: the cores of this machine.
    """
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(cache_folder())
        return
    pool = min(MAX_THREADS, max(cores(), threads or 1))
    os.environ.setdefault("NUMBA_NUM_THREADS", str(pool))
    os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

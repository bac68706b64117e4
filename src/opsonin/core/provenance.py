"""What a result must carry to be rebuilt: versions, a stable digest of content, the format version.

No clock, host name or path is read here: two identical runs have identical provenance.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
from importlib import metadata
from typing import Any

FORMAT_VERSION = 1


def versions() -> dict[str, str]:
    """Versions that decide the bits of a result, and the processor that kernels are compiled for.

    Returns:
        opsonin, python, numpy, numba and llvmlite versions; `cpu` is the processor's name and features as
        LLVM spells them ("znver4:+adx,+aes,..."), or what NUMBA_CPU_NAME and NUMBA_CPU_FEATURES set instead.
    """
    return {
        "opsonin": _own_version(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("numpy", "numba", "llvmlite")},
        "cpu": _cpu(),
    }


def _own_version() -> str:
    try:
        return metadata.version("opsonin")
    except metadata.PackageNotFoundError:
        return "not installed"  # run from a bare source tree


def _cpu() -> str:
    binding: Any = importlib.import_module("llvmlite.binding")

    name = os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = ",".join(
            f"+{key}" for key, present in sorted(binding.get_host_cpu_features().items()) if present
        )
    return f"{name}:{features}"


def digest(content: Any) -> str:
    """Hex digest of JSON-able content; the order of keys does not matter, 1 and 1.0 differ.

    Raises:
        TypeError: content that JSON has no form for.
        ValueError: NaN or an infinity.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

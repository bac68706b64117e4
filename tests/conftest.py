"""Set up once for every test: the kernel cache, one thread in a pool large enough for the thread tests, no deadline."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from opsonin.core import kernel_cache

# Several processes of tests share the cores: a thread that waits for another must not keep its core, here and in what
# tests start.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
kernel_cache.prepare(threads=4)

import numba  # noqa: E402 - its pool has its size once it is imported

# Threads that these small tissues do not keep busy wait for each other: a busy machine then takes many times longer.
numba.set_num_threads(1)

# How long an example takes says how busy the machine is, and compiles the kernels that it is the first to call.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SHARED = Path(os.environ.get("OPSONIN_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real biopsies; tests that need it skip where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared data folder is not beside this checkout")
    return folder


# Files of few tests that take longest: the processes of a session should not wait for one at its end.
LONGEST = ("test_engine_bits.py", "test_patient_body.py", "test_dose_and_order.py", "test_contact_rates.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; `--no-loadscope-reorder` keeps it so."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels before the processes of a parallel session start, for each would compile them."""
    is_worker = hasattr(config, "workerinput")
    if getattr(config.option, "numprocesses", None) and not is_worker and not kernel_cache.is_warm():
        from opsonin.engine.run import run
        from tissues import CONTROL, scenario

        run(scenario(scenario__duration="20 min", output__every="20 min", arm=[CONTROL]))


@pytest.fixture
def blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures of reports blank, for tests of the words, numbers and links around them: drawing is slow."""
    from opsonin.report import curves, maps, waterfall

    picture = maps.colour_bar()
    for module, name, blank in (
        (maps, "cell_map", picture),
        (maps, "field_map", picture),
        (curves, "draw", "<svg></svg>"),
        (waterfall, "_draw", "<svg></svg>"),
    ):
        monkeypatch.setattr(module, name, lambda *_, blank=blank: blank)

"""Process: what hits, death ligands, priming and drugs inside cells come to: cells that live on, and cells that die."""

from __future__ import annotations

from opsonin.kernels.death import succumb
from opsonin.model.death import TISSUE_RATES
from opsonin.tissue.tissue import Tissue

NAME = "death"
COLUMNS = ("phase", "disc", "caspase8", "bid", "pores", "caspase3")


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """The death decision of every cell over `duration` [min] from `tick`; the dead become corpses."""
    cells, drugs = tissue.cells, tissue.exposure
    killed, alone = succumb(cells.arrays, cells.n, tissue.tables, drugs, TISSUE_RATES, tick, duration)
    count(tissue, killed, alone)


def count(tissue: Tissue, killed: int, alone: int) -> None:
    """Note cells killed, and cells that died of drugs alone."""
    tissue.count("kills", killed)
    tissue.count("drug_deaths", alone)

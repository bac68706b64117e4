"""The result store: committed segments that survive kill -9, reading them, comparing two results.

Runs nothing and draws nothing. Importing it loads no parquet, zarr, pandas or xarray.
"""

from opsonin.store.commit import write_atomic
from opsonin.store.diff import Difference, diff
from opsonin.store.result import Result
from opsonin.store.segments import Segment
from opsonin.store.writer import Writer

__all__ = ["Difference", "Result", "Segment", "Writer", "diff", "write_atomic"]

"""The decorators of loops over cells, and of what such a loop does for one cell or one contact.

Numba counts the owners of every array that a function is handed, also of all those in the columns of the cells and in
the tables: some hundred atomic additions per call, 0.6 us, where the law itself takes 10 ns. What makes no array of
its own need not count (`_nrt=False`), and is then part of the loop that calls it (`forceinline`).
"""

from __future__ import annotations

import numba as nb

# For one cell or contact.
inlined = nb.njit(cache=True, error_model="numpy", forceinline=True, _nrt=False)
# A loop over cells that makes no array.
bare = nb.njit(cache=True, error_model="numpy", nogil=True, _nrt=False)

"""Overdamped motion of cells: sum the pair speeds of `laws.mechanics`, add each cell's own velocity, move.

No cell fate and no choice of velocity here. The explicit midpoint rule, of second order, two evaluations a step:

    sort into bins -> copy in that order -> pairs, each once -> speeds -> a short enough step -> half of it
    -> the same again -> move from where the step began

Pair speeds are summed as integers (fixed point, 2**-36 um/min): the sum is exact, so the order of cells, bins
and threads changes no bit, momentum balances exactly, and a pair is worked out once for both of its cells.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from opsonin.core.random import mixed
from opsonin.core.threads import FIRST
from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.neighbours import (
    MAX_SPANS,
    NOT_FINITE,
    OK,
    bin_cells,
    bin_shape,
    rows_around,
    spans_in_rows,
)
from opsonin.laws.mechanics import ADHESION_REACH, contact_distance, separation_speed

TOO_FAST = 10  # a cell would move further than the limit, even in the shortest piece of a step

SHEATH_MAX = ADHESION_REACH - 1.0  # so that one reach finds all pairs
STRENGTH_MAX = 1e4  # um/min; keeps the integer sums far from overflow
_FIXED = 2.0**36
_COINCIDENT = 1e-10  # um; closer centres are taken to be this far apart, in a direction made from their ids
HALVINGS = 6
_PARALLEL_FROM = 6000  # cells; below, starting threads costs more than they save
_CHUNKS = 64
_SLABS = 16
_BATCH = 512  # pairs worked out together: long vector loops, yet inside the first-level cache
_STAGGER = 72  # float64; arrays that start at the same offset of a page evict each other


class Bodies(NamedTuple):
    """What mechanics reads of the cells; float64 unless stated, the first n entries valid."""

    x: Any  # um, in [0, Lx)
    y: Any  # um, in [0, Ly)
    z: Any  # um, in [0, Lz) in 3D; carried along in a slab
    radius: Any  # um, above 0
    repulsion: Any  # um/min, at most STRENGTH_MAX
    adhesion: Any  # um/min, at most STRENGTH_MAX
    vx: Any  # um/min, own velocity of motile cells, else 0
    vy: Any
    vz: Any
    sheath: Any  # -1 for tumour cells; for stroma the sheath between, at most SHEATH_MAX; 0 for others
    id: Any  # uint64, all different


class Moved(NamedTuple):
    """Where mechanics writes; float64, n or longer, not the arrays it reads."""

    x: Any  # um
    y: Any  # um
    z: Any  # um
    pressure: (
        Any  # um2/min, sum_j f_ij d_ij / (2 dimension), f repulsion less adhesion, halfway the last move
    )


@inlined
def _apart(id_i, id_j, dimension):
    """Displacement [um] of cell i from cell j where their centres coincide: opposite for the two of them."""
    low, high = (id_i, id_j) if id_i < id_j else (id_j, id_i)
    word = mixed(low, high)
    azimuth = 2.0 * math.pi * np.float64(word >> np.uint64(32)) * 2.0**-32
    height = np.float64(word & np.uint64(0xFFFFFFFF)) * 2.0**-31 - 1.0 if dimension == 3 else 0.0
    across = math.sqrt(1.0 - height * height)
    length = _COINCIDENT if id_i > id_j else -_COINCIDENT
    return length * across * math.cos(azimuth), length * across * math.sin(azimuth), length * height


@bare
def take_roots(bodies, n, root_repulsion, root_adhesion):
    """Root strengths of cells 0..n-1; returns the largest radius, or 0 if a number is out of range."""
    widest = 0.0
    for i in range(n):
        repulsion, adhesion, radius = bodies.repulsion[i], bodies.adhesion[i], bodies.radius[i]
        strong = 0.0 <= repulsion <= STRENGTH_MAX and 0.0 <= adhesion <= STRENGTH_MAX
        if not (strong and 0.0 < radius < np.inf):
            return 0.0
        root_repulsion[i] = math.sqrt(repulsion)
        root_adhesion[i] = math.sqrt(adhesion)
        widest = max(widest, radius)
    return widest


@bare
def _copy_sorted(begin, end, order, now, dimension, lanes, rank):
    """Copy what pairs need of sorted cells begin..end-1, so that neighbours are contiguous; note ranks."""
    x, y, z, radius, root_repulsion, root_adhesion, sheath = lanes
    for k in range(begin, end):
        i = order[k]
        rank[i] = k
        x[k] = now.x[i]
        y[k] = now.y[i]
        z[k] = now.z[i] if dimension == 3 else 0.0
        radius[k] = now.radius[i]
        root_repulsion[k] = now.repulsion[i]
        root_adhesion[k] = now.adhesion[i]
        sheath[k] = now.sheath[i]


@njit(cache=True, error_model="numpy", parallel=True)
def _copy_sorted_parallel(n, order, now, dimension, lanes, rank):
    for chunk in prange(_CHUNKS):
        _copy_sorted(n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS, order, now, dimension, lanes, rank)


@inlined
def _image(difference, length, per_length):
    """`nearest` with the division done beforehand: this is the innermost loop."""
    return difference - length * np.rint(difference * per_length)


@inlined
def _sift(i, first, last, spans, border, flat, box, per_box, x, y, z, radius, factor, partner, count):
    """Append to `partner` the sorted cells after i, in the given spans, that are within its reach.

    Every candidate is written, and the count advances past those that stay: no branch to mispredict. Indices
    are unsigned because numba spends a test per access on negative ones. Returns the new count.

    Args:
        flat: in a slab, where z plays no part. factor: reach over the sum of the radii.
    """
    xi, yi, zi, ri = x[i], y[i], z[i], radius[i]
    for s in range(spans):
        for k in range(max(first[s], i + 1), last[s]):
            j = np.uintp(k)
            dx, dy = xi - x[j], yi - y[j]
            dz = 0.0 if flat else zi - z[j]
            if border:
                dx = _image(dx, box[0], per_box[0])
                dy = _image(dy, box[1], per_box[1])
                if not flat:
                    dz = _image(dz, box[2], per_box[2])
            reach = factor * (ri + radius[j])
            partner[np.uintp(count)] = j
            count += dx * dx + dy * dy + dz * dz < reach * reach
    return count


@inlined
def _pair_up(
    i, begin, end, border, box, per_box, dimension, x, y, z, radius, roots, sheath, order, ids, partner, pairs
):
    """Differences, contact distance and strengths of cell i with partner[begin:end], packed for `_add_up`."""
    xi, yi, zi, ri, ki, ai, si = x[i], y[i], z[i], radius[i], roots[0][i], roots[1][i], sheath[i]
    for t in range(begin, end):
        p = np.uintp(t)
        j = partner[p]
        dx, dy, dz = xi - x[j], yi - y[j], zi - z[j]
        if border:
            dx = _image(dx, box[0], per_box[0])
            dy = _image(dy, box[1], per_box[1])
            dz = _image(dz, box[2], per_box[2])
        if abs(dx) + abs(dy) + abs(dz) < _COINCIDENT:
            dx, dy, dz = _apart(ids[order[i]], ids[order[j]], dimension)
        pairs[0][p], pairs[1][p], pairs[2][p] = dx, dy, dz
        between = max(-si * sheath[j], 0.0)
        pairs[3][p] = contact_distance(ri, radius[j], between)
        pairs[4][p] = ki * roots[0][j]
        pairs[5][p] = (
            ai * roots[1][j] if between == 0.0 else 0.0
        )  # cells do not hold to each other through matrix


@bare
def _add_up(i_first, i_end, pair_end, partner, pairs, fixed, total):
    """Work out the packed pairs of cells i_first..i_end-1 and add them to both partners' totals.

    Args:
        pair_end: cell i's pairs end at pair_end[i - i_first].
        fixed: scratch, int64: speeds along x, y, z and virial of each pair.
        total: inout, int64, 4 per sorted cell, 2**-36 um/min (um2/min for the virial).
    """
    px, py, pz, contact, repulsion, adhesion = pairs
    fx, fy, fz, virial = fixed
    for t in range(pair_end[i_end - 1 - i_first]):
        p = np.uintp(t)
        squared = px[p] * px[p] + py[p] * py[p] + pz[p] * pz[p]
        distance = math.sqrt(squared)
        shared = 1.0 / (distance * contact[p])  # one division serves both ratios
        speed = _FIXED * separation_speed(repulsion[p], adhesion[p], squared * shared)
        virial[p] = np.int64(speed * distance)
        along = speed * (contact[p] * shared)
        fx[p] = np.int64(along * px[p])
        fy[p] = np.int64(along * py[p])
        fz[p] = np.int64(along * pz[p])
    t = 0
    for i in range(i_first, i_end):
        sx = sy = sz = sv = 0
        while t < pair_end[i - i_first]:
            p = np.uintp(t)
            at = np.uintp(partner[p]) * np.uintp(4)
            sx += fx[p]
            sy += fy[p]
            sz += fz[p]
            sv += virial[p]
            total[at] -= fx[p]
            total[at + np.uintp(1)] -= fy[p]
            total[at + np.uintp(2)] -= fz[p]
            total[at + np.uintp(3)] += virial[p]
            t += 1
        total[4 * i] += sx
        total[4 * i + 1] += sy
        total[4 * i + 2] += sz
        total[4 * i + 3] += sv


@njit(cache=True, error_model="numpy")
def _sum_pairs(row_begin, row_end, most, box, dimension, bins, start, order, ids, lanes, total):
    """Add all pairs whose first cell (in sorted order) lies in rows row_begin..row_end-1 of bins.

    Args:
        most: the most candidates one cell can have.
    """
    nz, ny, nx = bins
    x, y, z, radius, root_repulsion, root_adhesion, sheath = lanes
    roots = (root_repulsion, root_adhesion)
    per_box = (1.0 / box[0], 1.0 / box[1], 1.0 / box[2])
    room = _BATCH + most
    block = np.empty((6, room))
    pairs = (block[0], block[1], block[2], block[3], block[4], block[5])
    whole = np.empty((4, room), np.int64)
    fixed = (whole[0], whole[1], whole[2], whole[3])
    partner = np.empty(room, np.uint32)
    pair_end = np.empty(_BATCH, np.int64)
    rows = np.empty(9, np.int64)
    first = np.empty(MAX_SPANS, np.int64)
    last = np.empty(MAX_SPANS, np.int64)
    count = 0
    i_first = start[row_begin * nx]
    for row in range(row_begin, row_end):
        if start[row * nx] == start[row * nx + nx]:
            continue
        ahead = 0
        for t in range(rows_around(row, bins, rows)):
            if rows[t] >= row:
                rows[ahead] = rows[t]
                ahead += 1
        by, bz = row % ny, row // ny
        outer = by == 0 or by == ny - 1 or (dimension == 3 and (bz == 0 or bz == nz - 1))
        for bx in range(nx):
            b = row * nx + bx
            if start[b] == start[b + 1]:
                continue
            border = outer or bx == 0 or bx == nx - 1
            spans = spans_in_rows(rows, ahead, bx, nx, start, first, last)
            for i in range(start[b], start[b + 1]):
                begin = count
                # a cell that adheres to none and that no sheath keeps off feels only what it touches
                factor = ADHESION_REACH if root_adhesion[i] > 0.0 or sheath[i] != 0.0 else 1.0
                count = _sift(
                    i, first, last, spans, border, dimension == 2, box, per_box,
                    x, y, z, radius, factor, partner, count,
                )  # fmt: skip
                _pair_up(
                    i, begin, count, border, box, per_box, dimension,
                    x, y, z, radius, roots, sheath, order, ids, partner, pairs,
                )  # fmt: skip
                pair_end[i - i_first] = count
                if count >= _BATCH or i - i_first == _BATCH - 1:
                    _add_up(i_first, i + 1, pair_end, partner, pairs, fixed, total)
                    i_first = i + 1
                    count = 0
    if i_first < start[row_end * nx]:
        _add_up(i_first, start[row_end * nx], pair_end, partner, pairs, fixed, total)


@bare
def _slab_edges(n, layers, rows_per_layer, nx, start, edges):
    """Cut the layers of bins into an even number of slabs, two layers or more each, with about equal cells.

    A cell adds to its own slab and to the first layer of the next (from the first slab: also to the last
    layer of the last), so slabs of one parity never write to the same cell. Returns the number of slabs.
    """
    # four layers leave room to even out the cells; few layers are better cut thin than left to one thread
    slabs = max(min(_SLABS, layers // 4) // 2 * 2, min(4, layers // 2 // 2 * 2), 1)
    edges[0] = 0
    layer = 0
    for s in range(1, slabs):
        least, most = layer + 2, layers - 2 * (slabs - s)
        layer = least
        while layer < most and start[layer * rows_per_layer * nx] < n * s // slabs:
            layer += 1
        edges[s] = layer
    edges[slabs] = layers
    return slabs


@njit(cache=True, error_model="numpy", parallel=True)
def _sum_pairs_parallel(
    slabs, edges, rows_per_layer, most, box, dimension, bins, start, order, ids, lanes, total
):
    for parity in range(2):
        for half in prange((slabs + 1 - parity) // 2):
            s = 2 * half + parity
            _sum_pairs(
                edges[s] * rows_per_layer, edges[s + 1] * rows_per_layer,
                most, box, dimension, bins, start, order, ids, lanes, total,
            )  # fmt: skip


@bare
def _fastest(begin, end, rank, bodies, dimension, total):
    """Largest squared speed among cells begin..end-1 [um2/min2]; infinite if one is not a number."""
    fastest = 0.0
    for i in range(begin, end):
        k = rank[i]
        ux = total[4 * k] / _FIXED + bodies.vx[i]
        uy = total[4 * k + 1] / _FIXED + bodies.vy[i]
        uz = total[4 * k + 2] / _FIXED + bodies.vz[i] if dimension == 3 else 0.0
        squared = ux * ux + uy * uy + uz * uz
        fastest = max(fastest, squared if squared < np.inf else np.inf)
    return fastest


@njit(cache=True, error_model="numpy", parallel=True)
def _fastest_parallel(n, rank, bodies, dimension, total, fastest):
    for chunk in prange(_CHUNKS):
        fastest[chunk] = _fastest(
            n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS, rank, bodies, dimension, total
        )


@inlined
def wrapped(position, length):
    """A position moved into [0, length) [um]."""
    if 0.0 <= position < length:
        return position
    inside = position - length * math.floor(position / length)
    return inside if 0.0 <= inside < length else 0.0


@inlined
def mirrored(position, length):
    """A coordinate [um] mirrored back into [0, length) at its ends."""
    return min(length - abs(length - abs(position)), np.nextafter(length, 0.0))


@bare
def keep_inside(before, heading, n, length, after):
    """Coordinates along an axis with walls: a cell taken around the edge is mirrored back, and turns.

    Args:
        before: where the cells were [um]; heading: inout, along this axis; after: inout, from `advance` [um].
    """
    for i in range(n):
        step = after[i] - before[i]
        around = length * np.rint(step / length)  # -L where it left at the top, L where it left at the bottom
        if around != 0.0:
            after[i] = mirrored(after[i] - around, length)
            heading[i] *= -1.0


@bare
def _shift(begin, end, dt, box, dimension, rank, bodies, total, moved):
    """Move cells begin..end-1 for dt and write their pressure."""
    for i in range(begin, end):
        k = rank[i]
        ux = total[4 * k] / _FIXED + bodies.vx[i]
        uy = total[4 * k + 1] / _FIXED + bodies.vy[i]
        moved.x[i] = wrapped(bodies.x[i] + dt * ux, box[0])
        moved.y[i] = wrapped(bodies.y[i] + dt * uy, box[1])
        if dimension == 3:
            uz = total[4 * k + 2] / _FIXED + bodies.vz[i]
            moved.z[i] = wrapped(bodies.z[i] + dt * uz, box[2])
        else:
            moved.z[i] = bodies.z[i]
        moved.pressure[i] = total[4 * k + 3] / _FIXED / (2.0 * dimension)


@njit(cache=True, error_model="numpy", parallel=True)
def _shift_parallel(n, dt, box, dimension, rank, bodies, total, moved):
    for chunk in prange(_CHUNKS):
        _shift(
            n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS,
            dt, box, dimension, rank, bodies, total, moved,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _shift_all(n, dt, box, dimension, rank, bodies, total, moved):
    if n >= _PARALLEL_FROM:
        _shift_parallel(n, dt, box, dimension, rank, bodies, total, moved)
    else:
        _shift(FIRST, n, dt, box, dimension, rank, bodies, total, moved)


@njit(cache=True, error_model="numpy")
def _halfway(now, n, dt, box, dimension, work, half):
    """The cells after `dt` at the speeds just worked out; writes their places to `half`."""
    _shift_all(n, dt, box, dimension, work[1], now, work[4], half)
    return Bodies(
        half.x, half.y, half.z, now.radius, now.repulsion, now.adhesion,
        now.vx, now.vy, now.vz, now.sheath, now.id,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _evaluate(now, n, box, dimension, bins, work):
    """Bin, copy and sum all pairs at the present positions; returns (status, largest speed [um/min]).

    Args:
        now: `Bodies` with the roots of the strengths in place of the strengths.
        work: from `_workspace`.
    """
    order, rank, start, lanes, total, partial, edges = work
    nz, ny, nx = bins
    status = bin_cells(now.x, now.y, now.z, n, box, bins, order, start, rank)
    if status != OK:
        return status, 0.0
    total[: 4 * n] = 0
    fullest = 0
    for b in range(nz * ny * nx):
        fullest = max(fullest, start[b + 1] - start[b])
    most = min(27 * fullest, n)
    if n >= _PARALLEL_FROM:
        _copy_sorted_parallel(n, order, now, dimension, lanes, rank)
        layers, rows_per_layer = (nz, ny) if nz > 1 else (ny, 1)
        slabs = _slab_edges(n, layers, rows_per_layer, nx, start, edges)
        _sum_pairs_parallel(
            slabs, edges, rows_per_layer, most, box, dimension, bins, start, order, now.id, lanes, total
        )
        _fastest_parallel(n, rank, now, dimension, total, partial)
        squared = partial.max()
    else:
        _copy_sorted(FIRST, n, order, now, dimension, lanes, rank)
        _sum_pairs(FIRST, nz * ny, most, box, dimension, bins, start, order, now.id, lanes, total)
        squared = _fastest(FIRST, n, rank, now, dimension, total)
    return (OK if squared < np.inf else NOT_FINITE), math.sqrt(squared)


@njit(cache=True, error_model="numpy")
def _workspace(n, count):
    """Scratch for n cells and `count` bins: 96 bytes per cell, 8 per bin."""
    pitch = n + _STAGGER
    block = np.empty(7 * pitch)
    lanes = (
        block[0:n],
        block[pitch : pitch + n],
        block[2 * pitch : 2 * pitch + n],
        block[3 * pitch : 3 * pitch + n],
        block[4 * pitch : 4 * pitch + n],
        block[5 * pitch : 5 * pitch + n],
        block[6 * pitch : 6 * pitch + n],
    )
    order, rank, start = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(count + 1, np.int64)
    total, partial, edges = np.empty(4 * n, np.int64), np.empty(_CHUNKS), np.empty(_SLABS + 1, np.int64)
    return order, rank, start, lanes, total, partial, edges


@njit(cache=True, error_model="numpy")
def _advance(bodies, n, box, dimension, dt, steps, limit, halvings, moved):
    if n == 0:
        return OK, 0.0, 0
    root_repulsion, root_adhesion = np.empty(n), np.empty(n)
    widest = take_roots(bodies, n, root_repulsion, root_adhesion)
    if widest == 0.0:
        return NOT_FINITE, 0.0, 0
    roots = (root_repulsion, root_adhesion)
    return advance_rooted(bodies, roots, widest, n, box, dimension, dt, steps, limit, halvings, moved)


@njit(cache=True, error_model="numpy")
def advance_rooted(bodies, roots, widest, n, box, dimension, dt, steps, limit, halvings, moved):
    """`advance`, given what `take_roots` found; a step is halved so many times at most.

    Roots and radii stay for a coupling step, and taking them is a twentieth of one step of motion.
    """
    furthest = 0.0
    evaluations = 0
    root_repulsion, root_adhesion = roots
    x, y, z = bodies.x, bodies.y, bodies.z
    bins = bin_shape(box, ADHESION_REACH * 2.0 * widest, dimension)
    work = _workspace(n, bins[0] * bins[1] * bins[2])
    rank, total = work[1], work[4]
    half = Moved(np.empty(n), np.empty(n), np.empty(n), np.empty(n))
    whole = 1 << halvings
    for _ in range(steps):
        left = whole
        while left > 0:
            now = Bodies(
                x, y, z, bodies.radius, root_repulsion, root_adhesion,
                bodies.vx, bodies.vy, bodies.vz, bodies.sheath, bodies.id,
            )  # fmt: skip
            status, speed = _evaluate(now, n, box, dimension, bins, work)
            evaluations += 1
            if status != OK:
                return status, furthest, evaluations
            piece = whole
            while piece > left or (piece > 1 and piece * dt / whole * speed > limit):
                piece >>= 1
            duration = piece * dt / whole
            if duration * speed > limit:
                return TOO_FAST, duration * speed, evaluations
            halfway = _halfway(now, n, 0.5 * duration, box, dimension, work, half)
            status, speed = _evaluate(halfway, n, box, dimension, bins, work)
            evaluations += 1
            if status != OK:
                return status, furthest, evaluations
            furthest = max(furthest, duration * speed)
            _shift_all(n, duration, box, dimension, rank, now, total, moved)
            # the positions just written are the next old state: each is read once before it is overwritten
            x, y, z = moved.x, moved.y, moved.z
            left -= piece
    return OK, furthest, evaluations


@njit(cache=True, error_model="numpy")
def move(bodies, n, box, dimension, dt, limit, moved):
    """One step of dt, or none.

    Args:
        bodies: `Bodies`, of which the first n are used.
        n: number of cells.
        box: (Lx, Ly, Lz) [um], periodic.
        dimension: 2 (slab: z is carried along) or 3.
        dt: step [min].
        limit: the furthest a cell may move [um].
        moved: out, `Moved`.
    Returns:
        (status, furthest): OK and the largest displacement [um]; TOO_FAST and the displacement that would
        have exceeded the limit (nothing is written); NOT_FINITE; OUTSIDE.
    """
    status, furthest, _ = _advance(bodies, n, box, dimension, dt, 1, limit, 0, moved)
    return status, furthest


@njit(cache=True, error_model="numpy")
def advance(bodies, n, box, dimension, dt, steps, limit, moved):
    """`steps` steps of dt; a step in which a cell would move too far is taken in halves, down to dt/64.

    Args:
        bodies: `Bodies`, of which the first n are used; own velocities hold throughout.
        n: number of cells.
        box: (Lx, Ly, Lz) [um], periodic.
        dimension: 2 (slab: z is carried along) or 3.
        dt: step [min].
        steps: how many.
        limit: the furthest a cell may move at once [um].
        moved: out, `Moved`; meaningless unless OK.
    Returns:
        (status, furthest, evaluations): OK, TOO_FAST, NOT_FINITE or OUTSIDE; the largest single displacement
        [um]; how many times the pairs were summed.
    """
    return _advance(bodies, n, box, dimension, dt, steps, limit, HALVINGS, moved)

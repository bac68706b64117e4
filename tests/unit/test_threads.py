"""Loops over cells cut into pieces, and kernels compiled by two processes."""

from __future__ import annotations

import threading

import numba
import numpy as np
import pytest

from opsonin.core.threads import spread
from opsonin.engine import run, warming
from opsonin.kernels import expression, ledger, metabolism, turns
from tissues import CONTROL, scenario


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(numba, "get_num_threads", lambda: 2)  # whatever the cores of this machine


@pytest.mark.parametrize("n", [2000, 2001, 10_007])
def test_the_pieces_are_all_indices_once_each_on_its_own_thread(two_threads, n):
    seen, meet, on = np.zeros(n, int), threading.Barrier(2), set()

    def kernel(begin, end, out):
        meet.wait(10.0)  # only if both are at work at once
        on.add(threading.get_ident())
        out[begin:end] += 1

    spread(n, kernel, seen)
    assert (seen == 1).all()
    assert len(on) == 2


def test_on_one_thread_the_kernel_is_called_here_and_once():
    calls = []
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    spread(5, lambda begin, end: calls.append((begin, end, threading.get_ident())))
    numba.set_num_threads(before)
    assert calls == [(0, 5, threading.get_ident())]


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_a_few_are_done_here_before_a_second_thread_has_begun(two_threads, n):
    calls = []
    spread(n, lambda begin, end: calls.append((begin, end, threading.get_ident())))
    assert calls == [(0, n, threading.get_ident())]


def test_what_a_piece_raises_is_raised(two_threads):
    def kernel(begin, end):
        raise ValueError("of a piece")

    with pytest.raises(ValueError, match="of a piece"):
        spread(10_000, kernel)


def test_the_second_process_compiles_its_half_of_a_stored_run(tmp_path):
    """In this process, where what it leaves can be seen; from elsewhere its output is not."""
    stored = run.run(
        scenario(scenario__duration="10 min", output__every="10 min", arm=[CONTROL]), tmp_path / "out"
    )
    kernels = [turns.take_turns, expression._express, metabolism._exchange, ledger.tally]
    for kernel in kernels:
        kernel._reset_overloads()
    warming.main(stored.path)
    assert all(kernel.signatures for kernel in kernels)


def test_the_second_process_is_gone_when_the_first_is_done_or_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), warming._second_process(tmp_path) as second:
        raise KeyboardInterrupt
    assert second.returncode is not None

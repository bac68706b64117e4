"""Phases a cell can be in, and the events that end them. Plain integers, so that kernels can use them."""

from __future__ import annotations

RESTING = 0
COMMITTED = 1
APOPTOTIC = 2
NECROTIC = 3

PHASES = ("resting", "committed", "apoptotic", "necrotic")

NOTHING = 0
ENTER_CYCLE = 1
DIVIDE = 2
DIE_APOPTOTIC = 3
DIE_NECROTIC = 4
VANISH = 5
LEAVE = 6
DIE_POISONED = 7

EVENTS = ("nothing", "enter cycle", "divide", "apoptosis", "necrosis", "vanish", "leave", "death by drug")

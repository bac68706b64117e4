"""Observables: pure functions of a tissue at one time, each with a unit and a title."""

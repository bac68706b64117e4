"""What counts as response and as progression: RECIST 1.1, Eisenhauer 2009, doi:10.1016/j.ejca.2008.10.026."""

RESPONSE = -30.0  # change of the sum of diameters from the start [%]
PROGRESSION = 20.0  # from its least [%]
STABLE = 42.0  # time without progression that makes a disease stable [d]

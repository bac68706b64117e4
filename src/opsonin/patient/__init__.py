"""The systemic tier: what the patient's blood carries to the tissue. So far drugs.

Parts (`parts.py`) are composed into one SBML model, which a library integrates; a foreign SBML model goes the same way.
"""

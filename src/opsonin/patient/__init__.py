"""The systemic tier: what the patient's blood carries to the tissue. So far drugs."""

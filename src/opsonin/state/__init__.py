"""Arrays that hold a tissue: cells, vessels, fields. They know their layout and nothing of biology."""

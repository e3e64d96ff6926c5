"""How records are written, with their history, and refused items are kept."""

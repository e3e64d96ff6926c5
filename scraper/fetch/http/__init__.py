"""HTTP: which addresses may be connected to, and how much an answer may take."""

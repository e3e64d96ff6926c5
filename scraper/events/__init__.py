"""What became of records, read from their history, and how other programs hear of it."""

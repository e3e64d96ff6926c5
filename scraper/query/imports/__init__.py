"""Imports: records from JSON lines, as seeds from elsewhere or as a move from another database."""

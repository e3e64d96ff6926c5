"""Swathe's documents, which name every record's fields, and the questions asked of them."""

RECORDS_IN = "models"
"""The package whose modules define the project's records; empty where there is no project (`scraper.core.project`)."""

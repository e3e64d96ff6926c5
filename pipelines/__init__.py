"""Swathe's item pipelines: clean, validate, store."""

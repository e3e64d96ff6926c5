"""The item pipelines: clean, validate, store."""

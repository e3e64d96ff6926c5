"""Exports: records as .csv, .json, .jsonl, .parquet or .xlsx, one module a format, in memory that does not grow."""

"""Scheduled runs: when one is due, who starts it, and what becomes of it."""

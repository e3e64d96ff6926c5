"""Alerts: one message when runs begin to go wrong, one when all is well again."""

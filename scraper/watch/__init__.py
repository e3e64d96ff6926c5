"""Watches: people are told when records meet a condition, no longer meet it, or move, as [watch] says."""

"""Migration: bring stored records to what their documents say today, without losing anything."""

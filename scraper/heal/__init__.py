"""Mend a spider's selectors after a redesign: by the values that are stored, and behind a gate."""

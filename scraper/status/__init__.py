"""Is everything fine, and what changed: the state of all spiders, schedules and stores in one view."""

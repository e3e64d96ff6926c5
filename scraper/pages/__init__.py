"""Pages known from before: what came of them, and those that are kept."""

"""A site that is studied, and the spider that is written for it."""

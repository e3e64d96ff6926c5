"""Sites made of a seed: records of several kinds, shown by many templates, with what a perfect scrape finds."""

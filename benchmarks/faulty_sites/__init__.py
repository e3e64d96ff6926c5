"""Sites that are generated to crawl them: healthy ones, and such with one fault."""

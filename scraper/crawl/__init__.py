"""The spider's side of one crawl: how its pages, lists and records are read."""

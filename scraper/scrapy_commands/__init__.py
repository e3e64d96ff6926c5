"""Scrapy commands of the project, in place of Scrapy's own of the same name."""

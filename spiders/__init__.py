"""The spiders, one module a site."""

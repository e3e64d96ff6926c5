"""Swathe's own spiders, one module a site."""

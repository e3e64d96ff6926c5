"""The JSON of each view, for OpenAPI: what programs may rely on. A test holds every answer against it."""

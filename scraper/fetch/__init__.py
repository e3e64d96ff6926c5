"""How a page is got: over HTTP, politely, or in a browser."""

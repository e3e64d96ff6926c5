"""The page and the API of `swathe web`: server-rendered, for this machine unless told, and never a way to run code."""

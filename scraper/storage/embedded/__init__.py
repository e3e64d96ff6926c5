"""The embedded MongoDB: a real mongod that its users share."""

"""The frontier: the requests of a run, stored so that no crash loses one, and shared by all who work on the run."""

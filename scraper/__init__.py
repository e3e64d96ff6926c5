"""Swathe: the machinery between a spider and the database: configuration, MongoDB, runs and the command line."""

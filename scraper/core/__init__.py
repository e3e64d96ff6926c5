"""What all of Swathe stands on: configuration, logs, files, processes, locks."""

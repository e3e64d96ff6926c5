"""MongoDB for Swathe: a server of one's own, or the embedded one that all of a project's processes share."""

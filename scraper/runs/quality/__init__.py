"""Quality: what a run measured of itself, held against what the last complete runs did."""

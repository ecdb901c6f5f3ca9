"""What things cost: run times, targets, plots, the needs of a profile, hardware."""

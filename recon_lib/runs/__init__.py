"""The runs of a profile: execute, evaluate, collect."""

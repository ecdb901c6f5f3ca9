"""Results on disk: tables of rows, panels, provenance, merging, and what the book reads."""

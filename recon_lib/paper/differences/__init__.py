"""The page of differences: our choices, and what each of them does to the numbers."""

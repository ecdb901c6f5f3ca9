"""What the book shows: a figure, a table or a page a module."""

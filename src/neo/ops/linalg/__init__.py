"""Linear algebra: each file holds one family of functions with their rules."""

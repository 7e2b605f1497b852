"""Training objectives, one in each file."""

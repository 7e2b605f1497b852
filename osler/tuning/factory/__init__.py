"""Synthetic conversations: each way of making them is one file; every row says what made it, and from what."""

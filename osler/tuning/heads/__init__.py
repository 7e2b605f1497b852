"""Task heads: models that answer a task directly, on a network that reads and does not write."""

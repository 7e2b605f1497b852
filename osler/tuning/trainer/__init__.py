"""The training loop and what it guards: order, checkpoints, processes, records."""

"""Clinical calculators: one calculator is one file, with its formula, units and source."""

"""What a model may call: calculators, readers of records, look-ups, a sandbox. One tool is one file."""

"""Knowledge graphs: typed triples with their provenance, the paths between things, and graphs put into prompts."""

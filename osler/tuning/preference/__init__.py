"""Learning from preferences: pairs, reward models, and the methods that follow them."""

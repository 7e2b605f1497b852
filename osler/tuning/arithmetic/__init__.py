"""Weight arithmetic: models made from the weights of others, without a gradient step."""

"""What may be looked up: collections of passages and indexes over them."""

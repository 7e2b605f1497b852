"""Texts to train on: where they are from, cleaned, without doubles, mixed by ratio, cut and packed."""

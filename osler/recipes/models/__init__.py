"""Recipes: one file each, values only."""

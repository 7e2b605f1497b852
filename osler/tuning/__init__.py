"""ADAPT: models made from data. Training gives a Model whose spec holds the weights."""

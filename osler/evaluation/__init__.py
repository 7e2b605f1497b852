"""JUDGE. Tables of predictions, metrics, estimates with intervals and paired comparisons.

``table`` puts one system's predictions into columns, ``metrics`` holds one file per family, ``estimate`` gives a value
with its interval and ``compare`` the paired difference of two systems.
"""

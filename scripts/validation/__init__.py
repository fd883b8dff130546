"""Comparisons with figures that archsim did not make: one module per reference, each with ``sections()``."""

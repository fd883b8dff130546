"""Adders of accumulators: one file per kind."""

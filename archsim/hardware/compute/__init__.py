"""Compute units: one file per kind."""

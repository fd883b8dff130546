"""Multipliers: one file per kind."""

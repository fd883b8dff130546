"""Managers: one file per kind."""

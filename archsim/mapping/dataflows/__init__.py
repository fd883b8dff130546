"""Dataflows: one file per kind."""

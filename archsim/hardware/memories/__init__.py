"""Memories: one file per kind."""

"""Links: one file per kind."""

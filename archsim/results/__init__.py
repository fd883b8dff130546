"""What a run yields, as plain data: reports, comparisons, tables, and the files that they are written to."""

"""What an operation computes: number formats, multipliers and their errors."""

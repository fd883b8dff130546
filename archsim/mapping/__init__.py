"""Who executes which tile and when data must move: placement, homes, tiling, schedule."""

"""Run-time managers: what they may observe and which knobs they set."""

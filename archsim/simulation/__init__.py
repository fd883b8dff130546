"""Schedule and architecture to events, and events to the energy ledger."""

from archsim.simulation.run import simulate

__all__ = ["simulate"]

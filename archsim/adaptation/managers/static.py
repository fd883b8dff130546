"""The manager that never intervenes."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.adaptation.managers.base import Manager, Observation


class StaticManager(Manager, kind="static"):
    """Leaves every knob as the architecture file sets it."""

    def decide(self, observation: Observation) -> Mapping[str, str]:  # noqa: ARG002
        """No settings."""
        return {}

"""Figures and printed tables of reports; matplotlib and rich are imported where they are used."""

from archsim.visualization.accuracy import accuracy_by_layer
from archsim.visualization.accuracy_against_energy import accuracy_against_energy, accuracy_front
from archsim.visualization.batches import against_batch
from archsim.visualization.energy import energy_by_layer, energy_comparison
from archsim.visualization.error_figure import error_figure
from archsim.visualization.knob_figure import Setting, accuracy_against_knob
from archsim.visualization.latency import latency_by_layer
from archsim.visualization.panels import energy_panels, latency_panels
from archsim.visualization.roofline import roofline
from archsim.visualization.rooflines import roofline_comparison
from archsim.visualization.roofs import roofs_of
from archsim.visualization.style import colour_map, figure_bytes, save
from archsim.visualization.trade_off import trade_off

__all__ = [
    "Setting",
    "accuracy_against_energy",
    "accuracy_against_knob",
    "accuracy_by_layer",
    "accuracy_front",
    "against_batch",
    "colour_map",
    "energy_by_layer",
    "energy_comparison",
    "energy_panels",
    "error_figure",
    "figure_bytes",
    "latency_by_layer",
    "latency_panels",
    "roofline",
    "roofline_comparison",
    "roofs_of",
    "save",
    "trade_off",
]

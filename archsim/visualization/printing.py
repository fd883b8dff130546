"""Which tables a command prints, and in which order: details first, what matters last, above the prompt."""

from __future__ import annotations

from archsim.results.accuracy_tables import accuracy_table
from archsim.results.comparison import Comparison
from archsim.results.comparison_tables import component_comparison, layer_comparison, totals_comparison
from archsim.results.exit_tables import exit_tables
from archsim.results.memory_error_tables import memory_error_tables
from archsim.results.report import Report
from archsim.results.tables import Table, action_table, component_table, layer_table, totals_table


def run_tables(report: Report) -> list[Table]:
    """Return layers, components, actions, measured errors and exits, and totals of one run."""
    details = [layer_table(report), component_table(report), action_table(report)]
    errors = [accuracy_table(report)] if report.accuracy is not None else []
    return [*details, *errors, *memory_error_tables(report), *exit_tables(report), totals_table(report)]


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Return the layers of each report, then layers, components and totals side by side."""
    return [
        *(layer_table(report) for report in comparison.reports),
        layer_comparison(comparison, "latency"),
        layer_comparison(comparison, "energy"),
        component_comparison(comparison),
        totals_comparison(comparison),
    ]

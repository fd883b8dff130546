"""Accuracy and energy against a knob: what is drawn is what was given."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.visualization import Setting, accuracy_against_knob

LINES = {
    "plain": [Setting(1.0, (0.99, 0.97), 2e-9), Setting(0.8, (0.5, 0.1), 1e-9)],
    "corrected": [Setting(1.0, (0.99,), 3e-9)],
}


def test_means_bands_and_energies_stand_where_they_are():
    accuracies, energies = accuracy_against_knob(LINES, "title", "supply", "buffer").axes
    plain, corrected = accuracies.lines
    assert plain.get_xdata().tolist() == [1.0, 0.8]
    assert plain.get_ydata() == pytest.approx([98, 30])
    assert corrected.get_ydata() == pytest.approx([99])
    heights = {
        round(float(y), 6) for y in np.asarray(accuracies.collections[0].get_paths()[0].vertices)[:, 1]
    }
    assert {97.0, 99.0, 10.0, 50.0} <= heights
    assert energies.lines[0].get_ydata() == pytest.approx([2, 1])
    assert energies.get_title(loc="left") == "buffer (nJ)"
    assert energies.get_ylim()[0] == 0


def test_positions_over_decades_stand_at_their_logarithms():
    axes = accuracy_against_knob(LINES, "title", "interval", "refresh", logarithmic=True).axes
    assert [one.get_xscale() for one in axes] == ["log", "log"]
    assert [one.get_yscale() for one in axes] == ["linear", "log"]


@pytest.mark.parametrize("lines", [{}, {"plain": []}, {"plain": [Setting(1.0, (), 1e-9)]}])
def test_nothing_to_draw_is_refused(lines):
    with pytest.raises(InputError, match="expected settings"):
        accuracy_against_knob(lines, "title", "supply", "buffer")

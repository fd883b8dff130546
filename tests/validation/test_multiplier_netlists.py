"""Published energies of multipliers lie between those of their netlists without and with glitches."""

from __future__ import annotations

from validation.multiplier_netlists import sections


def rows_by_design():
    found = {}
    for section in sections():
        for row in section.rows:
            design, _, quantity = row.quantity.partition(": ")
            found.setdefault(design, {})[quantity] = row
    return found


def test_every_design_has_all_figures():
    assert len(rows_by_design()) == 12 + 14 + 12
    for rows in rows_by_design().values():
        assert set(rows) == {"energy", "energy with glitches", "area", "delay"}


def test_a_published_energy_is_between_the_two_or_within_a_hundredth_of_one():
    for design, rows in rows_by_design().items():
        published = rows["energy"].reference
        bounds = sorted((rows["energy"].ours, rows["energy with glitches"].ours))
        assert bounds[0] - 0.01 <= published <= bounds[1] + 0.01, design


def test_areas_and_delays_of_8_bit_designs_are_near_the_published_ones():
    narrow = [rows for design, rows in rows_by_design().items() if not design.startswith("CDM16")]
    for quantity in ("area", "delay"):
        differences = [abs(rows[quantity].difference) for rows in narrow]
        assert sum(differences) / len(differences) < 0.07, quantity


def test_areas_fall_in_the_published_order():
    cdm8 = [rows["area"] for design, rows in rows_by_design().items() if design.startswith("CDM8")]
    by_ours = sorted(cdm8, key=lambda row: row.ours)
    swapped = sum(x.reference > y.reference for i, x in enumerate(by_ours) for y in by_ours[i + 1 :])
    assert swapped == 0

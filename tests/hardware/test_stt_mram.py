"""STT-MRAM: energies, rates and errors against its closed forms."""

from __future__ import annotations

from math import erfc, exp, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.memories.stt_mram import SttMram
from archsim.hardware.technology import Technology
from archsim.registry import create

SOURCE = "assumption: figures of a test"
TECHNOLOGY = Technology(node=45, voltage=0.9)
SWITCHING = {
    "overdrive": 1.5,
    "reduced_time": 20.0,
    "error_one": 1e-8,
    "error_zero": 1e-9,
    "read_margin": 6.0,
    "source": SOURCE,
}


def mram(**fields: object) -> SttMram:
    made = create(
        "memories",
        {
            "kind": "stt_mram",
            "capacity": "1 MiB",
            "width": "64 b",
            "read_energy": {"value": "20 pJ", "source": SOURCE},
            "write_energy": {"value": "100 pJ", "source": SOURCE},
            "read_time": {"value": "4 ns", "source": SOURCE},
            "write_time": {"value": "10 ns", "source": SOURCE},
            "switching": SWITCHING,
        }
        | fields,
    )
    assert isinstance(made, SttMram)
    return made


def errors(memory: SttMram):
    faults = memory.faults(TECHNOLOGY)
    assert faults is not None
    return faults.errors(0.0)


@pytest.mark.parametrize(("current", "duration"), [(1.0, 0.8), (0.9, 1.0), (0.9, 0.7)])
def test_writes_fail_as_the_tail_of_the_distribution_says(current, duration):
    found = errors(mram(write_current=current, write_duration=duration))
    lost = 2 * ((1.5 - 1) * 20 - (1.5 * current - 1) * 20 * duration)
    misread = 0.5 * erfc(6 / sqrt(2))
    assert found.falls == pytest.approx(1e-8 * exp(lost) + misread)
    assert found.rises == pytest.approx(1e-9 * exp(lost) + misread)


def test_reads_fail_where_the_deviation_exceeds_the_signal():
    found = errors(mram(read_current=0.5))
    assert found.falls == pytest.approx(0.5 * erfc(3 / sqrt(2)) + 1e-8)


@given(st.floats(0.7, 1), st.floats(0.3, 1), st.floats(0.2, 1))
def test_less_charge_means_less_energy_and_no_fewer_errors(current, duration, sensing):
    knobs = {"write_current": current, "write_duration": duration, "read_current": sensing}
    turned = mram(**knobs)
    energies, nominal = turned.energies(TECHNOLOGY), mram().energies(TECHNOLOGY)
    assert energies["write"].value == pytest.approx(current * duration * nominal["write"].value)
    assert energies["read"].value == pytest.approx(sensing * nominal["read"].value)
    if min(knobs.values()) < 1:
        least = errors(mram(**knobs | {"write_duration": 0.99 * duration}))
        assert least.falls >= errors(turned).falls > 0


def test_nothing_fails_and_nothing_is_saved_without_a_knob():
    assert mram().faults(TECHNOLOGY) is None
    assert mram().energies(TECHNOLOGY)["write"].value == pytest.approx(100e-12)


def test_shorter_writes_are_faster_until_the_read_decides():
    assert mram().bits_per_ps(10**9) * 10_000 == 64
    assert mram(write_duration=0.5).bits_per_ps(10**9) * 5_000 == 64
    assert mram(write_duration=0.2).bits_per_ps(10**9) * 4_000 == 64


def test_a_current_that_does_not_switch_is_refused():
    with pytest.raises(InputError, match=r"does not switch a cell: expected more than 0\.667") as caught:
        mram(write_current=0.6)
    assert caught.value.field == "write_current"

import itertools

import numpy as np
import pytest
from bit_level import disagreements, errors
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.arithmetic.error_metrics import measure
from archsim.arithmetic.multipliers.stochastic import Stochastic
from archsim.errors import InputError


def counter_model(width, places, signed):
    """Cycle by cycle: the multiplexer's bit of ``a`` is counted until the down counter of ``b`` is empty."""
    offset = 1 << (width - 1) if signed else 0
    counted = {}

    def prefix(density):
        if density not in counted:
            # Cycle t selects the bit below the top that its trailing zeros name; bits below the word are 0.
            digits = f"{density:0{width}b}".ljust(places, "0")[:places]
            stream = (digits[(t & -t).bit_length() - 1] == "1" for t in range(1, 1 << places))
            counted[density] = [0, *itertools.accumulate(stream)]
        return counted[density]

    def scaled(value):
        return value << (places - width) if places >= width else value >> (width - places)

    def multiply(a, b):
        cycles = scaled(abs(b))
        ones = prefix(a + offset)[cycles]
        if not signed:
            return ones * 4**width // 2**places
        total = ones - (cycles - ones)
        return (total if b >= 0 else -total) * 4**width // 2 // 2**places

    return multiply


def random_model(width, length, signed, seed):
    """Streams as integers of one bit per cycle; the logic between them is one gate."""
    offset = 1 << (width - 1) if signed else 0
    children = np.random.SeedSequence(seed).spawn(2)
    sources = [[int(word) >> (32 - width) for word in c.generate_state(length, np.uint32)] for c in children]
    streams = [
        [sum((number < value) << t for t, number in enumerate(source)) for value in range(1 << width)]
        for source in sources
    ]
    everything = (1 << length) - 1

    def multiply(a, b):
        first, second = streams[0][a + offset], streams[1][b + offset]
        if signed:
            ones = (everything & ~(first ^ second)).bit_count()
            return (2 * ones - length) * 4 ** (width - 1) // length
        return min((first & second).bit_count(), length - 1) * 4**width // length

    return multiply


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("width", "places"), [(2, 4), (4, 2), (4, 4), (4, 8), (8, 3), (8, 8), (8, 10), (16, 8), (16, 10)]
)
def test_low_discrepancy_counts_the_stream_cycle_by_cycle(width, places, signed):
    design = Stochastic(width=width, signed=signed, stream_length=1 << places)
    assert not disagreements(design, counter_model(width, places, signed))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("width", "length"), [(2, 16), (4, 2), (4, 16), (8, 16), (8, 256)])
def test_random_streams_meet_in_one_gate(width, length, signed):
    design = Stochastic(generator="random", width=width, signed=signed, stream_length=length, seed=3)
    assert not disagreements(design, random_model(width, length, signed, 3))


def test_random_streams_of_wide_operands_need_no_table():
    design = Stochastic(generator="random", width=16, signed=True, stream_length=4096, seed=1)
    a, b = np.array([30000, -30000, 20]), np.array([20000, 20000, -32768])
    # Five standard deviations.
    assert np.abs(design.products(a, b) - a * b).max() < 5 * 2**30 / 4096**0.5


@given(st.integers(2, 8), st.booleans(), st.data())
@settings(max_examples=40, deadline=None)
def test_the_error_is_within_half_a_step_per_rounded_bit(width, signed, data):
    places = data.draw(st.integers(width, 2 * width))
    design = Stochastic(width=width, signed=signed, stream_length=1 << places)
    worst = np.abs(errors(design)).max()
    assert 2 * worst <= (2 * width - places) << (2 * width - places)


def test_full_streams_err_by_at_most_half_the_width_in_steps_of_the_upper_half():
    assert measure(Stochastic()).worst_case_error <= 4 * 2**8
    assert measure(Stochastic(signed=True)).worst_case_error <= 4 * 2**8


@pytest.mark.parametrize("signed", [False, True])
def test_longer_low_discrepancy_streams_are_closer_until_exact(signed):
    means = [
        measure(Stochastic(width=8, signed=signed, stream_length=1 << m)).mean_error_distance
        for m in range(1, 17)
    ]
    assert all(later < earlier for earlier, later in itertools.pairwise(means))
    assert means[-1] == 0


@pytest.mark.parametrize(("signed", "deviation"), [(False, 2.0**15), (True, 2.0**14)])
def test_random_streams_converge_as_the_square_root_of_their_length(signed, deviation):
    means = []
    for length in (16, 64, 256):
        squares, distances = [], []
        for seed in range(12):
            design = Stochastic(generator="random", width=8, signed=signed, stream_length=length, seed=seed)
            error = errors(design)[::17, ::17]
            squares.append(error.astype(float) ** 2)
            distances.append(np.abs(error).mean())
        assert np.mean(squares) < deviation**2 / length
        means.append(np.mean(distances))
    ratios = [later / earlier for earlier, later in itertools.pairwise(means)]
    assert ratios == pytest.approx([0.5] * 2, abs=0.15)


def test_the_seed_alone_decides_random_streams():
    tables = [Stochastic(generator="random", seed=seed).table() for seed in (5, 5, 6)]
    assert (tables[0] == tables[1]).all()
    assert (tables[0] != tables[2]).any()
    assert (Stochastic(seed=1).table() == Stochastic(seed=2).table()).all()
    # Of the seed's own words, so that no version of NumPy's generators changes a result.
    assert Stochastic(generator="random", seed=0, width=2).table().tolist() == [
        [random_model(2, 4, False, 0)(a, b) for b in range(4)] for a in range(4)
    ]


def test_a_product_takes_as_many_cycles_as_the_counter_holds():
    design = Stochastic(signed=True)
    assert design.cycles(np.array([-128, 0, 5, 127])).tolist() == [128, 0, 5, 127]
    assert (design.mean_cycles, design.longest_cycles) == (64.0, 128)
    assert Stochastic(stream_length=1024).cycles(np.array([255])).tolist() == [1020]
    assert Stochastic(stream_length=16).longest_cycles == 15
    assert Stochastic(generator="random", stream_length=64).mean_cycles == 64


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stream_length": 100}, "expected a power of two"),
        ({"stream_length": 1 << 17, "width": 8}, "expected at most 65536"),
        ({"stream_length": 1 << 21, "width": 16, "generator": "random"}, "expected at most 2\\^20"),
        ({"seed": -1}, "greater than or equal to 0"),
    ],
)
def test_lengths_and_seeds_out_of_range_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        Stochastic(**fields)


def test_the_counter_holds_the_operand_that_is_named():
    signed = Stochastic(signed=True).layer_table()
    assert (signed == Stochastic(signed=True, split="activation").layer_table().T).all()
    assert (signed != signed.T).any()


def test_no_energy_is_invented():
    with pytest.raises(InputError, match="no figures for the energy"):
        Stochastic().relative_cost()

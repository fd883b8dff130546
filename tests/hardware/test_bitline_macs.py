"""What a bank group computes: exact where nothing is lost, each loss alone against its closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import exact_macs
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.bitline_macs import BitLineMacs
from archsim.hardware.compute.pim_3d import Pim3d
from archsim.hardware.readout import Readout
from archsim.hardware.shared_line import SharedLine
from archsim.hardware.slicing import Slicing
from archsim.hardware.technology import Technology
from archsim.workload.layer import Layer, Op, TensorShape

SEED = np.random.SeedSequence(7)
CONV = Layer(
    "conv",
    Op.CONV2D,
    ("input",),
    (TensorShape(32, 8, 8),),
    TensorShape(24, 8, 8),
    kernel=(3, 3),
    padding=(1, 1, 1, 1),
)


def bank_group(**fields: Any) -> Pim3d:
    return Pim3d(**({"memory": "buffer", "banks": 8} | fields))


def macs_of(unit: Pim3d, layer: Layer = CONV, **options: Any) -> BitLineMacs:
    return unit.mac_function(layer, SEED, **options)


def proportional(rows: int, bits: int, largest: int = 15) -> Readout:
    sums = np.arange(rows * largest + 1, dtype=np.float64)
    return Readout(sums, np.zeros(largest + 1), sums[-1], bits, sums[-1])


def ideal(slicing: Slicing, rows: int) -> BitLineMacs:
    """A line without non-linearity before a converter with far more codes than sums."""
    return BitLineMacs(proportional(rows, 30, (1 << slicing.pulse_bits) - 1), slicing, rows)


def product(macs: BitLineMacs, inputs: Any, weights: Any) -> NDArray[np.int64]:
    """The matrix product [pixel][output] of inputs [pixel][depth] and weights [output][depth]."""
    image, kernel = np.asarray(inputs).T[None, :, :, None], np.asarray(weights)[:, :, None, None]
    sums = macs.convolver(kernel, Window(), np.zeros(len(kernel), np.int64), 0)(image)
    return np.asarray(sums[0, :, :, 0].T)


def sqnr_db(macs: BitLineMacs, depth: int = 288) -> float:
    """Of a random layer whose operands fill the formats."""
    rng, bits = np.random.default_rng(3), macs.slicing.weight_bits
    inputs = rng.integers(0, 1 << bits - 1, (200, depth))
    weights = rng.integers(-(1 << bits - 1), 1 << bits - 1, (24, depth))
    exact = inputs @ weights.T
    error = product(macs, inputs, weights) - exact
    return float(10 * np.log10((exact.astype(float) ** 2).sum() / (error.astype(float) ** 2).sum()))


@st.composite
def slicings(draw: st.DrawFn) -> Slicing:
    widths = draw(st.sampled_from([(4, 4), (8, 8), (8, 4), (4, 8)]))
    pieces = draw(st.sampled_from([1, 2, 4])), draw(st.sampled_from([1, 2, 4]))
    return Slicing(*widths, draw(st.booleans()), draw(st.booleans()), *pieces)


@given(slicings(), st.integers(0, 255), st.integers(0, 255))
def test_pulses_and_readings_rebuild_their_operands(slicing, weight, value):
    def rebuilt(code: int, bits: int, signed: bool) -> int:
        code &= (1 << bits) - 1
        return code - (1 << bits) if signed and code >> bits - 1 else code

    value &= (1 << slicing.input_bits) - 1
    pulses = sum(one.factor * (value >> one.shift & one.mask) for one in slicing.pulses)
    assert pulses == rebuilt(value, slicing.input_bits, slicing.signed_inputs)
    stored = weight & ((1 << slicing.weight_bits) - 1)
    read = sum(one.factor * (stored >> one.first & (1 << one.lines) - 1) for one in slicing.readings)
    assert read == rebuilt(stored, slicing.weight_bits, slicing.signed_weights)
    assert len(slicing.pulses) == slicing.passes
    assert len(slicing.readings) == slicing.codes
    assert max(one.mask for one in slicing.pulses) < 1 << slicing.pulse_bits


@settings(deadline=None, max_examples=60)
@given(
    slicings(),
    st.integers(1, 20),
    st.sampled_from([1, 2, 4]),
    st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)),
    st.integers(0, 2**32 - 1),
)
def test_without_losses_it_is_the_exact_convolution(slicing, rows, groups, moves, seed):
    rng, (stride, padding, dilation) = np.random.default_rng(seed), moves
    macs = ideal(slicing, rows)
    lowest = -(1 << slicing.input_bits - 1) if slicing.signed_inputs else 0
    inputs = rng.integers(lowest, lowest + (1 << slicing.input_bits), (2, 3 * groups, 7, 6))
    least = -(1 << slicing.weight_bits - 1) if slicing.signed_weights else 0
    weights = rng.integers(least, least + (1 << slicing.weight_bits), (5 * groups, 3, 3, 2))
    window = Window(stride, padding, dilation, groups)
    bias = rng.integers(-1000, 1000, 5 * groups)
    sums = macs.convolver(weights, window, bias, int(inputs.min()))(inputs)
    assert np.array_equal(sums, exact_macs(10, 32).convolver(weights, window, bias, -512)(inputs))


@pytest.mark.parametrize(("zero", "lowest"), [(-128, -128), (0, -128), (5, -100)])
def test_offset_codes_are_subtracted_exactly(zero, lowest):
    rng, macs = np.random.default_rng(1), ideal(Slicing(8, 8, True, False), 8)
    inputs, weights = rng.integers(lowest, 128, (1, 4, 6, 6)), rng.integers(-128, 128, (6, 4, 3, 3))
    window, bias = Window(padding=1, pad_value=zero), np.zeros(6, np.int64)
    expected = exact_macs(8, 32).convolver(weights, window, bias, -128)(inputs)
    assert np.array_equal(macs.convolver(weights, window, bias, lowest)(inputs), expected)


def converted(line: SharedLine, inputs: Any, weights: Any, slicing: Slicing) -> NDArray[np.int64]:
    """The definition, readout by readout, from the line's own transfer function."""
    sums = np.zeros((len(inputs), len(weights)))
    for first in range(0, inputs.shape[1], line.rows):
        some = slice(first, first + line.rows)
        for pulse in slicing.pulses:
            pulses = inputs[:, some] >> pulse.shift & pulse.mask
            for reading in slicing.readings:
                bits = [weights[:, some] >> reading.first + k & 1 for k in range(reading.lines)]
                line_sums = np.stack([pulses @ one.T for one in bits], axis=-1)
                shares = [1 << k for k in range(reading.lines)]
                codes = line.transfer(line_sums, shares)
                sums += codes * (pulse.factor * reading.factor * sum(shares))
    scale = line.full_scale_time_s / line.unit_time_s / ((1 << line.converter_bits) - 1)
    return np.rint(sums * scale).astype(np.int64)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rows_per_readout": 16},
        {"rows_per_readout": 5, "unit_time": "25 ps", "full_scale_time": "1 ns"},
        {"number_format": "int8", "converter": {"kind": "adc", "bits": 6}},
        {"number_format": "int8", "signed_inputs": True, "array_voltage": "0.9 V"},
    ],
)
def test_codes_are_those_of_the_line_that_sets_the_energy(fields):
    unit, rng = bank_group(**fields), np.random.default_rng(2)
    slicing = unit.slicing(None)
    largest = 1 << slicing.input_bits - slicing.signed_inputs
    inputs = rng.integers(0, largest, (30, 83))
    weights = rng.integers(-(1 << slicing.weight_bits - 1), 1 << slicing.weight_bits - 1, (19, 83))
    expected = converted(unit.shared_line, inputs, weights, slicing)
    assert np.array_equal(product(macs_of(unit), inputs, weights), expected)
    assert unit.shared_line.readout().drops[7] == unit.shared_line.drop_v(7)


def unsigned(rows: int, bits: int, last_sum: float | None = None) -> BitLineMacs:
    readout = proportional(rows, bits)
    if last_sum is not None:
        readout = replace(readout, full_scale=last_sum, full_scale_sum=last_sum)
    return BitLineMacs(readout, Slicing(4, 4, False, False), rows)


def test_sums_beyond_full_scale_clip():
    macs = unsigned(8, 8, last_sum=51.0)
    assert macs.readout.sum_per_code == pytest.approx(51 / 255)
    inputs = np.array([[15] * n + [0] * (8 - n) for n in range(9)])
    # All lines of the word 15 carry the same sum 15 n, which counts 15 times until it reaches 51.
    assert product(macs, inputs, [[15] * 8]).ravel().tolist() == [15 * min(15 * n, 51) for n in range(9)]


def test_what_is_below_half_a_code_is_lost_whatever_the_depth():
    # N = 16, 4 b: one code is 240 / 15 = 16 of each line's sum; a sum of 7 on all lines is seen as nothing.
    macs = unsigned(16, 4)
    inputs = np.zeros((1, 160), dtype=int)
    inputs[0, ::16] = 7
    assert product(macs, inputs, [[15] * 160]).tolist() == [[0]]
    inputs[0, ::16] = 9
    assert product(macs, inputs, [[15] * 160]).tolist() == [[10 * 15 * 16]]


def test_quantization_error_is_that_of_uniform_rounding():
    # Sums spread over many codes: error per readout is uniform in one code of 15 x 120 / 63.
    macs, rng = unsigned(8, 6), np.random.default_rng(4)
    inputs, weights = rng.integers(0, 16, (400, 80)), rng.integers(0, 16, (40, 80))
    error = product(macs, inputs, weights) - inputs @ weights.T
    code = 15 * macs.readout.sum_per_code
    assert error.std() == pytest.approx(code * np.sqrt(10 / 12), rel=0.03)
    assert abs(error.mean()) < 0.1 * code


@pytest.mark.parametrize("bits", [4, 8])
def test_accuracy_falls_with_rows_and_with_fewer_codes(bits):
    slicing = Slicing(bits, bits, True, False)
    by_rows = [sqnr_db(BitLineMacs(proportional(rows, 8), slicing, rows)) for rows in (2, 4, 8, 16, 32, 64)]
    by_codes = [sqnr_db(BitLineMacs(proportional(8, codes), slicing, 8)) for codes in (12, 10, 8, 7, 6, 5)]
    for series in (by_rows, by_codes):
        assert all(better > worse for better, worse in pairwise(series)), series
    # Each bit of the converter is worth 6.02 dB while rounding alone loses anything.
    assert by_codes[1] - by_codes[2] == pytest.approx(2 * 6.02, abs=1.0)


@pytest.mark.parametrize("number_format", ["int4", "int8"])
def test_accuracy_of_deviating_cells_falls_with_rows(number_format):
    fields = {"number_format": number_format, "mismatch": True, "banks": 64}
    series = [sqnr_db(macs_of(bank_group(rows_per_readout=rows, **fields))) for rows in (2, 4, 8, 16)]
    assert all(better > worse for better, worse in pairwise(series)), series


def test_a_fitted_line_loses_more_than_a_proportional_one_before_the_same_converter():
    unit = bank_group(converter={"kind": "adc", "bits": 12})
    fitted = macs_of(unit)
    assert sqnr_db(fitted) < sqnr_db(replace(fitted, readout=unit.shared_line.proportional_readout())) - 6


@pytest.mark.parametrize("value", [5, 15])
def test_a_cells_deviation_is_the_published_sigma(value):
    fields = {"rows_per_readout": 1, "signed_weights": False, "converter": {"kind": "adc", "bits": 12}}
    unit = bank_group(banks=64, mismatch=True, word_bits=1, **fields)
    layer = Layer("one", Op.LINEAR, ("input",), (TensorShape(1, 1, 1),), TensorShape(4000, 1, 1))
    macs = macs_of(unit, layer)
    assert macs.cells is not None
    cells = macs.cells.deviations(1, 4000, 1)[0]
    one, held = np.full((1, 1), value, np.uint8), np.ones((4000, 1), np.uint8)
    drops = macs.summed_codes(one, held, cells, 1).ravel() * macs.readout.full_scale / macs.readout.last_code
    line = unit.shared_line.line
    time_s = value * 1e-10
    expected = float(line.mismatch_v(time_s))
    if value == 15:
        # Full scale: the drops above it clip, those below show the published deviation.
        assert expected == pytest.approx(20.6e-3, abs=0.05e-3)
        below = drops[drops < np.median(drops)] - line.drop_v(time_s)
        assert np.sqrt((below**2).mean()) == pytest.approx(expected, rel=0.05)
    else:
        assert drops.std() == pytest.approx(expected, rel=0.05)
        assert drops.mean() == pytest.approx(float(line.drop_v(time_s)), abs=3 * expected / np.sqrt(4000))


def test_deviations_of_all_pulsed_cells_add_to_the_drop():
    unit, rng = bank_group(mismatch=True, signed_weights=False, rows_per_readout=16), np.random.default_rng(8)
    inputs = rng.integers(0, 4, (200, 16)) * (rng.random((200, 16)) < 0.2)
    weights = rng.integers(0, 16, (50, 16))
    layer = Layer("fc", Op.LINEAR, ("input",), (TensorShape(16, 1, 1),), TensorShape(50, 1, 1))
    macs = macs_of(unit, layer)
    assert macs.cells is not None
    cells = macs.cells.deviations(1, 50, 16)[0]
    line, time_s = unit.shared_line, inputs * unit.shared_line.unit_time_s
    spread = np.where(inputs > 0, line.line.mismatch_v(time_s), 0.0)
    stored = weights[:, :, None] >> np.arange(4) & 1
    sums = np.einsum("pd,mdk->pmk", inputs, stored)
    drops = line.drop_v(sums) + np.einsum("pd,mdk->pmk", spread, stored * cells)
    codes = macs.readout.codes(np.maximum(drops, 0.0), (1, 2, 4, 8))
    assert (drops < 0).any()
    held, pulses = weights.astype(np.uint8), inputs.astype(np.uint8)
    found = macs.summed_codes(pulses, held, np.ascontiguousarray(cells), 2) // 15
    # Single precision may move a level across the middle between two codes.
    assert np.abs(found - codes).max() <= 1
    assert (found != codes).mean() < 1e-3


def layer_sums(macs: BitLineMacs, images: int = 4, threads: int | None = None) -> NDArray[np.int64]:
    rng = np.random.default_rng(5)
    weights, inputs = rng.integers(-8, 8, (24, 32, 3, 3)), rng.integers(0, 8, (images, 32, 8, 8))
    convolve: Any = macs.convolver(weights, Window(padding=1), np.zeros(24, np.int64), 0)
    return np.asarray(convolve(inputs, threads=threads))


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("mismatch", [False, True])
def test_sums_do_not_depend_on_threads_or_batch(threads, mismatch):
    macs = macs_of(bank_group(mismatch=mismatch))
    whole = layer_sums(macs)
    assert np.array_equal(layer_sums(macs, threads=threads), whole)
    assert np.array_equal(layer_sums(macs_of(bank_group(mismatch=mismatch)), images=1), whole[:1])


def test_equal_seeds_are_the_same_chip_and_others_are_not():
    unit = bank_group(mismatch=True)
    first = layer_sums(unit.mac_function(CONV, np.random.SeedSequence(1)))
    assert np.array_equal(first, layer_sums(unit.mac_function(CONV, np.random.SeedSequence(1))))
    assert not np.array_equal(first, layer_sums(unit.mac_function(CONV, np.random.SeedSequence(2))))


def deviations(unit: Pim3d, layer: Layer = CONV, resident: Sequence[Layer] = ()) -> NDArray[np.float32]:
    cells = macs_of(unit, layer, resident=resident).cells
    assert cells is not None
    product = layer.gemm
    return cells.deviations(product.groups, product.filters, product.depth)


@pytest.mark.parametrize("layout", ["packed", "interleaved"])
def test_every_resident_weight_has_cells_of_its_own(layout):
    unit = bank_group(mismatch=True, layout=layout, banks=16)
    later = replace(CONV, name="later")
    assert unit.keeps_resident([CONV, later])
    both = [deviations(unit, one, [CONV, later]) for one in (CONV, later)]
    every = np.concatenate([one.ravel() for one in both])
    assert len(np.unique(every)) > 0.99 * every.size
    assert every.std() == pytest.approx(1, rel=0.02)
    # Reloaded layers find the same cells.
    assert np.array_equal(deviations(unit, later), both[0])


def test_cells_are_used_again_when_the_banks_are_full():
    small = bank_group(mismatch=True, banks=1, rows=64)
    found = deviations(small)
    # 64 rows are 8 folds of 8: depth 64 lies where depth 0 lay.
    assert np.array_equal(found[0, :, :64], found[0, :, 64:128])
    more = deviations(bank_group(mismatch=True, banks=2, rows=64))
    assert np.array_equal(found[0, :, :64], more[0, :, :64])


def test_function_follows_the_temperature_of_the_technology():
    unit = bank_group()
    hot = macs_of(unit, technology=Technology(node=45, voltage=0.9, temperature=85)).readout
    assert np.array_equal(hot.drops, unit.readout_at(85).readout().drops)
    assert not np.array_equal(hot.drops, macs_of(unit).readout.drops)


def macro(name: str, **fields: Any) -> Pim3d:
    unit = Architecture.load(name).compute["macro"]
    assert isinstance(unit, Pim3d)
    return Pim3d.model_validate(unit.model_dump(exclude_none=True) | fields)


@pytest.mark.parametrize("average", range(16))
def test_a_measured_macro_gives_the_output_that_sets_its_energy(average):
    # 64 rows of 4 b by 4 b before a 4 b converter: output 15 is the full discharge of all lines.
    macs = macs_of(macro("sram_macro_sinangil2021"), replace(CONV, kernel=(1, 1)))
    assert product(macs, [[average] * 64], [[15] * 64]).tolist() == [[average * 15 * 64]]
    one_code = 64 * 15 * 15 / 15
    assert product(macs, [[average] * 64], [[1] * 64]).tolist() == [[round(average / 15) * one_code]]


def test_planes_of_one_bit_are_counted_to_within_half_a_code():
    macs, rng = macs_of(macro("sram_macro_jia2020")), np.random.default_rng(6)
    inputs, weights = rng.integers(0, 2, (20, 2304)), rng.integers(0, 2, (30, 2304))
    error = np.abs(product(macs, inputs, weights) - inputs @ weights.T)
    assert 0 < error.max() <= 2304 / 255 / 2 + 0.5


def test_a_macro_has_no_published_mismatch():
    with pytest.raises(ValidationError, match="not to a measured macro"):
        macro("sram_macro_sinangil2021", mismatch=True)


def test_readouts_that_the_kernel_cannot_hold_are_refused():
    slicing = Slicing(4, 4, True, False)
    with pytest.raises(InputError, match="at most 65535"):
        BitLineMacs(proportional(4370, 8), slicing, 4370)
    with pytest.raises(ValueError, match="ends at a sum of 105"):
        BitLineMacs(proportional(7, 8), slicing, 8)


def test_negative_weights_need_a_sign():
    macs = macs_of(bank_group(signed_weights=False))
    with pytest.raises(InputError, match="signs are kept elsewhere"):
        product(macs, [[1]], [[-1]])


@pytest.mark.parametrize(("inputs", "weights"), [([[16]], [[1]]), ([[-20]], [[1]]), ([[1]], [[8]])])
def test_operands_out_of_range_are_refused(inputs, weights):
    with pytest.raises(ValueError, match="expected"):
        product(macs_of(bank_group()), inputs, weights)

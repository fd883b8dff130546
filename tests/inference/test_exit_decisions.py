"""Who leaves where: decisions against plain Python, and their independence of how images are run."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_sets import unlabelled

from archsim.hardware.architecture import Architecture
from archsim.inference import Question, calibrate, evaluate, layer_macs, measure, quantize, top1
from archsim.inference.exits import Answers, Listener, entropies
from archsim.inference.float_operations import float_operations
from archsim.inference.graph import steps
from archsim.mapping.placement import place
from archsim.workload import (
    Conv2d,
    ExitCondition,
    Linear,
    Softmax,
    build_network,
    load_network,
    with_threshold,
)
from archsim.workload.datasets import load_images
from archsim.workload.weights import find_weights, load_parameters

IMAGES = 60
CONDITIONS = {
    "probability": {"exit1": ExitCondition("min_probability", 0.9)},
    "entropy": {"exit1": ExitCondition("max_entropy", 0.3)},
}


@pytest.fixture(scope="module")
def trained():
    """Network with an exit, its parameters, test images, and its integers on exact and inexact units."""
    network = load_network("digits_exits")
    parameters = load_parameters(find_weights(network.weights_for(), None), network)
    images = load_images("digits", count=IMAGES, preprocessing=network.preprocessing)
    calibration = calibrate(network, parameters, unlabelled(images.values[:20]))
    architecture = Architecture.load("von_neumann_approximate")
    functions = layer_macs(place(network, architecture), architecture, 0)
    return (
        network,
        parameters,
        images,
        quantize(network, parameters, calibration, functions=functions),
        quantize(network, parameters, calibration),
    )


def by_hand(logits, condition):
    """Class and whether one image leaves, with Python's own mathematics."""
    highest = max(logits)
    powers = [exp(value - highest) for value in logits]
    likely = [power / sum(powers) for power in powers]
    entropy = -sum(p * log(p) for p in likely if p)
    sure = max(likely) >= condition.threshold
    if condition.measure == "max_entropy":
        sure = entropy <= condition.threshold
    return logits.index(highest), sure


def outputs(network, run_steps, wanted):
    return {name: tensor.reshape(len(tensor), -1) for name, tensor in run_steps if name in wanted}


@pytest.mark.parametrize("case", CONDITIONS)
def test_decisions_are_those_of_plain_python(trained, case):
    network, parameters, images, approximate, exact = trained
    record = evaluate(parameters, images, approximate, exact).exits
    conditions = CONDITIONS[case]
    wanted = ("exit1", "fc")
    real = outputs(network, steps(network, images.values, float_operations(network, parameters)), wanted)
    coded = [outputs(network, one.steps(images.values), wanted) for one in (approximate, exact)]
    units, integers = (
        {name: one.reals(name, tensor) for name, tensor in found.items()}
        for one, found in zip((approximate, exact), coded, strict=True)
    )
    for answers, values in ((record.real, real), (record.units, units), (record.exact, integers)):
        left = 0
        for image in range(IMAGES):
            first, sure = by_hand([float(v) for v in values["exit1"][image]], conditions["exit1"])
            last, _ = by_hand([float(v) for v in values["fc"][image]], conditions["exit1"])
            assert answers.leaving(conditions)[image] == (0 if sure else 1)
            assert answers.given(conditions)[image] == (first if sure else last)
            left += sure
        assert 0 < left < IMAGES


def test_no_decision_depends_on_the_batch(trained):
    network, _, images, approximate, _ = trained
    heard = []
    for batch in (1, 7, IMAGES):
        listener = Listener(network)
        for first in range(0, IMAGES, batch):
            for name, output in approximate.steps(images.values[first : first + batch]):
                if name in listener.names:
                    listener.hear(name, approximate.reals(name, output))
        heard.append(listener.answers())
    for one in heard[1:]:
        assert np.array_equal(one.classes, heard[0].classes)
        assert np.array_equal(one.probabilities, heard[0].probabilities)
        assert np.array_equal(one.entropies, heard[0].entropies)


def test_top1_counts_the_class_at_the_exit(trained):
    network, parameters, images, approximate, exact = trained
    record = evaluate(parameters, images, approximate, exact).exits
    for threshold in (0.0, 0.9, 1.0):
        asked = with_threshold(network, threshold)
        changed = [
            type(one)(asked, one.operations, one.coded, one.fused, one.macs) for one in (approximate, exact)
        ]
        found = evaluate(parameters, images, *changed)
        given = record.units.given(dict(asked.exit_conditions))
        assert found.top1 == np.mean(given == images.labels) == top1(changed[0], images)
        assert found.top1_exact == top1(changed[1], images)
    everybody, nobody = (record.units.given(dict(with_threshold(network, t).exit_conditions)) for t in (0, 1))
    assert np.array_equal(everybody, record.units.classes[0])
    assert np.array_equal(nobody, record.units.classes[1])


def test_more_confidence_lets_fewer_leave():
    network = load_network("digits_exits")
    answer = measure(Architecture.load("von_neumann"), network, Question(200))
    answers = answer.accuracy.exits.units
    for measured, thresholds in (
        ("min_probability", np.linspace(0, 1, 21)),
        ("max_entropy", np.linspace(2.3, 0, 21)),
    ):
        shares = [np.mean(answers.leaving({"exit1": ExitCondition(measured, t)}) == 0) for t in thresholds]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] == 1
        assert shares[-1] < 0.5


def test_a_softmax_is_taken_as_it_is():
    layers = [
        Conv2d(name="conv", out_channels=2, kernel=1),
        Linear(name="logits", out_channels=3),
        Softmax(name="exit"),
        Linear(name="fc", out_channels=3, inputs=("conv",)),
    ]
    network = build_network("net", (1, 2, 2), layers)
    network = type(network)("net", network.input_shape, network.layers, exits=("logits", "exit"))
    listener = Listener(network)
    logits = np.array([[1.0, 2.0, 0.5], [3.0, -1.0, 0.0]], np.float32)
    powers = np.exp(logits.astype(np.float64))
    for name, values in (("logits", logits), ("exit", powers / powers.sum(axis=1)[:, None]), ("fc", logits)):
        listener.hear(name, values.reshape(2, 3, 1, 1))
    answers = listener.answers()
    assert answers.names == ("logits", "exit", "fc")
    assert answers.probabilities[0] == pytest.approx(answers.probabilities[1], rel=1e-6)
    assert answers.entropies[0] == pytest.approx(answers.entropies[1], rel=1e-6)


def test_the_first_exit_that_is_sure_comes_first():
    labels = np.zeros(3, np.int64)
    probabilities = np.array([[0.9, 0.1, 0.2], [0.9, 0.9, 0.1], [1, 1, 1]], np.float32)
    found = np.array([[1, 1, 1], [2, 2, 2], [0, 0, 0]])
    answers = Answers(("a", "b", "end"), found, probabilities, probabilities)
    both = {name: ExitCondition("min_probability", 0.5) for name in ("a", "b")}
    assert answers.leaving(both).tolist() == [0, 1, 2]
    assert answers.given(both).tolist() == [1, 2, 0]
    assert answers.leaving({"b": both["b"]}).tolist() == [1, 1, 2]
    assert answers.leaving({}).tolist() == [2, 2, 2]
    assert np.mean(answers.given({}) == labels) == 1


@settings(max_examples=50)
@given(st.lists(st.floats(0, 50), min_size=2, max_size=12))
def test_entropy_lies_between_0_and_that_of_equal_probabilities(logits):
    powers = np.exp(np.array([logits]) - max(logits))
    found = float(entropies(powers / powers.sum())[0])
    assert -1e-6 <= found <= log(len(logits)) + 1e-6


def test_entropy_of_certainty_and_of_ignorance():
    assert entropies(np.array([[0.0, 1.0], [0.5, 0.5]])).tolist() == [0.0, np.float32(log(2))]


@pytest.mark.slow
def test_all_images_against_plain_python():
    network = load_network("digits_exits")
    parameters = load_parameters(find_weights(network.weights_for(), None), network)
    images = load_images("digits", preprocessing=network.preprocessing)
    answer = measure(Architecture.load("von_neumann"), network, Question(len(images)))
    found = answer.accuracy.exits.real
    condition = dict(network.exit_conditions)["exit1"]
    right = 0
    for image, label in zip(images.values, images.labels, strict=True):
        one = outputs(
            network, steps(network, image[None], float_operations(network, parameters)), network.exits
        )
        guess, sure = by_hand([float(v) for v in one["exit1"][0]], condition)
        if sure:
            right += guess == label
    assert right == np.count_nonzero(
        (found.leaving({"exit1": condition}) == 0) & (found.classes[0] == images.labels)
    )

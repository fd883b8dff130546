"""The same inputs give the same bytes: processes, hash seeds, thread counts, repeats in one process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from archsim.config import shipped
from archsim.hardware.architecture import Architecture
from archsim.simulation import simulate
from archsim.workload import load_network

SCRIPT = """
import hashlib, sys
from archsim.hardware.architecture import Architecture
from archsim.simulation import simulate
from archsim.workload import load_network
network = load_network(sys.argv[1])
for name in sys.argv[3:]:
    text = simulate(Architecture.load(name), network, int(sys.argv[2])).to_json()
    print(name, hashlib.sha256(text.encode()).hexdigest())
"""
ONE_NETWORK = {"eyeriss_alexnet": ("alexnet_conv", 4)}
"""Configurations whose mapping is that of one network and batch."""
CONFIGS = tuple(sorted(set(shipped("configs")) - set(ONE_NETWORK)))
ENVIRONMENTS = (
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "random", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    {"PYTHONHASHSEED": "random", "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"},
)


def report(architecture: str, network: str, batch: int = 1, seed: int = 0) -> str:
    return simulate(Architecture.load(architecture), load_network(network), batch, seed=seed).to_json()


def digests_elsewhere(
    network: str, configs: tuple[str, ...], environment: dict[str, str], batch: int = 1
) -> dict[str, str]:
    """Run in a process of its own; sha256 of each report by configuration."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, network, str(batch), *configs],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return dict(line.split() for line in done.stdout.splitlines())


def digests_here(network: str, configs: tuple[str, ...], batch: int = 1) -> dict[str, str]:
    return {name: hashlib.sha256(report(name, network, batch).encode()).hexdigest() for name in configs}


def test_there_are_configurations():
    assert {"von_neumann", "pim_3d", "hybrid_soc"} <= set(CONFIGS)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: "-".join(one.values()))
def test_other_processes_write_the_same_bytes(environment):
    assert digests_elsewhere("resnet8", CONFIGS, environment) == digests_here("resnet8", CONFIGS)


@pytest.mark.parametrize("name", ONE_NETWORK)
def test_other_processes_write_the_same_bytes_for_the_network_of_a_mapping(name):
    network, batch = ONE_NETWORK[name]
    elsewhere = digests_elsewhere(network, (name,), ENVIRONMENTS[2], batch)
    assert elsewhere == digests_here(network, (name,), batch)
    assert report(name, network, batch) == report(name, network, batch)


def test_vgg16_is_the_same_in_another_process():
    configs = ("von_neumann", "pim_3d")
    environment = {"PYTHONHASHSEED": "random", "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
    assert digests_elsewhere("vgg16", configs, environment) == digests_here("vgg16", configs)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_repeat_in_one_process_writes_the_same_bytes(name):
    architecture, network = Architecture.load(name), load_network("lenet5")
    first = simulate(architecture, network, batch=2).to_json()
    # Another network in between fills the caches.
    simulate(architecture, load_network("resnet8"))
    assert simulate(architecture, network, batch=2).to_json() == first


@pytest.mark.parametrize("name", ["von_neumann", "pim_3d", "hybrid_soc"])
def test_another_seed_changes_the_seed_only(name):
    zero, seven = json.loads(report(name, "lenet5")), json.loads(report(name, "lenet5", seed=7))
    assert (zero.pop("seed"), seven.pop("seed")) == (0, 7)
    assert zero == seven


def test_another_batch_changes_more_than_the_batch():
    architecture, network = Architecture.load("von_neumann"), load_network("lenet5")
    one, two = (simulate(architecture, network, batch=count) for count in (1, 2))
    assert one.totals.macs * 2 == two.totals.macs
    assert one.to_json() != two.to_json()

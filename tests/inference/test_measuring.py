"""Where the images of a measurement come from, and how much memory they take."""

import subprocess
import sys

import pytest

from archsim.errors import InputError
from archsim.inference.measuring import Question, measure
from archsim.inputs import read_architecture
from archsim.workload import load_network

GIBIBYTE = 1 << 30

SCRIPT = """
import resource, sys
from archsim.cli import main
sys.argv = ["archsim", "run", *sys.argv[1:], "--json"]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
"""


def peak_bytes(*arguments):
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "images"), [("mobilenet_v1_0.25_128", 1000), ("mobilenet_v2_1.0_224", 100)]
)
def test_memory_is_that_of_a_batch_whatever_the_number_of_images(shared_data, network, images):
    arguments = ("von_neumann_approximate", network, "--images", images, "--data", shared_data)
    assert peak_bytes(*arguments) < GIBIBYTE


def test_a_broken_training_file_is_an_error_and_a_missing_one_is_none(shared_data, tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    (tmp_path / "weights").symlink_to(shared_data / "weights")
    for path in (shared_data / "mnist").glob("t10k-*"):
        (folder / path.name).symlink_to(path)
    network, architecture = load_network("lenet5"), read_architecture("von_neumann")[0]
    question = Question(50, directory=tmp_path)
    without = measure(architecture, network, question)
    assert without.accuracy.top1 > 0.9
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (folder / name).write_bytes(b"broken")
    with pytest.raises(InputError, match="train-images-idx3-ubyte:1:1: expected an IDX file"):
        measure(architecture, network, question)

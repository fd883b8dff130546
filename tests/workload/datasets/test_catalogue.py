"""Data sets by name, the embedded digits, and whether images fit a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.workload import load_network
from archsim.workload.datasets import (
    DATASETS,
    ImageSource,
    check_images,
    has_part,
    load_images,
    open_dataset,
)
from archsim.workload.parameters import LabelledImages


def test_the_digits_need_no_folder() -> None:
    test, train = load_images("digits"), load_images("digits", part="train")
    assert (len(test), len(train)) == (500, 1297)
    assert test.values.shape[1:] == (1, 8, 8)
    assert (test.values.min(), test.values.max()) == (0, 16)
    assert sorted(set(test.labels.tolist())) == list(range(10))


def test_no_image_of_the_digits_is_in_both_parts() -> None:
    parts = [
        {image.tobytes() for image in load_images("digits", part=part).values} for part in ("test", "train")
    ]
    assert not parts[0] & parts[1]


def test_the_digits_are_those_of_scikit_learn() -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    ours = [load_images("digits", part=part) for part in ("train", "test")]
    order = np.random.default_rng(0).permutation(1797)
    assert (np.concatenate([part.values[:, 0] for part in ours]) == digits.images[order]).all()
    assert (np.concatenate([part.labels for part in ours]) == digits.target[order]).all()


def test_batches_together_are_the_whole(tmp_path: Path) -> None:
    source = open_dataset("digits")
    whole = source.load(77)
    for size in (1, 10, 76, 77, 1000):
        parts = list(source.batches(77, size=size))
        assert max(len(part) for part in parts) == min(size, 77)
        assert (np.concatenate([part.values for part in parts]) == whole.values).all()
        assert (np.concatenate([part.labels for part in parts]) == whole.labels).all()


@pytest.mark.parametrize(("count", "message"), [(0, "at least 1, not 0"), (501, "'digits' has 500 here")])
def test_a_count_that_cannot_be_had_is_refused(count: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_images("digits", None, count)


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "digits"])
def test_a_data_set_without_folder_asks_for_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"'{name}' is not part of the package: .*--data DIR .*DIR/{name}"):
        open_dataset(name)
    with pytest.raises(InputError, match=rf"{name}: data set '{name}' is expected in this folder"):
        open_dataset(name, tmp_path)
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        open_dataset(name, tmp_path / "nowhere")


def test_unknown_names_are_told_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown data set 'mnits', .*; did you mean 'mnist'\?"):
        open_dataset("mnits")
    with pytest.raises(InputError, match=r"expected one of digits, mnist, .* or a folder with labels.csv"):
        open_dataset("../secret", tmp_path)
    with pytest.raises(InputError, match="part 'validation' of a data set"):
        open_dataset("digits", None, "validation")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="0 images at a time"):
        next(open_dataset("digits").batches(size=0))


def images(shape: tuple[int, ...], label: int) -> LabelledImages:
    return LabelledImages(np.zeros((1, *shape), np.float32), np.array([label]))


def test_images_of_another_shape_or_class_do_not_fit_a_network() -> None:
    for name in ("digits_cnn", "digits_exits", "digits_icnn"):
        network = load_network(name)
        check_images(images((1, 8, 8), 9), network)
        with pytest.raises(InputError, match=r"takes images of 1x8x8, these are 3x8x8"):
            check_images(images((3, 8, 8), 0), network)
        with pytest.raises(InputError, match="label 10 of image 0 is none of the 10 classes"):
            check_images(images((1, 8, 8), 10), network)


@pytest.mark.parametrize(
    "name",
    ["lenet5", "resnet20", "mobilenet_v1_0.25_128", "mobilenet_v1_0.5_160", "squeezenet1_1", "fashion_icnn"],
)
def test_traces_prepare_images_that_fit_them(name: str, shared_data: Path) -> None:
    network = load_network(name)
    assert network.dataset is not None
    if network.dataset == "imagenet_sample":
        pytest.importorskip("PIL")
    loaded = load_images(network.dataset, shared_data, 4, preprocessing=network.preprocessing)
    check_images(loaded, network)
    assert np.abs(loaded.values).max() < 3


def test_data_sets_say_which_parts_they_have(tmp_path: Path) -> None:
    assert has_part("digits")
    for name in ("cifar10", "imagenet_sample", "own"):
        (tmp_path / name).mkdir()
    (tmp_path / "own" / "labels.csv").touch()
    assert [has_part("imagenet_sample", tmp_path, part) for part in ("test", "train")] == [True, False]
    assert [has_part("own", tmp_path, part) for part in ("test", "train")] == [True, False]
    assert not has_part("cifar10", tmp_path)
    (tmp_path / "cifar10" / "cifar10_train_1.npz").write_bytes(b"broken")
    assert has_part("cifar10", tmp_path)
    with pytest.raises(InputError, match="unknown data set"):
        has_part("nothing", tmp_path)


def test_shape_is_checked_without_reading_more_than_one_image() -> None:
    asked: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return np.zeros((stop - start, 1, 8, 8), np.uint8)

    source = ImageSource("large", np.zeros(10**6, np.int64), read)
    check_images(source.first(), load_network("digits_cnn"))
    assert asked == [(0, 1)]

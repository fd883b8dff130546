"""Folders of image files with a table of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.workload.datasets import load_images, open_dataset
from archsim.workload.preprocessing import Preprocessing

Image: Any = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, size=(3, 6, 8, 3)).astype(np.uint8)
TABLE = "file,class_index,name\n0.png,2,fox\n1.png,0,cat\n2.png,1,owl\n"


def folder(root: Path, table: str = TABLE, inside: str = "own") -> Path:
    (root / inside / "png").mkdir(parents=True)
    for number, pixels in enumerate(IMAGES):
        Image.fromarray(pixels).save(root / inside / "png" / f"{number}.png")
    (root / inside / "labels.csv").write_text(table, encoding="utf-8")
    return root


def test_a_lossless_folder_of_any_name_gives_its_pixels_in_the_tables_order(tmp_path: Path) -> None:
    images = load_images("own", folder(tmp_path))
    assert (images.values == np.moveaxis(IMAGES, -1, 1)).all()
    assert images.labels.tolist() == [2, 0, 1]


def test_grey_images_become_three_equal_channels(tmp_path: Path) -> None:
    root = folder(tmp_path)
    Image.fromarray(IMAGES[0, :, :, 0]).save(root / "own" / "png" / "0.png")
    values = load_images("own", root, 1).values[0]
    assert (values == IMAGES[0, :, :, 0]).all()


def test_the_offset_moves_the_labels(tmp_path: Path) -> None:
    steps = Preprocessing(label_offset=1)
    assert load_images("own", folder(tmp_path), preprocessing=steps).labels.tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "labels.csv:1:1: the table has no column 'file'"),
        ("file,class_index\n", "the table lists no image"),
        ("file,class\n0.png,1\n", "no column 'class_index'"),
        ("file,class_index\n0.png,1\n9.png,1\n", r"labels.csv:3:1: file: there is no image '9.png'"),
        ("file,class_index\n0.png,fox\n", r"labels.csv:2:1: class_index: expected a class index, got 'fox'"),
        ("file,class_index\n0.png\n", r"labels.csv:2:1: class_index: expected a class index, got None"),
        ("class_index,file\n1\n", r"labels.csv:2:1: file: there is no image ''"),
        ("file,class_index\n0.png,-1\n", "expected a class index, got '-1'"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_dataset("own", folder(tmp_path, table))


def test_a_class_beyond_the_data_sets_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, TABLE.replace(",0,", ",1000,"), "imagenet_sample")
    with pytest.raises(InputError, match="the class of image 1 is 1000, expected one of 0 to 999"):
        open_dataset("imagenet_sample", root)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "own" / "labels.csv").write_bytes(b"file,class_index\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="cannot be read as a table"):
        open_dataset("own", root)


def test_a_broken_image_is_told_by_name_when_it_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path)
    path = root / "own" / "png" / "1.png"
    path.write_bytes(path.read_bytes()[:60])
    source = open_dataset("own", root)
    assert len(next(iter(source.batches(1)))) == 1
    with pytest.raises(InputError, match=r"1\.png:1:1: not a readable image"):
        source.load()


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    Image.fromarray(IMAGES[2, :4]).save(root / "own" / "png" / "2.png")
    with pytest.raises(InputError, match=r"2.png:1:1: 4x8 pixels, but 0.png has 6x8"):
        load_images("own", root)


def test_without_pillow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = folder(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(InputError, match=r"data set 'own' needs Pillow: pip install 'archsim\[images\]'"):
        open_dataset("own", root)


def test_the_sample_of_imagenet_has_one_image_of_each_class(shared_data: Path) -> None:
    source = open_dataset("imagenet_sample", shared_data)
    assert source.labels.tolist() == list(range(1000))
    assert source.read(0, 2).shape == (2, 3, 224, 224)
    with pytest.raises(InputError, match="'imagenet_sample' has no training images"):
        open_dataset("imagenet_sample", shared_data, "train")


def test_only_the_images_of_a_batch_are_decoded(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = Image.open
    monkeypatch.setattr(Image, "open", lambda path, *rest: (opened.append(path), original(path, *rest))[1])
    batches = open_dataset("imagenet_sample", shared_data).batches(size=2)
    assert next(batches).values.nbytes == 2 * 3 * 224 * 224 * 4
    assert len(opened) == 2

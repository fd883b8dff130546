"""Labelled images of data sets, read from their files a batch at a time."""

from archsim.workload.datasets.catalogue import (
    DATASETS,
    EMBEDDED,
    Part,
    check_data_folder,
    check_images,
    has_part,
    load_images,
    open_dataset,
)
from archsim.workload.datasets.source import Images, ImageSource

__all__ = [
    "DATASETS",
    "EMBEDDED",
    "ImageSource",
    "Images",
    "Part",
    "check_data_folder",
    "check_images",
    "has_part",
    "load_images",
    "open_dataset",
]

"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[list[str], typer.Argument(metavar="ARCH ARCH... TRACE", help="Files or shipped names.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value, such as compute.npu.rows=64. Repeatable."
    ),
]
Tiles = Annotated[str | None, typer.Option(metavar="FILE", help="Mapping rules (YAML) that go first.")]
Batch = Annotated[int, typer.Option("--batch", "-b", min=1, help="Images.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write report and figures there.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Images = Annotated[
    int | None, typer.Option("--images", min=1, metavar="N", help="Run N test images and report accuracy.")
]
DatasetName = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="Data set; the trace names its own.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with data sets and weights.")
]
Sensitivity = Annotated[
    bool, typer.Option("--sensitivity", help="Accuracy with each layer alone on its unit's arithmetic, too.")
]
ExitThreshold = Annotated[
    float | None,
    typer.Option(
        "--exit-threshold", metavar="T", help="Threshold at all exits, of the measure that each has."
    ),
]

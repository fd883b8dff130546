"""Tables of docs/models/number_formats.md: formats, sizes of shipped networks, printed sizes beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doc_tables import Make, figure, markdown

from archsim import Network, load_network
from archsim.arithmetic.number_format import AnyFormat, FloatFormat, storage_format
from archsim.config import shipped
from archsim.workload import Conv2d, Linear, MaxPool, build_network
from archsim.workload.model_size import model_size

MB, MIB = 10**6, 2**20
FORMATS = ("fp32", "fp16", "bf16", "int16", "int8", "int4", "int2", "binary")
SIZED = {
    "fp32": "fp32 MB",
    "bf16": "fp16 or bf16 MB",
    "int8": "int8 MB",
    "int4": "int4 MB",
    "binary": "binary MB",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """A network's size before and after compression, as a paper prints it in MB."""

    network: str
    original: float
    compressed: float
    how: str


CODED = "pruning, weight sharing, Huffman coding"
DEEP = "deep compression: pruning, weight sharing"
UNTOLD = "not told in the table"
PRINTED = (
    Printed("AlexNet", 240, 6.9, CODED),
    Printed("VGG16", 552, 11.3, CODED),
    Printed("LeNet-300-100", 1.07, 0.027, CODED),
    Printed("LeNet-5 (Caffe's)", 1.72, 0.044, CODED),
    Printed("SqueezeNet (1.0; ours 1.1), 8 b", 4.8, 0.66, DEEP),
    Printed("SqueezeNet (1.0; ours 1.1), 6 b", 4.8, 0.47, DEEP),
    Printed("ResNetV2-50 (ours v1.5)", 95.4, 10.12, UNTOLD),
    Printed("Tiny-YOLOv2 (ours VOC)", 58.8, 8.5, UNTOLD),
    Printed("InceptionV4", 171.26, 19.4, UNTOLD),
    Printed("MobileNet-SSD", 63.28, 30.48, UNTOLD),
)
"""Tables I and V of two surveys of approximate systems [pub] (reference/adaptive_systems.md §4)."""


def lenet_300_100() -> Network:
    """Return the fully connected network of LeCun et al., Proc. IEEE 1998, with 300 and 100 hidden units."""
    sizes = (300, 100, 10)
    return build_network(
        "lenet_300_100", (1, 28, 28), [Linear(name=f"ip{size}", out_channels=size) for size in sizes]
    )


def caffe_lenet() -> Network:
    """Return Caffe's LeNet: 20 and 50 maps of 5 x 5 windows, 500 hidden units."""
    return build_network(
        "caffe_lenet",
        (1, 28, 28),
        [
            Conv2d(name="conv1", out_channels=20, kernel=5),
            MaxPool(name="pool1", kernel=2),
            Conv2d(name="conv2", out_channels=50, kernel=5),
            MaxPool(name="pool2", kernel=2),
            Linear(name="ip1", out_channels=500),
            Linear(name="ip2", out_channels=10),
        ],
    )


def networks() -> Mapping[str, Network]:
    """Return our network by the first word of a printed one's name."""
    return {
        "AlexNet": load_network("alexnet"),
        "VGG16": load_network("vgg16"),
        "LeNet-300-100": lenet_300_100(),
        "LeNet-5": caffe_lenet(),
        "SqueezeNet": load_network("squeezenet1_1"),
        "ResNetV2-50": load_network("resnet50"),
        "Tiny-YOLOv2": load_network("tiny_yolov2"),
    }


def storage_formats() -> str:
    """Return width and range of the number formats."""
    rows = [
        [f"`{name}`", str(one.bits), *_range(one)]
        for name, one in ((name, storage_format(name)) for name in FORMATS)
    ]
    return markdown(["format", "bits", "lowest", "highest", "step"], rows)


def _range(one: AnyFormat) -> list[str]:
    if isinstance(one, FloatFormat):
        step = f"2^-{one.fraction_bits} of the leading power of two; {one.smallest_normal:.3g} least normal"
        return [f"{-one.highest:.5g}", f"{one.highest:.5g}", step]
    return [str(one.lowest), str(one.highest), "1 scale" if one.bits > 1 else "2 scales"]


def format_sizes() -> str:
    """Return MB of every shipped network in several formats with a scale per tensor, in one per channel."""
    header = ["network", "parameters", *SIZED.values(), "int8 with a scale per channel MB"]
    rows = []
    for name in shipped("traces"):
        network = load_network(name)
        sizes = [model_size(network, one).total_bytes for one in SIZED]
        sizes.append(model_size(network, "int8", per_channel=True).total_bytes)
        rows.append([f"`{name}`", f"{network.parameters:,}", *(figure(size / MB, 4) for size in sizes)])
    return markdown(header, rows)


def printed_sizes() -> str:
    """Return printed sizes beside ours, and the bits per parameter that a printed one leaves."""
    header = [
        "network", "printed fp32 MB", "ours MB (MiB)", "printed compressed MB", "ours int8 MB",
        "printed ratio", "bits per parameter", "what the compressed figure includes",
    ]  # fmt: skip
    return markdown(header, [_printed_row(one, networks()) for one in PRINTED])


def _printed_row(printed: Printed, known: Mapping[str, Network]) -> list[str]:
    network = known.get(printed.network.split(maxsplit=1)[0])
    ratio = printed.original / printed.compressed
    ours, int8 = ("-", "-") if network is None else _our_sizes(network)
    cells = [figure(printed.original, 4), ours, figure(printed.compressed, 4), int8]
    return [printed.network, *cells, f"{ratio:.1f}", f"{32 / ratio:.1f}", printed.how]


def _our_sizes(network: Network) -> tuple[str, str]:
    whole, int8 = (model_size(network, name).total_bytes for name in ("fp32", "int8"))
    return f"{figure(whole / MB, 4)} ({figure(whole / MIB, 4)})", figure(int8 / MB, 4)


FORMAT_TABLES: Mapping[str, Make[str]] = {
    one.__name__: one for one in (storage_formats, format_sizes, printed_sizes)
}

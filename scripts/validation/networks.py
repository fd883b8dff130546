"""Multiply-accumulates, parameters and sizes of the shipped networks beside the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim import load_network
from validation.rows import Row, Section

_TORCHVISION = {
    "googlenet": (1.498, 6_624_904),
    "mobilenet_v2": (0.301, 3_504_872),
    "resnet18": (1.814, 11_689_512),
    "resnet50": (4.089, 25_557_032),
    "squeezenet1_1": (0.349, 1_235_496),
    "vgg16": (15.47, 138_357_544),
}
"""`_ops` in G and `num_params` of the weights."""

_PAPERS = (
    ("alexnet", "parameters", 60, "M", "Krizhevsky et al., NIPS 2012, abstract"),
    ("googlenet", "MACs", 1.5, "G", "Szegedy et al., CVPR 2015, section 1"),
    ("lenet5", "MACs", 0.340908, "M", "LeCun et al., Proc. IEEE 1998, section II, connections"),
    ("lenet5", "parameters", 0.060, "M", "LeCun et al., Proc. IEEE 1998, section II"),
    ("mobilenet_v1", "MACs", 569, "M", "Howard et al., arXiv:1704.04861, Table 8"),
    ("mobilenet_v1", "parameters", 4.2, "M", "Howard et al., arXiv:1704.04861, Table 8"),
    ("mobilenet_v2", "MACs", 300, "M", "Sandler et al., CVPR 2018, Table 4"),
    ("mobilenet_v2", "parameters", 3.4, "M", "Sandler et al., CVPR 2018, Table 4"),
    ("resnet18", "MACs", 1.8, "G", "He et al., CVPR 2016, Table 1"),
    ("resnet20", "parameters", 0.27, "M", "He et al., CVPR 2016, Table 6"),
    ("resnet50", "MACs", 3.8, "G", "He et al., CVPR 2016, Table 1"),
    ("squeezenet1_1", "MACs", 0.36, "G", "repository, 0.72 GFLOPS per image"),
    ("tiny_yolov2", "MACs", 3.485, "G", "darknet's page, 6.97 Bn operations"),
    ("vgg16", "parameters", 138, "M", "Simonyan and Zisserman, ICLR 2015, Table 2"),
)
"""Two operations of a source that counts multiplications and additions apart are one MAC."""
_SCALES = {"M": 1e6, "G": 1e9}
_VERSION = (
    "torchvision's network has the stride of a bottleneck in its 3 x 3 convolution instead of the first 1 "
    "x 1 one."
)
_CONNECTED = (
    "LeNet-5 connects each map of its second convolution to a part of the maps before it, our trace to all "
    "of them; connections also count biases and subsampling."
)
_WHY = {("resnet50", "MACs"): _VERSION, ("lenet5", "MACs"): _CONNECTED}

_SIZES = (
    ("alexnet", 240, "Table I and Table V", ""),
    (
        "squeezenet1_1",
        4.8,
        "Table I and Table V",
        "The figure is of version 1.0, which has 1.25 M parameters.",
    ),
    ("vgg16", 552, "Table I", ""),
    (
        "lenet5",
        1.72,
        "Table I",
        "1.72 MB are 431 k parameters: Caffe's LeNet with maps of 20 and 50 and 500 hidden units, seven "
        "times as large as LeCun's LeNet-5.",
    ),
    (
        "resnet50",
        95.4,
        "Table I",
        "The figure is of ResNetV2-50, ours of ResNet-50 as torchvision builds it.",
    ),
    ("tiny_yolov2", 58.8, "Table I", ""),
    ("tiny_yolov2", 62, "MASA, Table II of the survey", ""),
)
"""Megabytes of the network with parameters of 32 b."""


def sections() -> Iterable[Section]:
    """Return totals by the builders of the networks, by their papers, and sizes in the surveys."""
    yield Section(
        title="Networks: totals of torchvision",
        source="`_ops` and `num_params` of torchvision's weights [pub]",
        intro=(
            "MACs and parameters of the shipped traces ([traces.md](traces.md#shipped-networks)), which "
            "are written from the layers of these networks. One image of 224 x 224."
        ),
        rows=tuple(_torchvision_rows()),
        basis="implementation",
    )
    yield Section(
        title="Networks: totals of the papers",
        source="The paper of each network, named in its row [pub]",
        intro="The same traces beside what the authors print. A MAC is one multiplication and one addition.",
        rows=tuple(_paper_rows()),
    )
    yield Section(
        title="Networks: sizes in the surveys",
        source=(
            "Table I of the survey that introduces the VGG16 comparison, Tables II (MASA) and V "
            "(SqueezeNet) of the other one [pub] (reference/adaptive_systems.md §4)"
        ),
        intro=(
            "Parameters of the shipped traces times 4 B, in 10^6 bytes, beside the uncompressed networks "
            "there."
        ),
        rows=tuple(
            Row(f"{name}, {where}", reference, load_network(name).parameters * 4e-6, "MB", why)
            for name, reference, where, why in _SIZES
        ),
    )


def _torchvision_rows() -> Iterator[Row]:
    for name, (gigamacs, parameters) in _TORCHVISION.items():
        network = load_network(name)
        yield Row(f"{name}: MACs", gigamacs, network.macs * 1e-9, "G")
        yield Row(f"{name}: parameters", parameters, network.parameters, "")


def _paper_rows() -> Iterator[Row]:
    for name, what, reference, unit, source in _PAPERS:
        network = load_network(name)
        ours = (network.macs if what == "MACs" else network.parameters) / _SCALES[unit]
        yield Row(f"{name}: {what} ({source})", reference, ours, unit, _WHY.get((name, what), ""))

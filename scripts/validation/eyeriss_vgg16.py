"""Eyeriss: the measured chip on VGG16, with the mapper's passes and with passes inferred from its buffer bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from archsim import Network
from validation.eyeriss_chip import PAPER, Figures, network, rows, run
from validation.rows import Section

# As transcribed in cucapra/fodlam, data/eyeriss-vgg16.csv, with the digits that its optical reading got wrong put right
# by the table's totals and the layers of equal shape: CONV1-1 DRAM 154 -> 15.4, CONV2-1 PEs 150 -> 156 (93 %), CONV2-2
# processing 1110.3 -> 810.3 (the total less the other layers is 810.7), CONV3-3 buffer 12l4.8 -> 1214.8, CONV5-1 PEs
# 163 -> 168 (100 %).
VGG16: Mapping[str, Figures] = {
    "conv1_1": Figures(247, 76.2, 38.0, 156, 112.5, 15.4),
    "conv1_2": Figures(218, 910.3, 810.6, 156, 2402.8, 54.0),
    "conv2_1": Figures(242, 470.3, 405.3, 156, 1201.4, 33.4),
    "conv2_2": Figures(231, 894.3, 810.3, 156, 2402.3, 48.5),
    "conv3_1": Figures(254, 241.1, 204.0, 156, 607.4, 20.2),
    "conv3_2": Figures(235, 460.9, 408.1, 156, 1214.8, 32.2),
    "conv3_3": Figures(233, 457.7, 408.1, 156, 1214.8, 30.8),
    "conv4_1": Figures(278, 135.3, 105.1, 168, 321.3, 17.8),
    "conv4_2": Figures(261, 254.8, 210.0, 168, 643.7, 20.6),
    "conv4_3": Figures(240, 246.3, 210.0, 168, 643.7, 22.8),
    "conv5_1": Figures(258, 54.3, 48.3, 168, 90.0, 6.3),
    "conv5_2": Figures(236, 53.7, 48.5, 168, 90.0, 5.7),
    "conv5_3": Figures(230, 53.7, 48.5, 168, 90.0, 5.6),
}
TOTAL = Figures(236, 4309.5, 3755.2, 158, 11035.8, 321.1)
# Zeros among the inputs, the same table (CONV4-1's first digit is unsure: 64.3 % or 74.3 %).
ZEROS: Mapping[str, float] = {
    "conv1_1": 0.16,
    "conv1_2": 0.477,
    "conv2_1": 0.248,
    "conv2_2": 0.387,
    "conv3_1": 0.397,
    "conv3_2": 0.581,
    "conv3_3": 0.587,
    "conv4_1": 0.643,
    "conv4_2": 0.747,
    "conv4_3": 0.854,
    "conv5_1": 0.794,
    "conv5_2": 0.874,
    "conv5_3": 0.885,
}
_BATCH = 3
_INFERRED = "eyeriss_vgg16.yaml"
_SOURCE = f"{PAPER}, Table VI, transcribed in cucapra/fodlam (data/eyeriss-vgg16.csv) [pub]"
_REPAIRED = (
    "Five digits that the transcription misread are put right, as noted in the module. CONV1-1's DRAM bytes are taken for 15.4 MB; the column then "
    "adds up to 313.3 MB, not to the printed 321.1 MB, so another digit of it is wrong."
)

_EARLY = (
    "The paper prints no passes for VGG16. The mapper keeps the sums of up to 64 filters in thin strips and adds up 3 to 8 channels per pass; the "
    "chip's bytes are those of one or two in CONV1 to CONV3 and of four in CONV4, and in the former its sums bind their 64-b networks."
)
_FIRST = (
    "The mapper adds up all three channels in one pass on 120 PEs (strips of 10 rows); the chip's bytes are those of one channel at a time, whose sums "
    "bind the networks."
)
_LINK = "The array waits for every map on a link whose width is an assumption, and the maps are not coded as the trace states no zeros."
_RAW = (
    "The trace states no zeros, so no map is coded; filters and inputs are also fetched again for strips, images and blocks of "
    "filters, see the section with zeros for how much is left."
)
_REFETCHED = "The inferred m 16 of 64 filters fetches every input four times, which leaves more DRAM bytes than the chip had: it must have kept more sums."
_REFETCHED_TOTAL = "Every input crosses the link four times (m 16 of 64 filters), for which the array waits; nor are maps coded."
_FILTERS = (
    "The inferred n 1 fetches all filters for each strip of each image: 28 MB alone in CONV4-2, more than the chip's 20.6 MB in all, so the chip's "
    "passes keep other things."
)
_BOTH = "Inputs are fetched again in CONV1 and filters in CONV4, see there; without these the layers differ by less than 10 %."
_WAITING = (
    "Our array waits for the link for half of this layer or more with its PEs gated; the chip waits for half of it too, and draws as much as "
    "elsewhere, so it does not gate its clock as the model does."
)
_CLOCKED = (
    "Clocking all register bits of a PE that takes part is an assumption and most of our power; zeros do not lower it (see the section with "
    "zeros), while the chip draws less with more zeros."
)
_MARGIN = (
    "Filters are prefetched behind the passes, and coded maps need less time on a link of the assumed width than the chip's 30 to 45 ms between "
    "total and processing latency."
)


def sections() -> Iterator[Section]:
    """Return the chip against the mapper's passes, and against inferred passes without and with zeros."""
    plain = network("vgg16")
    yield Section(
        title="Eyeriss: VGG16, the mapper's passes",
        source=_SOURCE,
        intro=f"`eyeriss` as it is, batch 3. No constant or option of the configuration was chosen by these figures. {_REPAIRED}",
        rows=rows(VGG16, TOTAL, run(plain, _BATCH, None), _own_reason),
    )
    inferred = run(plain, _BATCH, _INFERRED)
    yield Section(
        title="Eyeriss: VGG16, what the inferred passes were chosen for",
        source=_SOURCE,
        intro="`eyeriss` with `configs/mappings/eyeriss_vgg16.yaml`, batch 3. Its passes were chosen so that these two columns come out.",
        rows=rows(VGG16, TOTAL, inferred, _inferred_reason, ("buffer", "pes")),
        basis="calibration",
    )
    yield Section(
        title="Eyeriss: VGG16, passes with the chip's buffer bytes",
        source=_SOURCE,
        intro="The same run, with the figures that the passes were not chosen for. Now the sums bind the networks as on the chip, which shows that this "
        "mechanism explains the early layers.",
        rows=rows(VGG16, TOTAL, inferred, _inferred_reason, ("processing", "total", "dram", "power")),
    )
    yield Section(
        title="Eyeriss: VGG16, passes with the chip's buffer bytes, and its zeros",
        source=_SOURCE,
        intro="As before, with the zeros of Table VI stated for the inputs of each layer. Those among the last layer's outputs are not known.",
        rows=rows(
            VGG16,
            TOTAL,
            run(_with_zeros(plain), _BATCH, _INFERRED),
            _zeros_reason,
            ("processing", "total", "dram", "power"),
        ),
    )


def _with_zeros(plain: Network) -> Network:
    layers = (
        replace(layer, activation_sparsity=ZEROS[layer.name]) if layer.name in ZEROS else layer
        for layer in plain.layers
    )
    return replace(plain, layers=tuple(layers))


def _own_reason(label: str, field: str) -> str:
    if label == "CONV1-1":
        return {"power": _WAITING, "dram": _RAW}.get(field, _FIRST)
    if field in ("dram", "power"):
        return {"dram": _RAW, "power": _CLOCKED}[field]
    return _LINK if field == "total" and label.startswith("CONV5") else _EARLY


def _inferred_reason(label: str, field: str) -> str:
    if label == "CONV1-1" and field == "power":
        return _WAITING
    if label.startswith("CONV1") and field in ("dram", "total"):
        return {"dram": _REFETCHED, "total": _REFETCHED_TOTAL}[field]
    return {"dram": _RAW, "power": _CLOCKED, "total": _LINK}.get(field, "")


def _zeros_reason(label: str, field: str) -> str:
    if field == "dram" and not label.startswith("CONV1"):
        return _BOTH if label == "all layers" else _FILTERS
    return _MARGIN if field == "total" else _inferred_reason(label, field)

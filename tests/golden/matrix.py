"""The golden matrix: which networks run on which architectures, and what of their reports is kept.

Every shipped architecture, every dataflow, batch order and objective occurs; together the cases take some ten
seconds on one core. What other tests derive from closed forms stays out: quotients of two numbers that are
compared anyway, and the sources of the energies, which are text.
"""

from __future__ import annotations

from dataclasses import dataclass

from comparer import Tree

from archsim import Architecture, Report, load_network, simulate
from archsim.results.record import Record
from archsim.results.report import ActionRow, LayerRow

OUTPUT_STATIONARY = "compute.npu.dataflow=output_stationary"
INPUT_STATIONARY = "compute.npu.dataflow=input_stationary"
IMAGE_MAJOR = "schedule.batch_order=image_major"
FOR_LATENCY = "schedule.objective=latency"
FOR_TRAFFIC = "schedule.objective=traffic"
FOR_EDP = "schedule.objective=edp"

_LAYER_FIELDS = {
    "name",
    "op",
    "unit",
    "macs",
    "start_s",
    "end_s",
    "latency_s",
    "cycles",
    "compute_cycles",
    "stall_cycles",
    "bytes",
    "traffic",
    "energy_j",
    "dynamic_energy_j",
    "energy_by_component_j",
    "bound_by",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run: a shipped architecture, changes to it, a shipped network, a number of images."""

    architecture: str
    network: str
    batch: int = 1
    changes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the case and of its file."""
        values = (change.rpartition("=")[2] for change in self.changes)
        return "-".join((self.architecture, self.network, f"b{self.batch}", *values))

    def run(self) -> Tree:
        """Simulate, and return what the golden file keeps of the report."""
        architecture = Architecture.load(self.architecture, self.changes)
        return reduced(simulate(architecture, load_network(self.network), self.batch))


CASES: tuple[Case, ...] = (
    Case("von_neumann", "lenet5"),
    Case("von_neumann", "vgg16"),
    Case("von_neumann", "alexnet", 4),
    Case("von_neumann", "googlenet"),
    Case("von_neumann", "mobilenet_v2", 4, (IMAGE_MAJOR, FOR_LATENCY)),
    Case("von_neumann", "resnet18", 1, (FOR_TRAFFIC,)),
    Case("von_neumann", "tiny_yolov2", 4, (IMAGE_MAJOR,)),
    Case("von_neumann", "vgg16", 1, (OUTPUT_STATIONARY,)),
    Case("von_neumann", "mobilenet_v2", 1, (OUTPUT_STATIONARY,)),
    Case("von_neumann", "resnet20", 4, (OUTPUT_STATIONARY, FOR_LATENCY)),
    Case("von_neumann", "alexnet", 1, (OUTPUT_STATIONARY, FOR_EDP)),
    Case("von_neumann", "resnet18", 4, (INPUT_STATIONARY,)),
    Case("von_neumann", "squeezenet1_1", 1, (INPUT_STATIONARY, FOR_EDP)),
    Case("von_neumann", "tiny_yolov2", 1, (INPUT_STATIONARY, FOR_TRAFFIC)),
    Case("von_neumann_approximate", "vgg16"),
    Case("von_neumann_low_voltage", "lenet5"),
    Case("pim_3d", "vgg16"),
    Case("pim_3d", "lenet5", 4, (IMAGE_MAJOR,)),
    Case("pim_3d", "mobilenet_v2"),
    Case("pim_3d", "resnet20", 4, (FOR_LATENCY,)),
    Case("pim_3d_edge", "vgg16", 4),
    Case("pim_3d_edge", "alexnet", 1, (FOR_EDP,)),
    Case("pim_3d_edge", "squeezenet1_1", 4, (IMAGE_MAJOR, FOR_TRAFFIC)),
    Case("pim_3d_int8", "resnet18"),
    Case("pim_3d_int8", "alexnet", 4),
    Case("sram_macro_jia2020", "lenet5"),
    Case("sram_macro_sinangil2021", "lenet5", 4),
    Case("hybrid_soc", "resnet18", 4, (IMAGE_MAJOR,)),
    Case("hybrid_soc", "vgg16"),
    Case("hybrid_soc", "googlenet", 1, (FOR_LATENCY,)),
    Case("hybrid_soc", "lenet5", 4, (OUTPUT_STATIONARY, FOR_EDP)),
    Case("scalesim_32x32_ws", "alexnet"),
    Case("scalesim_32x32_os", "resnet18"),
    Case("scalesim_32x32_is", "tiny_yolov2", 4),
    Case("eyeriss", "lenet5", 4),
    Case("eyeriss", "resnet18"),
    Case("eyeriss", "alexnet_conv", 4),
    Case("tpu_like", "alexnet"),
    Case("tpu_like_zigzag", "resnet20", 4),
    Case("edge_tpu_like", "resnet8"),
    Case("systolic_scaleout", "resnet18"),
    Case("systolic_scaleout_mesh", "resnet18"),
    Case("pim_3d_mesh", "vgg16"),
)


def reduced(report: Report) -> Tree:
    """Return what is compared of a report: totals, layers, set-up, areas, and counted actions."""
    return {
        "totals": _plain(report.totals),
        "energy_by_component_j": dict(report.energy_by_component_j),
        "actions": [_action(row) for row in report.actions],
        "layers": [_layer(row) for row in report.layers],
        "setup": {
            "energy_j": report.setup.energy_j,
            "latency_s": report.setup.latency_s,
            "bytes": {name: _plain(moved) for name, moved in report.setup.bytes.items()},
            "actions": [_action(row) for row in report.setup.actions],
        },
        "area_mm2": {name: area.value for name, area in report.area_mm2.items()},
    }


def _plain(record: Record) -> dict[str, Tree]:
    """Fields that have a value, so that a new optional one does not move anything."""
    fields: dict[str, Tree] = record.model_dump(exclude_none=True)
    return fields


def _layer(row: LayerRow) -> Tree:
    fields: dict[str, Tree] = row.model_dump(include=_LAYER_FIELDS)
    return fields


def _action(row: ActionRow) -> Tree:
    return {
        "name": f"{row.component} {row.action}",
        "count": row.count,
        "energy_per_action_j": row.energy_per_action_j,
    }

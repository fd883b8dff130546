# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Where the energy goes
#
# One network, five chips: which layers and which parts of the chip take the energy, what bounds each layer, what a batch saves, and what
# it costs when weights do not fit.

# %%
from archsim import Architecture, load_network, simulate
from archsim.visualization import against_batch, energy_panels, roofline_comparison, roofs_of

# %matplotlib inline
# %config InlineBackend.print_figure_kwargs = {"dpi": 70}
CHIPS = ["von_neumann", "eyeriss", "tpu_like", "pim_3d", "pim_3d_edge"]
network = load_network("resnet18")
chips = {name: Architecture.load(name) for name in CHIPS}
reports = {name: simulate(chip, network) for name, chip in chips.items()}

# %% [markdown]
# ## By part of the chip
#
# `von_neumann` is an edge chip of 45 nm with 8-bit operands. `eyeriss` is a chip of 65 nm with 16 bits, and its clock network is in the
# model. `tpu_like` has 64 times the multipliers of `von_neumann` and 24 MiB of SRAM. The PIM chips compute in SRAM with 4 bits: `pim_3d` holds all
# weights, `pim_3d_edge` has 2 MiB and reloads them. Nodes and widths differ: compare shares, not joules.

# %%
for name, report in reports.items():
    groups = {}
    for component, joules in report.energy_by_component_j.items():
        group = component.partition(".")[0]
        groups[group] = groups.get(group, 0.0) + joules
    largest = sorted(groups.items(), key=lambda one: -one[1])[:3]
    parts = ", ".join(f"{group} {joules / report.totals.energy_j:.0%}" for group, joules in largest)
    print(f"{name:12} {report.totals.energy_j * 1e3:6.2f} mJ {report.totals.latency_s * 1e3:7.2f} ms   {parts}")

# %% [markdown]
# ## By layer
#
# One scale for all shows how far the 65 nm chip is above the others; without it the others can be seen.

# %%
energy_panels(list(reports.values()))

# %%
energy_panels([report for name, report in reports.items() if name != "eyeriss"])

# %% [markdown]
# ## What bounds them
#
# Each chip has a roof: its multipliers, and the way to its memory. Layers far below the roof leave multipliers idle: a single image is too
# small for 256 x 256 of them.

# %%
roofline_comparison(list(reports.values()), [roofs_of(reports[name], chips[name]) for name in CHIPS])

# %%
used = {}
for name, report in reports.items():
    unit = max(chips[name].compute.values(), key=lambda one: one.multipliers)
    used[name] = report.totals.macs / report.totals.cycles / unit.multipliers
    print(f"{name:12} {used[name]:6.1%} of {unit.multipliers:,} multipliers, over the whole run")
assert used["tpu_like"] < used["von_neumann"]

# %% [markdown]
# ## Batch
#
# Images that pass a layer together share its weights: chips that fetch weights gain. They also need room for all their activations at
# once. `pim_3d` has no weights to share, and its activations outgrow the buffer: a batch costs it DRAM traffic and saves nothing.

# %%
batches = (1, 2, 4, 8, 16)
many = [simulate(chips[name], network, batch) for name in CHIPS for batch in batches]
against_batch(many)

# %%
per_image = {(one.architecture, one.batch): one.totals.dynamic_energy_j / one.batch for one in many}
saved = {name: 1 - per_image[name, 16] / per_image[name, 1] for name in CHIPS}
for name, share in saved.items():
    print(f"{name:12} {share:6.1%} less dynamic energy per image at a batch of 16")
assert saved["tpu_like"] == max(saved.values())
assert saved["pim_3d"] < 0 < saved["pim_3d_edge"]

# %% [markdown]
# ## Resident or reloaded weights
#
# `pim_3d` loads its weights once, as set-up. `pim_3d_edge` writes them into its banks for every batch and reads them from DRAM each time. After
# how many images has the set-up paid?

# %%
resident, reloaded = reports["pim_3d"], reports["pim_3d_edge"]
extra_j = reloaded.totals.dynamic_energy_j - resident.totals.dynamic_energy_j
paid = resident.setup.energy_j / extra_j
print(f"resident: {resident.totals.dynamic_energy_j * 1e3:.2f} mJ per image, {resident.setup.energy_j * 1e3:.2f} mJ once")
print(f"reloaded: {reloaded.totals.dynamic_energy_j * 1e3:.2f} mJ per image; set-up pays after {paid:.1f} images")
leakage = {
    name: reports[name].totals.leakage_energy_j / reports[name].totals.latency_s for name in ("pim_3d", "pim_3d_edge")
}
print("standby power: " + ", ".join(f"{name} {watts * 1e3:.0f} mW" for name, watts in leakage.items()))
assert extra_j > 0
assert leakage["pim_3d"] > leakage["pim_3d_edge"]

# %% [markdown]
# Resident weights win per image and lose while the chip waits: all those cells leak, image or no image.

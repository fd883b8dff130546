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
# One network, five chips: which layers and which parts of the chip take the energy, what bounds each layer, what a
# batch saves, and what it means that weights stay on the chip. AlexNet is the network, because most of its weights are
# in three layers.

# %%
from archsim import Architecture, compare, load_network, simulate
from archsim.results.comparison import energy_by_group
from archsim.visualization import against_batch, energy_comparison, energy_panels, roofline_comparison, roofs_of

# %matplotlib inline
# %config InlineBackend.print_figure_kwargs = {"dpi": 120}
network = load_network("alexnet")
layers = {layer.name: layer for layer in network.layers}
connected = ["fc6", "fc7", "fc8"]
weights = sum(layer.weight_elements for layer in network.layers)
share = sum(layers[name].weight_elements for name in connected) / weights
print(f"{', '.join(connected)} have {share:.0%} of {weights / 1e6:.0f} million weights", end=" ")
print(f"and {sum(layers[name].macs for name in connected) / network.macs:.0%} of the MACs")
assert share > 0.95

# %% [markdown]
# The chips. Any shipped name (`archsim list configs`) or path to a YAML file can stand here.

# %%
CHIPS = ["von_neumann", "eyeriss", "tpu_like", "pim_3d", "pim_3d_edge"]

# %% [markdown]
# | chip | multiplies | operands | technology |
# |---|---|---|---|
# | `von_neumann` | a weight-stationary array of 32 x 32 PEs, 512 KiB of SRAM | 8 b | 45 nm, 25 C |
# | `eyeriss` | a row-stationary array of 12 x 14 PEs, 108 KiB of SRAM, a slow link to DRAM | 16 b | 65 nm, 25 C |
# | `tpu_like` | a weight-stationary array of 256 x 256 PEs, 24 MiB of SRAM | 8 b | 32 nm, 77 C |
# | `pim_3d` | 72 MiB of SRAM that hold all weights and multiply on their bit lines | 4 b | 45 nm, 25 C |
# | `pim_3d_edge` | 2 MiB of the same; weights are reloaded from DRAM for every batch | 4 b | 45 nm, 25 C |
#
# Nodes, widths and sizes differ: read the joules as those of these five chips, and compare the shares.

# %%
chips = {name: Architecture.load(name) for name in CHIPS}
reports = {name: simulate(chip, network) for name, chip in chips.items()}
totals = compare(list(reports.values())).to_frame()
milli = totals[["energy_j", "dynamic_energy_j", "leakage_energy_j", "latency_s"]] * 1e3
milli.columns = ["energy mJ", "dynamic mJ", "leakage and background mJ", "latency ms"]
print(milli.round(2).to_string())

# %% [markdown]
# ## By part of the chip
#
# Hatched parts are leakage and background: power times time. They are most of the energy of `tpu_like`, whose large
# SRAM and 65,536 PEs are hot and leak while weights arrive, and of `pim_3d`, whose cells do. DRAM comes first or second
# on every chip.

# %%
energy_comparison(list(reports.values()))

# %%
for name, report in reports.items():
    parts = sorted(energy_by_group(report).items(), key=lambda one: -one[1])[:3]
    print(f"{name:12}", ", ".join(f"{part} {joules / report.totals.energy_j:.0%}" for part, joules in parts))
    assert "dram" in [part for part, _ in parts[:2]]
static = totals["leakage_energy_j"] / totals["energy_j"]
assert {name for name in CHIPS if static[name] > 0.5} == {"tpu_like", "pim_3d"}

# %% [markdown]
# ## By layer
#
# In percent of each chip's own energy, so that all five can be seen. A fully connected layer uses each weight once per
# image. On the four chips that fetch weights, these three layers take most of the energy, whatever the chip does
# inside. On `pim_3d` they vanish. There the two normalisations come first: the core needs long for them, and 72 MiB of
# cells leak while it works.

# %%
energy_panels(list(reports.values()), shares=True)

# %%
by_layer = {name: report.to_frame().set_index("name") for name, report in reports.items()}
for name, layer in by_layer.items():
    fc = layer.loc[connected, "energy_j"].sum() / reports[name].totals.energy_j
    print(f"{name:12} {', '.join(connected)}: {fc:4.0%} of the energy")
    assert fc < 0.03 if name == "pim_3d" else fc > 0.6
assert set(by_layer["pim_3d"]["energy_j"].nlargest(2).index) == {"norm1", "norm2"}
assert set(by_layer["pim_3d"].loc[["norm1", "norm2"], "unit"]) == {"cpu"}

# %% [markdown]
# ## What bounds them
#
# The flat part of a roof is what all multipliers could do, the slope what the way to DRAM allows. Fully connected
# layers lie on the left: one MAC per byte with 8-bit weights, two with 4 bits, a half with 16. There only a faster
# memory or a larger batch helps. On `von_neumann` they stay even below the slope: the array loads a fold of weights for
# a single pixel, and that takes longer than DRAM. Convolutions lie on the right. `pim_3d` has a roof far above its
# layers: it was built for capacity.

# %%
roofline_comparison(list(reports.values()), [roofs_of(reports[name], chips[name]) for name in CHIPS])

# %%
for name, expected in {"von_neumann": 1, "eyeriss": 0.5, "tpu_like": 1, "pim_3d_edge": 2}.items():
    fc6, roofs = by_layer[name].loc["fc6"], roofs_of(reports[name], chips[name])
    per_byte = fc6["macs"] / (fc6["dram_read_bytes"] + fc6["dram_write_bytes"])
    used = fc6["macs"] / fc6["latency_s"] / per_byte / min(way.rate for way in roofs.bandwidths)
    print(
        f"{name:12} fc6: {per_byte:.2f} MACs per byte, {used:4.0%} of the way to DRAM used, bound by {fc6['bound_by']}"
    )
    assert abs(per_byte / expected - 1) < 0.01
    assert used < 0.7 if name == "von_neumann" else 0.9 < used <= 1
peak = roofs_of(reports["pim_3d"], chips["pim_3d"]).peaks[0].rate
print(f"pim_3d runs at {network.macs / reports['pim_3d'].totals.latency_s / peak:.1%} of its peak over the whole run")
assert network.macs / reports["pim_3d"].totals.latency_s < 0.01 * peak

# %% [markdown]
# ## Batch
#
# Images that pass a layer together share its weights, so that each pays a part of fetching them. The four chips that
# fetch weights gain much. `pim_3d` has nothing to share. It even loses a little, because activations of several images
# outgrow its buffer and go to DRAM. With enough images per batch, `pim_3d_edge` needs less energy than `pim_3d`: its
# weights cost little by then, and it leaks less.

# %%
batches = (1, 4, 16)
many = {(name, batch): simulate(chips[name], network, batch) for name in CHIPS for batch in batches}
against_batch(list(many.values()))

# %%
per_image = {key: report.totals.energy_j / report.batch for key, report in many.items()}
for name in CHIPS:
    print(f"{name:12}", ", ".join(f"{per_image[name, batch] * 1e3:6.2f} mJ at {batch}" for batch in batches))
    assert (per_image[name, 16] < 0.5 * per_image[name, 1]) == (name != "pim_3d")
assert 1 < per_image["pim_3d", 16] / per_image["pim_3d", 1] < 1.2
assert per_image["pim_3d_edge", 1] > per_image["pim_3d", 1]
assert per_image["pim_3d_edge", 16] < per_image["pim_3d", 16]


def dram_bytes(name, batch):
    return sum(layer.bytes["dram"].total for layer in many[name, batch].layers if "dram" in layer.bytes) / batch


assert dram_bytes("pim_3d", 16) > 2 * dram_bytes("pim_3d", 1)
assert dram_bytes("pim_3d_edge", 16) < 0.2 * dram_bytes("pim_3d_edge", 1)

# %% [markdown]
# Time per image falls on the same four chips, for the same reason.

# %%
against_batch(list(many.values()), "latency_s")

# %%
for name in CHIPS:
    ratio = many[name, 16].totals.latency_s / 16 / many[name, 1].totals.latency_s
    assert 0.99 < ratio < 1.01 if name == "pim_3d" else ratio < 0.5

# %% [markdown]
# ## Resident or reloaded weights
#
# `pim_3d` writes its weights once, before the first image; `pim_3d_edge` for every batch. One loading costs about the
# same on both, so that the set-up has paid after one batch, as far as dynamic energy goes.

# %%
resident, reloaded = (reports[name] for name in ("pim_3d", "pim_3d_edge"))
extra_j = reloaded.totals.dynamic_energy_j - resident.totals.dynamic_energy_j
print(f"once: {resident.setup.energy_j * 1e3:.2f} mJ; for every image: {extra_j * 1e3:.2f} mJ")
assert abs(resident.setup.energy_j / extra_j - 1) < 0.05

# %% [markdown]
# But cells leak whether images come or not. How does the energy of an image depend on the time between two of them, if
# nothing is switched off in between? The dynamic energy stays, the leakage grows with the time.

# %%
pair = {"pim_3d": resident.totals, "pim_3d_edge": reloaded.totals}
watts = {name: one.leakage_energy_j / one.latency_s for name, one in pair.items()}
even_s = extra_j / (watts["pim_3d"] - watts["pim_3d_edge"])
print(f"leakage and background: {watts['pim_3d'] * 1e3:.0f} mW and {watts['pim_3d_edge'] * 1e3:.0f} mW")
needed_s = reloaded.totals.latency_s
print(f"equal energy with an image every {even_s * 1e3:.1f} ms; pim_3d_edge needs {needed_s * 1e3:.1f} ms for one")
for wait_s in (even_s, 0.01, 0.1, 1.0):
    one, other = ((pair[name].dynamic_energy_j + power * wait_s) * 1e3 for name, power in watts.items())
    print(f"an image every {wait_s * 1e3:6.1f} ms: {one:7.2f} mJ resident, {other:7.2f} mJ reloaded")
assert resident.totals.latency_s < even_s < reloaded.totals.latency_s

# %% [markdown]
# Images that come faster than `pim_3d_edge` can take them one by one are better off with resident weights. Where the
# chip waits between images, the large chip loses, unless its banks could be switched off without losing their weights.
#
# Try next: another network (`archsim list traces`), `image_major` order (`["schedule.batch_order=image_major"]`), a
# larger buffer for `pim_3d` at a batch of 16 (`["memories.buffer.capacity=2 MiB", "memories.buffer.banks=32"]`).

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
# # Von Neumann against 3D-PIM
#
# Two chips execute VGG16. `von_neumann` is a systolic array with a buffer and LPDDR4. In `pim_3d`, SRAM banks that
# multiply on their bit lines stand in the place of the array, and hold all weights. We compare them, look where energy
# and time go, ask whether the comparison is fair, change a parameter and compare again.

# %%
from archsim import Architecture, compare, load_network, simulate
from archsim.errors import InputError
from archsim.results.comparison_tables import totals_comparison
from archsim.visualization import colour_map, energy_comparison, energy_panels, latency_panels
from archsim.visualization.console import render

# %matplotlib inline
# %config InlineBackend.print_figure_kwargs = {"dpi": 120}
network = load_network("vgg16")


def run(name, *changes):
    return simulate(Architecture.load(name, changes), network)


# %% [markdown]
# ## Compare
#
# The same table as in the README. Dynamic energy is what all counted actions cost. Leakage and background flow as long
# as the run lasts. Loading the weights into the banks is paid once, before the first image, and is in no other row.

# %%
von_neumann, pim = run("von_neumann"), run("pim_3d")
comparison = compare([von_neumann, pim])
print(render([totals_comparison(comparison)], terminal=False))

# %% [markdown]
# The paper that introduces 3D-PIM gives 16.77 mJ and 2.27 mJ for one inference of VGG16 on such a pair (Seyedfaraji et
# al., IEEE Transactions on Computers 2024). Its geometry, clock, operand widths and what it counts are not publicly
# readable, and **nothing here is fitted to its energies**: each of our joules is a counted action times a sourced
# number. Our dynamic energies lie above both. `docs/models/vgg16.md` says how far, and gives the probable reasons.

# %%
published_mj = {"von_neumann": 16.77, "pim_3d": 2.27}
for report in comparison.reports:
    ours, theirs = report.totals.dynamic_energy_j * 1e3, published_mj[report.architecture]
    print(f"{report.architecture:12} dynamic {ours:5.2f} mJ, published {theirs:5.2f} mJ: {ours / theirs:.2f} times")
    assert 1 < ours / theirs < 2
gain = von_neumann.totals.dynamic_energy_j / pim.totals.dynamic_energy_j
print(f"gain {gain:.2f}, published {16.77 / 2.27:.2f}")
assert gain > 16.77 / 2.27

# %% [markdown]
# ## Where the energy goes
#
# On the array, DRAM and the registers of the PEs cost more than the multiplications. The banks fetch no weights and
# have no such registers. What they pay for is the hatched green part: 72 MiB of cells leak all the time, and that is
# more than everything that they do.

# %%
colours = colour_map(comparison.reports)
energy_comparison(comparison.reports, colours)

# %%
costs = von_neumann.energy_by_component_j
assert min(costs["dram"], costs["npu.registers"]) > costs["npu.mac"]
assert pim.static_energy_j["pim.array"] > 2 * pim.totals.dynamic_energy_j

# %% [markdown]
# ## Layer by layer
#
# `fc6` is the costliest layer of the array, and DRAM is nearly all of it: each of its weights is fetched for a single
# use. The banks already hold these weights. Their costly layers are the first two, which take long; the cells leak
# meanwhile.

# %%
energy_panels(comparison.reports, colours)

# %%
latency_panels(comparison.reports)

# %%
columns = ["macs", "latency_s", "energy_j", "dram_energy_j", "utilization", "bound_by"]
array, banks = (report.to_frame().set_index("name") for report in comparison.reports)
array.loc[["conv1_1", "conv1_2", "conv4_2", "fc6"], columns]

# %%
assert array["energy_j"].idxmax() == "fc6"
assert array.loc["fc6", "dram_energy_j"] > 0.9 * array.loc["fc6", "energy_j"]
assert banks.loc["fc6", "energy_j"] < array.loc["fc6", "energy_j"] / 100
assert set(banks["energy_j"].nlargest(2).index) == {"conv1_1", "conv1_2"}

# %% [markdown]
# Two things in the times are worth a second look.
#
# - `fc6` takes the array the longest, yet it hardly waits. Every fold of 32 x 32 weights is loaded into the PEs for one
#   pixel, so that they are in use 1 % of the time.
# - `conv1_1` takes the banks as long as `conv1_2`, with one MAC in twenty of it. Both have the same number of pixels,
#   and the banks read them out at the same pace. Deep layers have few pixels: there the port of the buffer is too slow
#   for the banks.

# %%
assert array["latency_s"].idxmax() == "fc6"
assert array.loc["fc6", "stall_cycles"] < 0.01 * array.loc["fc6", "cycles"]
assert 0.009 < array.loc["fc6", "utilization"] < 0.011
assert abs(banks.loc["conv1_1", "latency_s"] / banks.loc["conv1_2", "latency_s"] - 1) < 0.01
assert 20 < banks.loc["conv1_2", "macs"] / banks.loc["conv1_1", "macs"] < 22
assert set(banks.loc[["conv4_2", "conv5_2", "fc6"], "bound_by"]) == {"buffer port"}

# %% [markdown]
# ## Is it fair?
#
# Four differences stand behind the gain.
#
# - **Width.** The banks multiply 4-bit operands, the array 8-bit ones. An 8-bit weight takes two words, its inputs two
#   passes, and a readout six conversions instead of two.
# - **Leakage.** The gain above is that of the dynamic energies. With leakage and background it is a third of it, and
#   with 8 bits on both sides the array needs less energy than the banks.
# - **Setting up.** Loading the weights costs more than the dynamic energy of an image. Where the banks are too few and
#   weights come from DRAM for each image (`pim_3d_edge`), most of the gain is gone.
# - **Area.** The banks are more than two hundred times as large. `pim_3d_edge` has a bank for every 36 of them.

# %%
narrow, wide, edge = run("von_neumann", "compute.npu.number_format=int4"), run("pim_3d_int8"), run("pim_3d_edge")
pairs = {
    "8 b against 4 b, as shipped": (von_neumann, pim),
    "8 b on both sides": (von_neumann, wide),
    "4 b on both sides": (narrow, pim),
    "4 b on both sides, weights reloaded": (narrow, edge),
}
gains = {}
print(f"{'gain in':36}{'dynamic':>10}{'all energy':>12}{'time':>8}{'area':>12}")
for what, (one, other) in pairs.items():
    ratios = compare([one, other]).ratios[1]
    gains[what] = [1 / ratio for ratio in (ratios.dynamic_energy, ratios.energy, ratios.latency)] + [ratios.area]
    dynamic, energy, time, area = gains[what]
    print(f"{what:36}{dynamic:10.2f}{energy:12.2f}{time:8.2f}{area:10.0f} x")

# %%
shipped, same_8b, same_4b, reloaded = gains.values()
assert 0.3 < shipped[1] / shipped[0] < 0.36
assert same_8b[0] < shipped[0] / 3
assert same_8b[1] < 1
assert reloaded[0] < same_4b[0] / 2
assert pim.setup.energy_j > pim.totals.dynamic_energy_j
assert shipped[3] > 200
banks_of = {name: Architecture.load(name).compute["pim"].banks for name in ("pim_3d", "pim_3d_edge")}
assert banks_of["pim_3d"] / banks_of["pim_3d_edge"] == 36

# %% [markdown]
# ## Change a parameter, compare again
#
# Any value of the YAML file can be changed, here or with `--set` on the command line. Try to guess before you look:
#
# - Sixteen rows share a readout instead of eight.
# - Four words take turns at a converter instead of eight: twice the converters.
# - The array has 64 x 64 PEs, four times as many.
# - DRAM has four channels instead of two.

# %%
changes = {
    "pim_3d": ("pim_3d",),
    "16 rows per readout": ("pim_3d", "compute.pim.rows_per_readout=16"),
    "4 words per converter": ("pim_3d", "compute.pim.words_per_converter=4"),
    "von_neumann": ("von_neumann",),
    "64 x 64 PEs": ("von_neumann", "compute.npu.rows=64", "compute.npu.columns=64"),
    "4 DRAM channels": ("von_neumann", "memories.dram.channels=4"),
}
variants = {name: run(*change, f"name={name}") for name, change in changes.items()}
table = compare(list(variants.values())).to_frame()[["latency_s", "energy_j", "dynamic_energy_j", "leakage_energy_j"]]
print((table * 1e3).round(2).rename(columns=lambda name: name.replace("_s", " ms").replace("_j", " mJ")).to_string())

# %%
energy_comparison(list(variants.values()), colours)

# %% [markdown]
# - **Rows.** Half as many codes are converted and added, so a third of the dynamic energy is saved; the time is the
#   same. Each product keeps fewer codes. What that does to accuracy, the model of energy cannot say.
# - **Converters.** Dynamic energy is the same, but the run is shorter by a third, and leaks less.
# - **PEs.** Four times the PEs take more than half of the time: a smaller part of them is in use. They do the same
#   multiplications, so that the dynamic energy hardly moves.
# - **Channels.** No faster at all: the array waits less than 1 % of the time. The channels only add standby power.

# %%
rows, converters = (variants[name].totals for name in ("16 rows per readout", "4 words per converter"))
assert 0.6 < rows.dynamic_energy_j / pim.totals.dynamic_energy_j < 0.7
assert rows.latency_s == pim.totals.latency_s
assert abs(converters.dynamic_energy_j / pim.totals.dynamic_energy_j - 1) < 0.001
assert 0.6 < converters.latency_s / pim.totals.latency_s < 0.7
pes, channels = (variants[name].totals for name in ("64 x 64 PEs", "4 DRAM channels"))
assert 0.5 < pes.latency_s / von_neumann.totals.latency_s < 0.6
assert abs(pes.dynamic_energy_j / von_neumann.totals.dynamic_energy_j - 1) < 0.02
assert array["stall_cycles"].sum() < 0.01 * array["cycles"].sum()
assert abs(channels.latency_s / von_neumann.totals.latency_s - 1) < 0.001
assert channels.leakage_energy_j > 1.8 * von_neumann.totals.leakage_energy_j

# %% [markdown]
# What cannot be built is refused, with the reason and the place:

# %%
for change in ("compute.pim.banks=4608", "compute.pim.clock=400 MHz", "compute.pim.bank=9216"):
    try:
        run("pim_3d", change)
    except InputError as error:
        print(error)
    else:
        raise AssertionError(change)

# %% [markdown]
# The same from a terminal:
#
# ```sh
# archsim compare von_neumann pim_3d vgg16 -o out/demo
# archsim run pim_3d vgg16 --set compute.pim.rows_per_readout=16
# ```
#
# Next: `02_where_the_energy_goes.ipynb`, five chips on one network.

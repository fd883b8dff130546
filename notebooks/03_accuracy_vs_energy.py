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
# # Accuracy against energy
#
# What does an approximate multiplier save, and what does it cost in accuracy? We run a small network for handwritten
# digits on the same systolic array with some twenty choices of arithmetic. Images and weights come with archsim.
# Every product is computed as the hardware would, bit for bit.

# %%
from archsim import Architecture, load_network, simulate
from archsim.arithmetic.netlist_costs import Design, netlist_cost
from archsim.inference import Question, measure
from archsim.results.accuracy_tables import accuracy_table
from archsim.simulation.accuracy import with_accuracy
from archsim.visualization import accuracy_against_energy, accuracy_by_layer, accuracy_front
from archsim.visualization.console import render

# %matplotlib inline
# %config InlineBackend.print_figure_kwargs = {"dpi": 120}
network = load_network("digits_cnn")
IMAGES, BATCH = 500, 32


def run(name, *changes, sensitivity=False):
    chip = Architecture.load(name, changes)
    report = simulate(chip, network, BATCH)
    return with_accuracy(report, measure(chip, network, Question(IMAGES, layer_by_layer=sensitivity)))


# %% [markdown]
# ## One chip
#
# `von_neumann_approximate` has the carry-disregard multiplier SCDM8_73. The lines show the errors of all layers so
# far, the diamonds what each layer adds itself if its inputs are exact. On the right, top-1 if a single layer is
# approximate. `conv2` costs the most. The first layer and the last cost nothing.

# %%
approximate = run("von_neumann_approximate", sensitivity=True)
print(render([accuracy_table(approximate)], terminal=False))

# %%
accuracy_by_layer(approximate, network)

# %%
found = approximate.accuracy
alone = {one.name: one.top1_if_only_this_layer for one in approximate.layers if one.macs}
print(f"exact {found.top1_exact:.1%}, approximate {found.top1:.1%}, compensated {found.top1_compensated:.1%}")
assert found.top1 < min(alone.values()) == alone["conv2"] < found.top1_exact
assert min(alone["conv1"], alone["fc"]) >= found.top1_exact
# Behind conv3, errors that arrive and errors of its own come together.
assert found.sqnr_against_exact_db["conv3"] < found.sqnr_own_db["conv3"]

# %% [markdown]
# ## Many multipliers
#
# The same array with one multiplier after the other. Energies are per image in batches of 32, so that weights are
# fetched once for 32 images. Energies of two sources do not compare, so all multipliers take the ratios of their own
# netlists (toggles without glitches); where archsim would take a published figure (cleared low bits: EvoApproxLib), the
# netlist's is stated as `cost`. Where a multiplier errs to one side, its mean error can be taken off the biases at no cost
# (`with bias compensation`).


# %%
def clearing(bits):
    cost = netlist_cost(Design("operand_truncated", f"low_bits={bits}", 8, signed=True))
    ratios = f"energy: {cost.energy}, delay: {cost.delay}, area: {cost.area}"
    return f'{{kind: operand_truncated, low_bits: {bits}, cost: {{{ratios}, source: "{cost.source}"}}}}'


MULTIPLIERS = {
    "exact": "{kind: exact}",
    "SCDM8_62": "{kind: scdm8, low: 6, high: 2}",
    "SCDM8_73": "{kind: scdm8, low: 7, high: 3}",
    "SCDM8_84": "{kind: scdm8, low: 8, high: 4}",
    "CDM8_73": "{kind: cdm8, low: 7, high: 3}",
    "DRUM2": "{kind: drum, k: 2}",
    "DRUM3": "{kind: drum, k: 3}",
    "DRUM4": "{kind: drum, k: 4}",
    "Mitchell": "{kind: mitchell}",
    "truncated 6": "{kind: truncated, columns: 6}",
    "truncated 8": "{kind: truncated, columns: 8}",
    "AMA1 8": "{kind: ama_array, cell: ama1, columns: 8}",
    "AMA3 8": "{kind: ama_array, cell: ama3, columns: 8}",
    "operands -2 b": clearing(2),
    "operands -3 b": clearing(3),
}
runs = {
    name: run("von_neumann", f"compute.npu.multiplier={multiplier}", f"name={name}")
    for name, multiplier in MULTIPLIERS.items()
}


def nanojoules(report):
    return report.totals.energy_j / report.batch * 1e9


def table(reports):
    print(f"{'':28}{'energy':>11}{'top-1':>9}{'compensated':>13}")
    for name, report in reports.items():
        corrected = report.accuracy.top1_compensated
        told = "-" if corrected is None else f"{corrected:.1%}"
        print(f"{name:28}{nanojoules(report):8.1f} nJ{report.accuracy.top1:9.1%}{told:>13}")


table(runs)

# %%
accuracy_against_energy(list(runs.values()), list(runs))

# %% [markdown]
# The axis of top-1 is not linear: accuracies stand at the logarithm of their error. One image of 500 is 0.2 points, so that
# designs within two or three images of each other are equally good here.
#
# - With corrected biases, most designs lose no more than one image of 500. The exact multiplier is not on the front.
# - Clearing the low bits of both operands is the simplest design, and it is the whole front, also with the energy of its
#   netlist (0.53 and 0.35 of the exact one; EvoApproxLib's circuits would have 0.47 and 0.30).
# - Compensation repairs one-sided errors. SCDM8_73 and `truncated 6` come back to within 0.2 points of exact.
#   DRUM3 errs to both sides and has nothing to repair.
# - All of it is small change. A multiplier with about half of the energy saves about 6 % of an inference, because
#   DRAM, registers and leakage do not move.

# %%
names = list(runs)
front = [names[at] for at in accuracy_front(list(runs.values()))]
print("on the front:", ", ".join(front))
exact = runs["exact"]
assert "exact" not in front
assert set(front) == {"operands -2 b", "operands -3 b"}
best = {name: max(one.accuracy.top1, one.accuracy.top1_compensated or 0) for name, one in runs.items()}
assert sum(top1 > best["exact"] - 0.0021 for top1 in best.values()) > 0.6 * len(runs)
for name in ("SCDM8_73", "truncated 6"):
    one = runs[name].accuracy
    assert one.top1 < 0.975
    assert one.top1_compensated >= one.top1_exact - 0.0021
assert runs["DRUM3"].accuracy.top1_compensated == runs["DRUM3"].accuracy.top1
assert 0.05 < 1 - nanojoules(runs["operands -2 b"]) / nanojoules(exact) < 0.08
designs = {name: one.arithmetic["npu.multiplier"] for name, one in runs.items() if name != "exact"}
assert all(one.source.startswith("netlist") for one in designs.values())
assert 0.5 < designs["operands -2 b"].energy < 0.55

# %% [markdown]
# ## Where it hurts
#
# `operands -3 b` is the cheapest, and loses 3.6 points. Which layer is to blame?

# %%
mild, rough = "operands -2 b", "operands -3 b"
sensitive = run(
    "von_neumann", f"compute.npu.multiplier={MULTIPLIERS[rough]}", f"name={rough}", sensitivity=True
)
accuracy_by_layer(sensitive, network)

# %% [markdown]
# `conv2` again. So we give this layer a better multiplier and leave the others as they are (`layer_multipliers`): once
# the exact one, once the mild one. DRUM2 is hurt elsewhere, in `conv1`, which has few MACs: DRUM3 there costs little.

# %%


def mixed(name, everywhere, layer, there):
    rules = f"[{{layer: {layer}, multiplier: {MULTIPLIERS[there]}}}]"
    changes = f"compute.npu.multiplier={MULTIPLIERS[everywhere]}", f"compute.npu.layer_multipliers={rules}"
    return run("von_neumann", *changes, f"name={name}")


mixtures = {
    name: mixed(name, *choice)
    for name, choice in {
        "-3 b, conv2 exact": (rough, "conv2", "exact"),
        "-3 b, conv2 -2 b": (rough, "conv2", mild),
        "DRUM2, conv1 DRUM3": ("DRUM2", "conv1", "DRUM3"),
    }.items()
}
table(mixtures)

# %%
every = runs | mixtures
accuracy_against_energy(list(every.values()), list(every), marked=list(mixtures), marked_as="mixed")

# %% [markdown]
# - `-3 b, conv2 -2 b` is on the front: between the two designs that it is made of. But it hardly saves energy over the
#   mild design everywhere. A PE now holds two multipliers, and both leak.
# - Exact arithmetic in `conv2` is not worth its energy: this layer has most of the MACs, and the mild design is as good.
# - DRUM3 in `conv1` takes DRUM2 from 90 to 97 %, for about two thirds of the energy that DRUM3 everywhere costs on top.

# %%
front = [list(every)[at] for at in accuracy_front(list(every.values()))]
print("on the front:", ", ".join(front))
assert front == [mild, "-3 b, conv2 -2 b", rough]
dynamic = {name: one.totals.dynamic_energy_j / BATCH * 1e9 for name, one in every.items()}
leakage = {name: one.totals.leakage_energy_j / BATCH * 1e9 for name, one in every.items()}
for name in front:
    print(f"{name:20} dynamic {dynamic[name]:.1f} nJ, leakage and background {leakage[name]:.1f} nJ")
assert dynamic["-3 b, conv2 -2 b"] < dynamic[mild] - 2
assert leakage["-3 b, conv2 -2 b"] > leakage[mild] + 2
share = {one.name: one.macs / BATCH / network.macs for one in exact.layers}
assert share["conv2"] > 0.6
assert share["conv1"] < 0.05
drum2, drum3, both = (every[name] for name in ("DRUM2", "DRUM3", "DRUM2, conv1 DRUM3"))
assert both.accuracy.top1 > drum2.accuracy.top1 + 0.06
print(
    f"{(nanojoules(both) - nanojoules(drum2)) / (nanojoules(drum3) - nanojoules(drum2)):.0%} of the way to DRUM3"
)

# %% [markdown]
# ## Fewer bits, or another machine
#
# Narrow operands save what no multiplier can: registers, sums and traffic are narrower, too. On this easy network, six bits
# lose nothing and need less energy than any choice above. `pim_3d` reads sums of bit lines with converters; its
# dynamic energy is the lowest of all, but banks for large networks leak far more than digits ever need.

# %%
others = {
    "8 bits": exact,
    "6 bits": run("von_neumann", "compute.npu.number_format=int6"),
    "4 bits": run("von_neumann", "compute.npu.number_format=int4"),
    "pim_3d": run("pim_3d"),
}
for name, report in others.items():
    per_image = [joules / BATCH * 1e9 for joules in (report.totals.energy_j, report.totals.dynamic_energy_j)]
    print(
        f"{name:10}{per_image[0]:9.1f} nJ, {per_image[1]:6.1f} nJ dynamic, top-1 {report.accuracy.top1:.1%}"
    )
six = others["6 bits"]
assert six.accuracy.top1 == exact.accuracy.top1
assert nanojoules(six) < min(map(nanojoules, every.values()))
assert others["pim_3d"].totals.dynamic_energy_j < 0.5 * six.totals.dynamic_energy_j
assert others["pim_3d"].totals.energy_j > 10 * exact.totals.energy_j

# %% [markdown]
# These are 500 images of an easy problem: one image is 0.2 points. With data and weights at hand, take a harder network
# (`load_network("resnet20")` and `Question(1000, directory=...)`): there SCDM8_73 loses most of the accuracy.
#
# From a terminal: `archsim run von_neumann_approximate digits_cnn --images 500 --sensitivity -o out/digits`.

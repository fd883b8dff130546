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
# # Approximate memory
#
# A memory that is allowed to err needs less energy. How far can the supply of an SRAM go down, and how rarely can a DRAM
# be refreshed, before a network notices? We run a small network for handwritten digits, whose images and weights come
# with archsim, and let every weight and activation pass through the cells in which it lies. Each cell of each chip has
# its own weakness.

# %%
from archsim import Architecture, load_network, simulate
from archsim.hardware.retention import failing_share
from archsim.hardware.sram_voltage import bit_error_rate
from archsim.inference import Question, measure
from archsim.results.memory_error_tables import memory_error_tables
from archsim.simulation.accuracy import with_accuracy
from archsim.simulation.lifetimes import activation_lifetimes
from archsim.visualization import Setting, accuracy_against_knob, accuracy_by_layer
from archsim.visualization.console import render

# %matplotlib inline
# %config InlineBackend.print_figure_kwargs = {"dpi": 120}
network = load_network("digits_cnn")
IMAGES, BATCH, CHIPS = 500, 32, range(3)


def run(*changes, chips=(0,)):
    # Runs of microseconds see hardly any refresh of a controller: the streaming model books their average.
    machine = Architecture.load("von_neumann", ["memories.dram.model=streaming", *changes])
    report = simulate(machine, network, BATCH)
    question = Question(IMAGES, batch=BATCH, lifetimes=activation_lifetimes(report, network))
    return [with_accuracy(report, measure(machine, network, question, chip)) for chip in chips]


def setting(value, energy, *changes):
    reports = run(*changes, chips=CHIPS)
    return Setting(value, [one.accuracy.top1 for one in reports], energy(reports[0]) / BATCH)


def mean(one):
    return sum(one.top1) / len(one.top1)


# %% [markdown]
# ## Less voltage
#
# `supply` is a fraction of the lowest voltage at which all cells of an array work. The share of failing cells follows
# measured 14-nm arrays. A failing cell delivers the opposite of what it stores. With `ecc`, 8 check bits correct one wrong
# bit in 64; they can fail too, and cost energy. `critical` keeps the two highest bits of all codes at full voltage, in a
# quarter of the capacity.

# %%
SUPPLIES = [1.0, 0.95, 0.92, 0.90, 0.88, 0.86, 0.84, 0.80]
VARIANTS = {
    "unprotected": (),
    "SECDED": ("memories.buffer.ecc=true",),
    "two high bits critical": ("memories.buffer.critical={share: 0.25, data: [{high_bits: 2}]}",),
}


def dynamic(report):
    return report.energy_by_component_j["buffer"] - report.static_energy_j["buffer"]


voltage = {
    name: [setting(x, dynamic, f"memories.buffer.supply={x}", *changes) for x in SUPPLIES]
    for name, changes in VARIANTS.items()
}
print("supply   failing cells" + "".join(f"{name:>26}" for name in VARIANTS))
for at, supply in enumerate(SUPPLIES):
    cells = [f"{mean(line[at]):9.1%}, {line[at].energy_j * 1e9:5.2f} nJ" for line in voltage.values()]
    print(f"{supply:6.2f}{bit_error_rate(supply):16.2g}" + "".join(f"{cell:>26}" for cell in cells))

# %%
accuracy_against_knob(
    voltage,
    "digits_cnn: supply of the 512-KiB buffer, three chips",
    "supply over the safe one",
    "buffer, dynamic, per image",
)

# %% [markdown]
# - Down to 0.92 nothing is lost: one or two cells in ten thousand fail. Then accuracy falls within a few hundredths of
#   the supply.
# - SECDED moves the edge down by about 0.02. Its check bits take more energy than that saves.
# - Keeping two bits out of eight costs less and reaches further, as errors in low bits are small. At 0.86 it has lost
#   two points, SECDED eleven.
# - At equal energy, no protection beats the plain buffer at 0.92. Protection pays where the supply is given from
#   outside, by a rail that others need low.

# %%
plain, secded, critical = voltage.values()
where = {supply: at for at, supply in enumerate(SUPPLIES)}
(nominal,) = run()
exact = nominal.accuracy.top1_exact
assert all(mean(line[where[0.92]]) > exact - 0.01 for line in voltage.values())
assert mean(plain[where[0.86]]) < 0.8 < 0.9 < mean(critical[where[0.86]])
assert mean(secded[where[0.88]]) > mean(plain[where[0.88]])
assert mean(critical[where[0.86]]) > mean(secded[where[0.86]])
assert secded[where[0.88]].energy_j > plain[where[0.90]].energy_j
best = mean(plain[where[0.92]])
for line in (secded, critical):
    assert all(mean(one) <= best + 0.002 for one in line if one.energy_j <= plain[where[0.92]].energy_j)
for line in voltage.values():
    energies = [one.energy_j for one in line]
    assert energies == sorted(energies, reverse=True)
assert len(set(plain[where[0.86]].top1)) > 1

# %% [markdown]
# What the monitors of the memory saw at 0.88, on one chip with SECDED, and which layers met the errors:

# %%
(watched,) = run("memories.buffer.supply=0.88", "memories.buffer.ecc=true")
print(render(memory_error_tables(watched), terminal=False))
errors = watched.memory_errors["buffer"]
assert errors.corrected > 5 * errors.detected > 0

# %%
accuracy_by_layer(watched)

# %% [markdown]
# ## Fewer refreshes
#
# A DRAM cell leaks. Between two refreshes, some of the cells lose what they hold. Refresh power falls as one over the
# interval, and so does the time that refreshes take from transfers. Retention is modelled (log-normal, through two
# published shares of pages), at 25 C and at 85 C, where cells leak 64 times as fast.

# %%
INTERVALS = [0.032, 1, 4, 16, 64, 256, 1024]
HEATS = {"25 C": (), "85 C": ("memories.dram.temperature=85 C",)}
HEATS["85 C, SECDED"] = (*HEATS["85 C"], "memories.dram.ecc=true")


def refresh(report):
    (row,) = (row for row in report.actions if row.action == "refresh" and row.component == "dram")
    return row.energy_j


rarely = {
    name: [setting(s, refresh, f"memories.dram.refresh_interval={s} s", *changes) for s in INTERVALS]
    for name, changes in HEATS.items()
}
print("interval  failing at 25 C    at 85 C" + "".join(f"{name:>24}" for name in HEATS))
for at, seconds in enumerate(INTERVALS):
    cells = [f"{mean(line[at]):7.1%}, {line[at].energy_j * 1e9:6.3f} nJ" for line in rarely.values()]
    shares = [failing_share(seconds, heat) if at else 0 for heat in (25, 85)]
    print(f"{seconds:7g} s{shares[0]:16.1e}{shares[1]:11.1e}" + "".join(f"{cell:>24}" for cell in cells))

# %%
accuracy_against_knob(
    rarely,
    "digits_cnn: refresh interval of the DRAM, three chips",
    "refresh interval (s)",
    "refresh, per image",
    logarithmic=True,
)

# %% [markdown]
# - At 85 C the interval can be 4 s: refresh power is then 1/125, and nothing is lost. Beyond, there is nothing left to save.
# - Only weights are hit: an activation is read again within microseconds, long before its cells have leaked.
# - Check bits take an eighth more energy. They repair an interval of 16 s, where one cell in eighty fails and half of
#   these do so with what they hold; at 64 s most words have several errors.
# - How rare weak cells are is an assumption that two published points hold up. Far beyond 10 s at 25 C it is a guess.

# %%
cool, hot, corrected = rarely.values()
assert mean(hot[INTERVALS.index(4)]) > exact - 0.01
assert hot[INTERVALS.index(4)].energy_j < 1.02 / 125 * hot[0].energy_j
assert hot[INTERVALS.index(4)].energy_j < 0.001 * nominal.totals.energy_j / BATCH
for first, last in zip(cool, hot, strict=True):
    assert mean(first) >= mean(last) - 0.01
assert mean(corrected[INTERVALS.index(16)]) > mean(hot[INTERVALS.index(16)]) + 0.01
assert 1 / 85 < failing_share(16, 85) < 1 / 75
assert 1.1 < corrected[0].energy_j / hot[0].energy_j < 1.15
(leaked,) = run("memories.dram.refresh_interval=256 s", *HEATS["85 C"])
assert leaked.memory_errors["dram"].bit_errors < leaked.memory_errors["dram"].weak_cells

# %% [markdown]
# ## Both, and the whole machine
#
# The buffer is a small part of this machine, the background power of the DRAM a large one. Memories that err save what
# they themselves take, no more. With a single DRAM channel, the DRAM is slower than the bus, and fewer refreshes save
# time as well.

# %%
choices = {
    "nominal": (),
    "buffer at 0.92": ("memories.buffer.supply=0.92",),
    "refresh every 4 s": ("memories.dram.refresh_interval=4 s", *HEATS["85 C"]),
    "both": ("memories.buffer.supply=0.92", "memories.dram.refresh_interval=4 s", *HEATS["85 C"]),
}
whole = {name: run("memories.dram.channels=1", *changes)[0] for name, changes in choices.items()}
for name, report in whole.items():
    per_image = [total / BATCH * 1e9 for total in (report.totals.energy_j, report.totals.latency_s)]
    told = f"{per_image[0]:6.1f} nJ, {per_image[1]:6.1f} ns per image"
    print(f"{name:18}{told}, top-1 {report.accuracy.top1:.1%}")
assert whole["both"].totals.energy_j < 0.97 * whole["nominal"].totals.energy_j
assert whole["both"].totals.latency_s < whole["nominal"].totals.latency_s
assert whole["both"].accuracy.top1 > exact - 0.01

# %% [markdown]
# Which fields are knobs, and what each model leaves out: `docs/models/approximate_memory.md`.
#
# From a terminal: `archsim run von_neumann_low_voltage digits_cnn --images 500`.

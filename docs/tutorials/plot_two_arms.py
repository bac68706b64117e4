"""
From a biopsy to two arms
=========================

A table of cells becomes a small piece of living tumour, which is treated in two paired arms. Then we ask what
the drug did, why, and how far to trust it. Everything below was run when this page was built: the numbers are
those of the run.
"""

# %%
# A table of cells
# ----------------
# A biopsy is a table with one cell per row: where it lies, and what it is. Yours comes from an image; ours
# is drawn here, so that nothing has to be downloaded: nests of tumour cells in a stroma, and CD8 T cells in
# both, some of them with PD-1.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import opsonin as op

folder = Path(tempfile.mkdtemp())
chance = np.random.default_rng(4)

side, distance = 300.0, 13.0  # um
grid = np.arange(distance / 2, side, distance)
x, y = (axis.ravel() + chance.uniform(-3.0, 3.0, grid.size**2) for axis in np.meshgrid(grid, grid))
nest = np.sin(2 * np.pi * x / side) * np.sin(2 * np.pi * y / side) > -0.25
drawn = chance.random(x.size)
phenotype = np.select(
    [nest & (drawn < 0.86), drawn < 0.55, drawn < 0.93], ["Tumor", "Stroma", "CD8+PD1+"], default="CD8+PD1-"
)
cells = pd.DataFrame({"X_um": x.round(2), "Y_um": y.round(2), "phenotype": phenotype})
cells.to_csv(folder / "cells.csv", index=False)
cells.head()

# %%
# What the labels mean
# --------------------
# A *label map* says which columns to read and what each label is: a cell type of the knowledge base, and
# molecules that were seen on it or not. ``opsonin biopsy labels cells.csv`` drafts one.

(folder / "panel.toml").write_text("""
name = "panel"
title = "Our panel"
x = "X_um"
y = "Y_um"
label = "phenotype"

[labels]
Tumor = { cell = "cancer" }
Stroma = { cell = "fibroblast" }
"CD8+PD1+" = { cell = "cd8", positive = ["PD-1"] }
"CD8+PD1-" = { cell = "cd8", negative = ["PD-1"] }
""")

# %%
# The question
# ------------
# A scenario says which tissue, for how long, and what each arm is given. :doc:`/scenario` has every key.
# Faults are told all at once, with their lines; here there is none.

scenario = op.Scenario.from_text(
    """
[scenario]
name = "A drawn field under nivolumab"
duration = "10 d"
seed = 7

[tissue]
tumour = "melanoma"
biopsy = "cells.csv"
labels = "./panel.toml"

[[arm]]
name = "control"

[[arm]]
name = "nivolumab"
dose = [{ drug = "nivolumab", amount = "240 mg", every = "14 d" }]

[output]
every = "5 d"
""",
    folder=folder,
)
scenario

# %%
# Look at what was understood before anything is run. A distance to the nearest
# cell that no tissue has would mean that the positions are pixels.

biopsy = scenario.read_biopsy()
for label, (cell, count) in biopsy.became.items():
    print(f"{count:4d} cells labelled {label} are read as {cell}")
print(f"nearest neighbour: {biopsy.nearest_um:.1f} um (median)")
for doubt in biopsy.doubts:
    print("doubtful:", doubt.problem)

# %%
# Run it
# ------
# Before time 0 the tumour lives on untreated until it is as steady as the patient's was
# (:doc:`/untreated`); both arms begin from that one state.

result = op.run(scenario, folder / "out")
result

# %%
# What happened
# -------------
# The tumour burden over time: the same tumour, with and without the drug. Chance is keyed by what happens
# to whom, so the arms differ only through their treatment.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
result.plot("burden", ax=left)
result.plot("kills", ax=right)

# %%
# In words, from the numbers of the last day:

end = result.observables.isel(time=-1)
burden = {arm: float(end["burden"].sel(arm=arm)) for arm in result.arms}
kills = {arm: float(end["kills"].sel(arm=arm)) for arm in result.arms}
days = float(end["time"])
for arm in result.arms:
    print(
        f"{arm}: {100 * (burden[arm] - 1):+.0f} % tumour cells after {days:g} days; killers killed {kills[arm]:.0f}"
    )
effect = burden["nivolumab"] / burden["control"]
print(f"nivolumab leaves {effect:.2f} times the tumour of the untreated arm")

# %%
# The tissue at the end, side by side:

figure, axes = plt.subplots(1, 2, figsize=(10, 6), layout="constrained")
for arm, axis in zip(result.arms, axes, strict=True):
    result.plot_cells("10 d", arm, ax=axis)

# %%
# Why
# ---
# Killing is a chain: a T cell has to be there, to see its target, and to be let. The drug acts on one link,
# and the observables tell the others (:doc:`/observables`, and :doc:`/model` for the laws).

links = {
    "PD-1_occupancy": "share of PD-1 held by the antibody",
    "cd8_density": "CD8 T cells per mm2",
    "engaged": "share of them that hold a target",
    "activation": "mean activation of the reactive ones",
    "exhaustion": "mean exhaustion of the reactive ones",
    "PD-L1_cancer": "PD-L1 molecules per cancer cell",
    "oxygen_mean": "mean oxygen, mmHg",
}
mean = result.observables.mean("time")
folds = {
    name: float(mean[name].sel(arm="nivolumab") / mean[name].sel(arm="control")) for name in list(links)[1:]
}
most = max(folds, key=lambda name: abs(np.log(folds[name])))
print(f"Beside the receptor itself the {links[most]} changed most: {folds[most]:.1f}-fold.")
pd.DataFrame(
    {arm: [f"{float(mean[name].sel(arm=arm)):.3g}" for name in links] for arm in result.arms},
    index=list(links.values()),
)

# %%
# Oxygen decides where T cells work and where tumour cells die by themselves:

fields = [result.fields("10 d", arm)["oxygen"] for arm in result.arms]
limits = (0.0, max(float(field.max()) for field in fields))
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for arm, axis in zip(result.arms, axes, strict=True):
    op.plot_field(result, "oxygen", "10 d", arm, ax=axis, limits=limits)

# %%
# What to make of it
# ------------------
# Three questions before any of this is believed.
#
# *Is it more than chance?* One seed is one possible course. The arms are paired, so their difference is
# less noisy than either; still, repeat the run before quoting it: :doc:`/howto/replicates`. A small field
# holds few T cells that see the tumour:

first = result.cells("0 d", "control")
reactive = first[(first["type"] == "cd8") & first["reactive"]]
print(f"{len(reactive)} of {int((first['type'] == 'cd8').sum())} CD8 T cells recognise this tumour at time 0")

# %%
# *Was the tumour steady before it was treated?* If killing took more than an untreated tumour can lose, the
# biopsy and the knowledge base do not fit each other, and the control arm shows it.

growth = np.log(burden["control"]) / days
published = np.log(2.0) / (op.load_library().tumours["melanoma"].doubling_time.value / 1440.0)
print(
    f"log growth of the untreated arm: {growth:+.3f} per day; published for this tumour: {published:+.3f} per day"
)

# %%
# *What does it rest on?* The run lists the numbers that had to be assumed, with what each of them decides.
# Change those that matter and see: :doc:`/howto/override`.

assumed = result.provenance["assumed"]
print(f"{len(assumed)} of {result.provenance['numbers']} numbers are assumed; of the T cell's killing:")
for number in assumed:
    if number["path"].startswith("cell.cd8.lytic."):
        print(f"- {number['path']} = {number['value']}: {number['reason']}")

# %%
# Where next
# ----------
# ``op.write_report(result.path)`` makes a page of all of this (:doc:`/howto/report`),
# ``result.to_anndata()`` hands the cells to scanpy and squidpy (:doc:`/howto/export`), and
# ``result.branch("5 d", ...)`` asks what would have happened under another treatment from day 5 on
# (:doc:`/howto/branch`).

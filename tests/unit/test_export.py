"""A result in the terms of pandas, xarray, scanpy and squidpy; and a file of it read back as a biopsy."""

from __future__ import annotations

import sys

import anndata
import numpy as np
import pandas as pd
import pytest

from opsonin.core.errors import HostError, InputError
from opsonin.io.biopsies import read_biopsy
from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import load_library
from opsonin.model.panels import LabelMap
from opsonin.store.result import Result
from small_run import small_run

MOLECULES = list(followed(load_library()))


@pytest.fixture(scope="module")
def result():
    return small_run()


@pytest.fixture(scope="module")
def adata(result):
    return result.to_anndata()


class OfFields(Result):
    """A result whose cells say which field they are of, as those of a patient do."""

    def cells(self, time, arm=None):
        table = super().cells(time, arm)
        table.insert(0, "field", np.where(table["x_um"] < 100.0, "image 1", "image 2"))
        return table


def test_every_stored_cell_is_there_once(result, adata):
    stored = sum(len(result.cells(time, arm)) for arm in result.arms for time in result.times(arm))
    assert adata.n_obs == stored
    assert adata.obs_names.is_unique


def test_places_are_two_columns_in_um_of_a_section(result, adata):
    cells = result.cells("6 h", "nivolumab")
    here = adata[adata.obs["library_id"] == "nivolumab, 6 h"]
    assert np.array_equal(here.obsm["spatial"], cells[["x_um", "y_um"]].to_numpy())
    assert here.obs["cell_id"].tolist() == cells["id"].tolist()


def test_places_are_three_columns_in_a_block_and_a_ball(result):
    for drawn in ({"size": ["200 um", "200 um", "60 um"]}, {"geometry": "spheroid", "diameter": "160 um"}):
        tissue = {"tumour": "melanoma", "generate": drawn}
        told = result.provenance | {"scenario": result.provenance["scenario"] | {"tissue": tissue}}
        assert Result(result.path, told).to_anndata("0 d", "control").obsm["spatial"].shape[1] == 3


def test_a_library_is_one_arm_at_one_time(result, adata):
    libraries = adata.obs["library_id"]
    assert isinstance(libraries.dtype, pd.CategoricalDtype)
    pairs = adata.obs.groupby("library_id", observed=True)[["arm", "time"]].nunique()
    assert (pairs == 1).all(axis=None)
    assert len(pairs) == len(result.arms) * 3
    assert sorted(adata.obs["time"].unique()) == [0.0, 0.25, 0.5]


def test_a_library_is_of_one_field_too(result):
    fields = OfFields(result.path, result.provenance).to_anndata("6 h", "control")
    assert set(fields.obs["library_id"]) == {"image 1, control, 6 h", "image 2, control, 6 h"}
    assert isinstance(fields.obs["field"].dtype, pd.CategoricalDtype)
    assert (fields.obsm["spatial"][fields.obs["field"] == "image 1", 0] < 100.0).all()


def test_a_library_is_of_one_replicate_of_a_field(result):
    class Replicates(OfFields):
        def cells(self, time, arm=None):
            table = super().cells(time, arm)
            table.insert(0, "replicate", "2")
            return table

    cells = Replicates(result.path, result.provenance).to_anndata("6 h", "control").obs
    assert set(cells["library_id"]) == {f"replicate 2, image {k}, control, 6 h" for k in (1, 2)}


def test_each_cell_type_has_its_colour_in_the_order_of_the_categories(result, adata):
    categories = list(adata.obs["cell_type"].cat.categories)
    known = load_library().cells
    assert set(categories) == {"cancer", "cd8", "other"}
    assert list(adata.uns["cell_type_colors"]) == [known[name].colour for name in categories]


def test_x_holds_molecules_per_cell(result, adata):
    assert list(adata.var_names) == MOLECULES
    here = adata[adata.obs["library_id"] == "control, 12 h"]
    assert np.array_equal(here.X, result.cells("12 h", "control")[MOLECULES].to_numpy())
    assert set(adata.var["unit"]) == {"molecules/cell"}


def test_alive_is_what_is_not_a_corpse(adata):
    assert (adata.obs["alive"] == adata.obs["phase"].isin(["resting", "committed"])).all()


@pytest.mark.parametrize(
    ("time", "arm", "libraries"),
    [
        ("6 h", None, ["control, 6 h", "nivolumab, 6 h"]),
        (["0 d", 720.0], "control", ["control, 0 d", "control, 12 h"]),
        (360, "nivolumab", ["nivolumab, 6 h"]),
    ],
)
def test_times_and_arms_can_be_chosen(result, time, arm, libraries):
    assert list(result.to_anndata(time, arm).obs["library_id"].cat.categories) == libraries


def test_a_file_of_it_reads_back_the_same(tmp_path, adata):
    adata.write_h5ad(tmp_path / "run.h5ad")
    read = anndata.read_h5ad(tmp_path / "run.h5ad")
    pd.testing.assert_frame_equal(read.obs, adata.obs)
    assert np.array_equal(read.X, adata.X)
    assert np.array_equal(read.obsm["spatial"], adata.obsm["spatial"])
    assert list(read.uns["cell_type_colors"]) == list(adata.uns["cell_type_colors"])
    assert read.uns["opsonin"]["run_hash"] == adata.uns["opsonin"]["run_hash"]


def test_a_file_of_it_is_a_biopsy(tmp_path, result, adata):
    adata[adata.obs["alive"]].write_h5ad(tmp_path / "run.h5ad")
    labels = {name: {"cell": name} for name in ("cancer", "cd8", "other")}
    panel = LabelMap.model_validate({"name": "run", "title": "A run", "labels": labels})
    biopsy = read_biopsy(tmp_path / "run.h5ad", {"library_id": "nivolumab, 12 h"}, panel)
    cells = result.cells("12 h", "nivolumab")
    cells = cells[cells["phase"].isin(["resting", "committed"])]
    assert biopsy.x_um == pytest.approx(
        cells["x_um"].to_numpy(), abs=1e-6
    )  # a biopsy's places have six decimals
    assert biopsy.y_um == pytest.approx(cells["y_um"].to_numpy(), abs=1e-6)
    assert list(biopsy.cells) == list(cells["type"])


def test_without_the_extra_the_error_names_it(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(HostError, match=r"pip install 'opsonin\[anndata\]'"):
        result.to_anndata()


def test_fields_lie_on_the_middles_of_their_voxels(result):
    fields = result.to_xarray("12 h", "control")
    box = result.box("12 h", "control")
    for axis, length in zip("xyz", box, strict=True):
        middles = fields[axis].values
        step = length / len(middles)
        assert middles == pytest.approx((np.arange(len(middles)) + 0.5) * step)
        assert fields[axis].attrs["units"] == "um"
    assert np.array_equal(fields["oxygen"], result.fields("12 h", "control")["oxygen"])
    assert fields["oxygen"].attrs == {"units": "mmHg", "long_name": "Oxygen"}
    assert float(fields["time"]) == 0.5


def test_fields_of_several_arms_are_refused_with_one_to_ask(result):
    with pytest.raises(InputError, match="arm='control'"):
        result.to_xarray("12 h")


def test_curves_are_the_observables_with_their_units(result):
    table = result.to_pandas()
    assert len(table) == len(result.arms) * result.observables.sizes["time"]
    row = table[(table["arm"] == "nivolumab") & (table["time"] == 0.5)]
    assert row["burden"].item() == float(result.observables["burden"].sel(arm="nivolumab", time=0.5))
    assert table.attrs["units"]["cd8_density"] == "cells/mm2"
    assert set(result.to_pandas(arm="control")["arm"]) == {"control"}


@pytest.mark.parametrize("method", ["to_pandas", "to_xarray", "to_anndata"])
def test_an_unknown_arm_or_time_is_told(result, method):
    with pytest.raises(InputError, match="Did you mean 'nivolumab'"):
        getattr(result, method)("6 h", "nivolumap")
    with pytest.raises(InputError, match="is not stored at 7 h"):
        getattr(result, method)("7 h", "control")


def test_a_time_that_is_not_stored_is_told_as_asked_and_a_number_as_minutes(result):
    with pytest.raises(InputError, match=r"is not stored at 2\.1 d\.") as told:
        result.cells("2.1 d", "control")
    assert "minutes" not in str(told.value)
    with pytest.raises(InputError, match=r"(?s)not stored at 28 min.*write \"28 d\" for days"):
        result.cells(28, "control")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (["3 h"], r"\['3 h'\] is a list, not a time"),
        (("3 h", 4), "tuple, not a time"),
        (True, "True is a bool"),
        (object(), "object, not a time"),
        (pd.Timedelta("3 h"), "Timedelta, not a time"),
        (10**400, "not stored at inf"),
        (float("nan"), "not stored at nan"),
        ("3", "no unit"),
        ("", "not a number"),
    ],
)
def test_what_is_no_time_is_refused_with_what_one_looks_like(result, time, words):
    with pytest.raises(InputError, match=words):
        result.to_pandas(time, "control")
    with pytest.raises(InputError, match=words):
        result.to_xarray(time, "control")
    with pytest.raises(InputError, match=words):
        result.to_anndata([time], "control")


@pytest.mark.parametrize("times", [["6 h", 720], np.array(["6 h", "12 h"]), np.array([360.0, 720.0])])
def test_several_times_may_come_in_any_list(result, times):
    assert result.to_anndata(times, "control").obs["time"].unique().tolist() == [0.25, 0.5]

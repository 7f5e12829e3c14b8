"""Accounts on the holdout (row M24): no lead of training in it, figures of those rows, the weight in the bundle."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from trained import AS_OF, command

from training.accounts.found import Accounts
from training.accounts.rows import account_rows, fit_accounts
from training.accounts.run import examine_accounts
from training.bundle import load_bundle
from training.metrics import roc_auc
from training.registry import registry_of


@pytest.fixture(scope="module")
def fit(examined):
    return fit_accounts(examined.project, examined.settings, examined.dataset, examined.judged)


def test_m24_no_lead_of_training_is_in_a_list(examined, fit):
    dataset, fold = examined.dataset, examined.judged.folds[-1]
    learned = np.unique(dataset.snapshots.lead[fold.train])
    dates = fit.rows.as_of[fit.rows.lead_row]
    accounts = fit.rows.account[fit.rows.lead_row]
    free = np.setdiff1d(np.arange(len(dataset.histories.lead_ids)), learned)
    assert (dates >= fold.known_until).all()
    assert np.isin(accounts, dataset.histories.account[free]).all()


def test_m24_figures_are_those_of_the_rows(examined, fit):
    found = json.loads(examine_accounts(replace(examined, accounts=fit)).json)
    points = next(system for system in found["every"]["systems"] if system["name"] == "points")
    assert points["roc_auc"]["value"] == pytest.approx(roc_auc(fit.rows.won, fit.rows.points), abs=1e-6)
    assert found["every"]["rows"] == len(fit.rows.account) == sum(band["n"] for band in found["roles"])
    assert found["several"]["rows"] == int((fit.rows.leads > 1).sum())
    assert list(found) == [field.name for field in fields(Accounts)]


def test_accounts_that_cannot_be_judged_are_left_out(examined):
    leads = examined.dataset.histories.leads.assign(account_id=None)
    histories = replace(examined.dataset.histories, leads=leads)
    alone = replace(examined.dataset, histories=histories)
    assert account_rows(examined.project, examined.settings, alone, examined.judged) is None
    assert examine_accounts(replace(examined, accounts=None)) is None


def test_m24_the_list_of_accounts(world, tmp_path, capsys):
    import pyarrow.parquet as pq

    from features.project import read_project

    path = tmp_path / "accounts.parquet"
    assert command("accounts", "-p", world, "--as-of", AS_OF, "--out", path, "--language", "de") == 0
    assert "es fehlen:" in capsys.readouterr().out
    table = pq.read_table(path).to_pandas()
    policy = load_bundle(registry_of(read_project(world)).bundle_path("champion")).policy
    assert table["propensity"].is_monotonic_decreasing
    assert table["account_id"].is_unique
    assert (table["propensity"] >= table["best_lead_propensity"] - 1e-12).all()
    assert (table["open_leads"] <= table["leads"]).all()
    assert policy.colleague_weight is not None


def test_another_kind_of_file_is_refused_before_any_work(world, capsys):
    assert command("accounts", "-p", world, "--as-of", AS_OF, "--out", "accounts.xlsx") == 2
    assert "expected a file ending in .csv or .parquet" in capsys.readouterr().err

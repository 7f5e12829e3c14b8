import numpy as np
import pandas as pd
import pytest
from audit_worlds import FLAT, flat_evidence, flat_leads, timed_tables, wins

from features.tables import tables_from_frames
from training.audit.deal_columns import check_deal_columns
from training.audit.filled import check_filled
from training.audit.names import check_names, named_late
from training.audit.order import check_order, within_time
from training.audit.single import check_single
from training.audit.skew import check_skew, distance

WON = wins()


def names(found):
    return [suspect.column for suspect in found]


def mostly(right, won=WON):
    """Says the outcome, right for this share of rows."""
    return np.where(np.random.default_rng(5).random(len(won)) < right, won, ~won)


def test_a_column_that_says_the_outcome_is_suspected_with_its_line(tmp_path):
    found = check_single(flat_evidence(tmp_path, WON, hint=np.where(mostly(0.95), "a", "b")))
    assert names(found) == ["hint"]
    assert found[0].line == '[tables.leads] exclude = ["hint"]'
    assert not found[0].dated
    assert found[0].numbers["auc_low"] > 0.8
    assert {bar.name for bar in found[0].bars} == {"a", "b"}


def test_a_useful_column_is_not_suspected(tmp_path, rng):
    assert check_single(flat_evidence(tmp_path, WON, hint=rng.normal(0, 1, 1000) + 0.9 * WON)) == []


def test_the_same_strength_in_few_rows_is_not_enough(tmp_path):
    won = wins(40)
    assert check_single(flat_evidence(tmp_path, won, hint=np.where(mostly(0.85, won), "a", "b"))) == []


def test_a_column_that_is_excluded_from_the_model_is_not_audited(tmp_path):
    toml = FLAT + '[model]\nexclude = ["hint"]\n'
    assert check_single(flat_evidence(tmp_path, WON, toml, hint=WON.astype(float))) == []


@pytest.mark.parametrize("name", ["lead_score", "LastTouch", "Tags", "closedReason", "Kunde seit", "won_date"])
def test_late_names(name):
    assert named_late(name) is not None


@pytest.mark.parametrize("name", ["blast_radius", "Lead Origin", "scoreboard", "TotalVisits", "day_of_week", "country"])
def test_other_names(name):
    assert named_late(name) is None


def test_a_late_name_is_suspected_only_with_a_relation_to_the_outcome(tmp_path, rng):
    noise = rng.normal(0, 1, 1000)
    evidence = flat_evidence(tmp_path, WON, lead_score=noise + 0.7 * WON, quality_index=noise, size=noise + 0.7 * WON)
    assert names(check_names(evidence)) == ["lead_score"]


def test_a_column_filled_for_wins_alone_is_suspected(tmp_path, rng):
    filled = pd.Series(rng.choice(["a", "b"], 1000), dtype="str").where(WON & (rng.random(1000) < 0.3))
    found = check_filled(flat_evidence(tmp_path, WON, extra=filled))
    assert names(found) == ["extra"]
    assert "100 % won" in found[0].sentence


def test_a_column_filled_for_losses_alone_is_suspected(tmp_path, rng):
    filled = pd.Series(rng.choice(["a", "b"], 1000), dtype="str").where(~WON & (rng.random(1000) < 0.5))
    assert "did not win" in check_filled(flat_evidence(tmp_path, WON, extra=filled))[0].sentence


def test_a_column_filled_at_random_or_for_few_is_not_suspected(tmp_path, rng):
    some = pd.Series(["a"] * 1000, dtype="str")
    evidence = flat_evidence(tmp_path, WON, extra=some.where(rng.random(1000) < 0.3), few=some.where(WON.cumsum() < 9))
    assert check_filled(evidence) == []


def test_a_deal_column_in_leads_is_suspected(tmp_path, rng):
    from audit_worlds import TIMED, evidence

    tables = timed_tables(WON)
    amount = rng.uniform(1, 9, 1000).round(2)
    tables = tables_from_frames(
        tables.data_end,
        leads=tables.leads.assign(size=amount, other=rng.permutation(amount)),
        deals=tables.deals.assign(amount=amount),
    )
    found = check_deal_columns(evidence(tmp_path, TIMED, tables))
    assert [(one.column, one.sentence[:14]) for one in found] == [("size", "size is amount")]


def test_rows_sorted_by_the_outcome_are_suspected(tmp_path):
    assert names(check_order(flat_evidence(tmp_path, np.sort(WON)))) == ["order of rows"]
    assert check_order(flat_evidence(tmp_path, WON)) == []


def test_a_running_number_given_afterwards_is_suspected(tmp_path, rng):
    number = np.argsort(np.argsort(WON + rng.normal(0, 1, 1000))) + 1.0
    found = check_order(flat_evidence(tmp_path, WON, number=number))
    assert [(one.column, one.line) for one in found] == [("number", '[tables.leads] exclude = ["number"]')]


def test_within_time_a_drift_is_no_order():
    won = np.random.default_rng(6).random(4000) < np.linspace(0.05, 0.6, 4000)
    created = np.arange(4000)
    auc, z = within_time(created.astype(float), won.astype(np.int8), created)
    assert abs(auc - 0.5) < 0.03
    assert abs(z) < 3
    assert within_time(won.astype(float), won.astype(np.int8), created)[0] == 1


def test_open_leads_without_a_column_that_closed_ones_have_are_suspected(tmp_path):
    leads = flat_leads(WON, plan=pd.Series(["a"] * 1000, dtype="str").where(np.arange(1000) < 700))
    leads["outcome"] = leads["outcome"].where(np.arange(1000) < 700)
    from audit_worlds import END, evidence

    found = check_skew(evidence(tmp_path, FLAT, tables_from_frames(END, leads=leads)))
    assert names(found) == ["plan"]
    assert "0 % of open leads, 100 %" in found[0].sentence


def test_distance_of_equal_samples_is_what_chance_gives():
    rng = np.random.default_rng(7)
    one, other = (pd.Series(rng.choice(list("abcdef"), 3000)) for _ in range(2))
    apart, chance = distance(one, other)
    assert apart < 2 * chance < 0.05
    assert distance(one, pd.Series(["a"] * 3000))[0] == pytest.approx(5 / 6, abs=0.02)


def test_numbers_of_a_csv_file_are_numbers_to_the_audit(tmp_path, rng):
    numbers = pd.Series(rng.normal(0, 1, 1000) + 3 * WON)
    evidence = flat_evidence(tmp_path, WON, size=numbers.map(repr).astype("str"))
    assert pd.api.types.is_float_dtype(evidence.leads.attributes["size"])
    assert names(check_single(evidence)) == ["size"]

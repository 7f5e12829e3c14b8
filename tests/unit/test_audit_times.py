from dataclasses import replace

import numpy as np
import pandas as pd
from audit_worlds import END, FLAT, TIMED, audit_of, evidence, flat_evidence, flat_leads, timed_tables, wins

from features.tables import tables_from_frames
from training.audit.alone import check_alone
from training.audit.apart import check_apart
from training.audit.dated import check_dated
from training.audit.dates import check_dates
from training.audit.duplicates import agreement, check_duplicates, richness, twins
from training.audit.run import CHECKS
from training.audit.suspects import Suspect, merged, to_json
from training.audit.words import brief_text, full_text

WON = wins()
CLEAN = timed_tables(WON)


def events(kind, lag, rows=WON):
    """An event of some leads so long after their closing."""
    deals = CLEAN.deals[rows]
    moments = deals["closed_at"] + pd.Timedelta(lag)
    return pd.DataFrame({"lead_id": deals["lead_id"], "occurred_at": moments, "kind": kind})


def columns(found):
    return [suspect.column for suspect in found]


def test_events_at_the_closing_are_suspected_with_the_query_that_leaves_them_out(tmp_path):
    found = check_dated(evidence(tmp_path, TIMED, timed_tables(WON, interactions=events("signed", "0h", WON | True))))
    assert columns(found) == ["signed"]
    assert found[0].dated
    expected = "[tables.interactions] sql = \"select * from 'events.csv' interactions where \\\"kind\\\" <> 'signed'\""
    assert found[0].line == expected


def test_events_the_day_before_closings_are_suspected_and_those_a_month_before_are_not(tmp_path):
    both = WON | True
    more = pd.concat([events("call", "-20h", both), events("letter", "-30D", both)])
    assert columns(check_dated(evidence(tmp_path, TIMED, timed_tables(WON, interactions=more)))) == ["call"]


def test_events_of_winners_alone_are_suspected(tmp_path):
    tables = timed_tables(WON, interactions=events("letter", "-30D"))
    assert "100 % won" in check_dated(evidence(tmp_path, TIMED, tables))[0].sentence


def test_a_field_filled_after_closings_is_suspected(tmp_path):
    deals = CLEAN.deals
    changes = pd.DataFrame(
        {
            "lead_id": deals["lead_id"],
            "changed_at": deals["closed_at"] + pd.Timedelta("2D"),
            "field": "plan",
            "value": "x",
        }
    )
    tables = timed_tables(WON, lead_changes=changes)
    found = check_dated(evidence(tmp_path, TIMED, replace(tables, leads=tables.leads.assign(plan="x"))))
    assert [(one.check, one.column) for one in found] == [("filled afterwards", "plan")]


def test_an_event_right_after_creation_of_winners_is_too_good_a_feature(tmp_path):
    first = CLEAN.leads[WON]
    more = pd.DataFrame(
        {"lead_id": first["lead_id"], "occurred_at": first["created_at"] + pd.Timedelta("1D"), "kind": "s"}
    )
    found = check_alone(evidence(tmp_path, TIMED, timed_tables(WON, interactions=more)))
    assert "s" in columns(found)


def test_clean_worlds_have_no_suspects(tmp_path):
    for toml, tables in ((TIMED, CLEAN), (FLAT, tables_from_frames(END, leads=flat_leads(WON)))):
        found = audit_of(tmp_path, toml, tables)
        assert found.suspects == ()
        assert "no suspects" in full_text(found)


def test_creation_at_midnight_for_winners_is_suspected(tmp_path):
    created = CLEAN.leads["created_at"]
    tables = timed_tables(WON, created.where(~WON | (np.arange(1000) % 2 == 0), created.dt.floor("D")))
    found = check_dates(evidence(tmp_path, TIMED, tables))
    assert columns(found) == ["created_at at midnight"]
    assert "::time <> time '00:00:00'" in found[0].line


def test_dates_without_times_and_midnight_for_all_are_not_suspected(tmp_path):
    created = CLEAN.leads["created_at"]
    some = created.where(np.arange(1000) % 3 > 0, created.dt.floor("D"))
    for moments in (created.dt.floor("D"), some):
        assert check_dates(evidence(tmp_path, TIMED, timed_tables(WON, moments))) == []


def test_creation_after_the_deal_for_winners_is_suspected(tmp_path):
    created = CLEAN.leads["created_at"]
    tables = timed_tables(WON, created.where(~WON, CLEAN.deals["closed_at"]))
    toml = TIMED.replace("[7]", "[0, 7]")
    assert "created_at after the deal" in columns(check_dates(evidence(tmp_path, toml, tables)))


def test_twins_stand_on_both_sides_of_a_fold():
    key = np.array([5, 5, 7, 8, 8, -1, -1])
    sides = [(np.array([0, 2, 3, 5]), np.array([1, 4, 6])), (np.array([1, 4, 6]), np.array([0, 2, 3, 5]))]
    pairs = twins(key, sides)
    assert sorted(zip(pairs.held.tolist(), pairs.trained.tolist(), strict=True)) == [(1, 0), (4, 3)]


def test_copies_are_suspected_and_innocent_repeats_are_not(tmp_path):
    rng = np.random.default_rng(8)
    rows = {name: rng.choice(list("abcd"), 1000) for name in ("age", *"cdefghi")}
    repeated = np.concatenate([np.arange(1000), np.arange(200)])
    copied = flat_evidence(tmp_path, WON[repeated], **{name: values[repeated] for name, values in rows.items()})
    assert columns(check_duplicates(copied)) == ["identical rows"]
    assert check_duplicates(flat_evidence(tmp_path, WON, group=rng.choice(list("ab"), 1000))) == []


def test_agreement_is_compared_with_what_the_rows_tell():
    from training.audit.duplicates import Pairs

    label = np.array([1, 1, 0, 0], np.int8)
    agree, usual, z = agreement(label, np.full(4, 0.5), Pairs(np.array([0, 2]), np.array([1, 3])))
    assert (agree, usual) == (1.0, 0.5)
    assert round(z, 3) == 1.414


def test_rich_rows_differ_in_many_columns_and_have_no_near_ones():
    frame = pd.DataFrame({f"c{i}": np.random.default_rng(i).integers(0, 10, 300) for i in range(6)})
    differ, near = richness(pd.concat([frame, frame[:50]]))
    assert 5 < differ < 6
    assert near < 0.5


def test_a_stretch_completed_with_hindsight_is_suspected(tmp_path):
    won = wins(4000)
    hint = np.where(np.arange(4000) // 500 == 3, won, np.random.default_rng(12).random(4000) < 0.3)
    found = check_apart(flat_evidence(tmp_path, won, hint=np.where(hint, "a", "b")))
    assert set(columns(found)) == {"hint"}
    assert "rows 1,501 to 2,000" in found[0].sentence
    assert check_apart(flat_evidence(tmp_path, won, hint=np.where(won, "a", "b"))) == []


def test_one_suspect_a_place_with_what_others_say():
    def one(check, strength):
        return Suspect(check, "leads", "Tags", strength, {}, f"says {check}", "line")

    found = merged([one("name", 0.6), one("single column", 0.9)])
    assert [(suspect.check, suspect.also) for suspect in found] == [("single column", ("says name",))]


def test_an_audit_in_words_and_as_json(tmp_path):
    tables = tables_from_frames(END, leads=flat_leads(WON, tags=np.where(WON, "a", "b")))
    found = audit_of(tmp_path, FLAT, tables)
    assert "1 suspect " in brief_text(found)
    assert 'to exclude it: [tables.leads] exclude = ["tags"]' in full_text(found)
    assert "not checked: leads have no dates" in full_text(found)
    assert '"schema_version": 1' in to_json(found)


def test_a_check_that_fails_is_named_and_the_others_run(tmp_path, monkeypatch):
    def broken(_evidence):
        raise ZeroDivisionError("of nothing")

    monkeypatch.setitem(CHECKS, "order", broken)
    tables = tables_from_frames(END, leads=flat_leads(WON, tags=np.where(WON, "a", "b")))
    found = audit_of(tmp_path, FLAT, tables)
    assert [suspect.column for suspect in found.suspects] == ["tags"]
    assert "10 checks, 1 could not run" in brief_text(found)
    assert "not checked: order could not run: ZeroDivisionError in test_audit_times.py, line" in full_text(found)
    assert "of nothing" not in to_json(found)


def test_without_evidence_nothing_ran_and_the_audit_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("training.audit.run.gather", lambda *_: {}["gone"])
    found = audit_of(tmp_path, FLAT, tables_from_frames(END, leads=flat_leads(WON)))
    assert (found.ran, len(found.not_run)) == (0, len(CHECKS) + 1)
    assert "could not run: KeyError" in full_text(found)

"""A publication has every lead once, with the numbers of the nightly job, and histories that give them again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from published_worlds import AS_OF, asked_of
from sqlalchemy import select
from trained import command

from features.cells import instant
from features.errors import OverlapError
from features.single import compute_one
from features.tables import read_tables
from serving.delivery.events import ENTERED
from serving.language.phrases import phrases_of
from serving.live.account_history import unpacked
from serving.live.acts import Act, Actor, act_on, ground_of
from serving.one_lead import score_one
from serving.publish import publish as publishing
from serving.publish.drift import champion_drift
from serving.publish.gathered import gather
from serving.publish.kept_reasons import read_reasons
from serving.publish.publish import publish
from serving.score import score_leads
from serving.store import publications
from serving.store.connection import open_store
from serving.store.schema import ACCOUNT, DOCUMENT, INTERACTION, LEAD, OUTBOX, PUBLICATION, SCORE_POINT
from training.drift import NO_REFERENCE


@pytest.fixture(scope="module")
def asked(world):
    return asked_of(world)


@pytest.fixture(scope="module")
def tables(asked):
    return read_tables(asked.project, clock=AS_OF)


@pytest.fixture(scope="module")
def gathered(asked, tables):
    return gather(asked, tables)


def test_the_drift_of_the_champion_is_published(filled):
    with filled.reading() as connection:
        found = json.loads(connection.scalar(select(DOCUMENT.c.body).where(DOCUMENT.c.name == "drift")))
    assert found["missing"] is None
    assert found["watched"] == len(found["features"]) > 20
    assert found["leads"] <= found["rows"]
    assert sum(one["level"] != "steady" for one in found["features"]) <= 1
    assert found["propensity"] == pytest.approx(found["base_rate"], rel=0.5)


def test_a_column_that_became_empty_has_moved(asked, tables, gathered):
    accounts = tables.accounts.assign(employees=None)
    drift = champion_drift(asked, replace(gathered, tables=replace(tables, accounts=accounts)))
    assert "account_employees" in drift.moved
    (found,) = (one for one in drift.features if one.feature == "account_employees")
    assert (found.not_known_now, found.mean_now) == (1.0, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: replace(a, bundle=replace(a.bundle, reference=NO_REFERENCE)), "no_reference"),
        (lambda a: replace(a, as_of=datetime(2030, 1, 1, tzinfo=UTC)), "too_few"),
    ],
)
def test_what_cannot_be_compared_says_why(asked, gathered, change, why):
    drift = champion_drift(change(asked), gathered)
    assert (drift.missing, drift.features, drift.propensity) == (why, (), None)


@pytest.fixture(scope="module")
def filled(published):
    opened = open_store(f"sqlite:///{published}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rows(filled):
    with filled.reading() as connection:
        return {row["lead_id"]: row for row in connection.execute(select(LEAD)).mappings()}


@pytest.fixture(scope="module")
def nightly(asked, tables):
    return score_leads(asked.bundle, tables, AS_OF).frame.set_index("lead_id")


def test_every_lead_is_there_once(rows, tables):
    assert set(rows) == set(tables.leads.loc[tables.leads["created_at"] <= AS_OF, "lead_id"])


def test_scores_are_those_of_the_nightly_job(rows, nightly):
    is_open = {lead_id: row for lead_id, row in rows.items() if row["is_open"]}
    assert set(is_open) == set(nightly.index)
    for name in ("score", "propensity", "propensity_low", "band", "sales_qualified", "bant_met", "points"):
        assert {lead_id: row[name] for lead_id, row in is_open.items()} == nightly[name].to_dict(), name


def test_reasons_are_those_of_the_nightly_job_in_words(rows, nightly, asked):
    phrases = phrases_of(asked.bundle, "en")
    for lead_id in nightly.index[:200]:
        said = [
            (r.group, r.feature, r.value, r.points, r.sentence) for r in read_reasons(rows[lead_id]["reasons"], phrases)
        ]
        assert said == [tuple(r.values()) for r in nightly.loc[lead_id, "reasons"]]


def test_stored_histories_give_the_published_scores_to_the_bit(rows, filled, asked):
    with filled.reading() as connection:
        packed = dict(connection.execute(select(ACCOUNT.c.account_key, ACCOUNT.c.history)).all())
    some = [row for row in rows.values() if row["is_open"]][::7]
    for row in some:
        history = unpacked(packed[row["account_key"]]).of_lead(row["lead_id"])
        one = score_one(asked.bundle, compute_one(history, AS_OF, asked.bundle.catalog), 8)
        assert (one.propensity, one.low, one.score) == (row["propensity"], row["propensity_low"], row["score"])
        assert json.loads(row["reasons"])[0]["points"] == one.reasons[0].points


def test_ranks_are_those_of_the_propensity(rows):
    ranked = sorted((row for row in rows.values() if row["is_open"]), key=lambda row: row["rank"])
    assert [row["rank"] for row in ranked] == list(range(1, len(ranked) + 1))
    assert all(one["propensity"] >= other["propensity"] for one, other in pairwise(ranked))


def test_trends_look_back_only(rows):
    for row in rows.values():
        times = [at for at, _ in json.loads(row["trend"])]
        assert times == sorted(times)
        assert not times or (times[-1] < row["as_of"] and times[0] > row["created_at"])


def test_what_arrived_changes_the_next_publication(asked, tables, filled, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "documents", lambda *_: ())
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    with filled.reading() as connection:
        before = connection.execute(select(LEAD).where(LEAD.c.is_open).order_by(LEAD.c.rank.desc())).mappings().first()
    kind = asked.bundle.catalog.kinds[0]
    event = {
        "lead_id": before["lead_id"],
        "occurred_at": "2025-12-31T10:00:00Z",
        "kind": kind,
        "interaction_id": "new-1",
    }
    with store.writing() as connection:
        connection.execute(
            INTERACTION.insert().values(
                interaction_id="new-1", lead_id=before["lead_id"], account_key=before["account_key"], occurred_at=0,
                row=json.dumps(event), received_at=0, received_from="test",
            )
        )  # fmt: skip
    publish(asked, tables, store)
    with store.reading() as connection:
        after = connection.execute(select(LEAD).where(LEAD.c.lead_id == before["lead_id"])).mappings().one()
        assert after["propensity"] != before["propensity"]
        assert connection.scalars(select(PUBLICATION.c.state)).all() == ["current"]
        assert (
            len(connection.scalars(select(SCORE_POINT.c.score).where(SCORE_POINT.c.lead_id == after["lead_id"])).all())
            == 1
        )
    store.close()


def test_an_older_publication_does_not_replace_a_newer_one(filled, asked, tables):
    with pytest.raises(OverlapError, match="later time is current"):
        publish(replace(asked, as_of=datetime(2025, 12, 1, tzinfo=UTC)), tables, filled)


def test_what_a_killed_run_left_is_removed(asked, tables, gathered, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "gather", lambda *_: gathered)
    monkeypatch.setattr(publishing, "documents", lambda *_: [{"name": "funnel", "body": "{}"}])
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    with monkeypatch.context() as patch:
        patch.setattr(publications, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish(asked, tables, store)
    with store.reading() as connection:
        assert publications.current(connection) is None
    done = publish(asked, tables, store)
    with store.reading() as connection:
        assert len(connection.scalars(select(LEAD.c.lead_id)).all()) == done.leads
        assert connection.scalars(select(DOCUMENT.c.name)).all() == ["funnel"]
    store.close()


def test_what_a_publication_moved_is_told_with_its_reasons(asked, tables, gathered, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "gather", lambda *_: gathered)
    monkeypatch.setattr(publishing, "documents", lambda *_: ())
    hook = {"name": "crm", "url": "https://x.example", "secret": "${S}", "events": [*ENTERED.values()]}
    raw = {**asked.project.raw, "serve": {"webhooks": {"language": "de", "endpoints": [hook]}}}
    own = replace(asked, project=replace(asked.project, raw=raw))
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    publish(own, tables, store)
    with store.writing() as connection:
        assert connection.execute(select(OUTBOX)).all() == []  # the first publication is no news
        mine = connection.execute(select(LEAD).where(LEAD.c.stage != "lead", LEAD.c.is_open)).mappings().first()
        connection.execute(LEAD.update().where(LEAD.c.lead_id == mine["lead_id"]).values(stage="lead"))
    publish(own, tables, store)
    with store.reading() as connection:
        (message,) = connection.execute(select(OUTBOX)).all()
    store.close()
    data = json.loads(message.payload)["data"]
    said = read_reasons(mine["reasons"], phrases_of(asked.bundle, "de"))
    assert message.kind == ENTERED[mine["stage"]]
    assert (data["lead_id"], data["stage"], data["score"]) == (mine["lead_id"], mine["stage"], mine["score"])
    assert [one["sentence"] for one in data["reasons"]] == [
        one.sentence for one in said if one.group not in ("Start", "Other")
    ]


def test_the_command(world, monkeypatch, tmp_path):
    monkeypatch.setenv("STORE", f"sqlite:///{tmp_path}/store.db")
    text = (world / "ripelead.toml").read_text()
    (world / "ripelead.toml").write_text(text + '\n[serve]\nstore = "${STORE}"\n')
    try:
        assert command("publish", "-p", world, "--as-of", "2026-01-01T00:00:00Z") == 0
        assert command("publish", "-p", world, "--as-of", "2025-01-01T00:00:00Z") == 99
    finally:
        (world / "ripelead.toml").write_text(text)


def test_what_people_did_since_its_time_stands_in_a_publication(asked, tables, gathered, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "gather", lambda *_: gathered)
    monkeypatch.setattr(publishing, "documents", lambda *_: ())
    monkeypatch.setattr(publishing, "account_rows", lambda *_: ())
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    publish(asked, tables, store)
    ground, actor = ground_of(asked.project, asked.bundle), Actor("anna", lambda _: True)
    with store.writing() as connection:
        lead_id = connection.scalars(select(LEAD.c.lead_id).where(LEAD.c.stage == "lead", LEAD.c.is_open)).first()
        act_on(connection, ground, lead_id, Act("accept"), actor, instant(AS_OF) + 3_600_000_000)
    publish(asked, tables, store)
    with store.reading() as connection:
        row = connection.execute(select(LEAD).where(LEAD.c.lead_id == lead_id)).mappings().one()
    store.close()
    assert (row["stage"], row["stage_since"]) == ("sal", instant(AS_OF) + 3_600_000_000)

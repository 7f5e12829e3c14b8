"""What is made from the store is what is made from the project's tables."""

from dataclasses import replace

import numpy as np
import pytest
from published import found_in
from published_worlds import AS_OF, asked_of
from sqlalchemy import select

from features.some_leads import Some
from features.tables import read_tables
from serving.handover.compose import Model, account_of, compose
from serving.handover.source import LeadSource
from serving.handover_cli import _source
from serving.language.phrases import phrases_of
from serving.language.translations import translation_to
from serving.lead.similar import past_leads, similar_leads
from serving.lead.what_if import actionable_kinds, usual_interactions, what_would_change
from serving.live.past_in_use import DOCUMENT, PastInUse, past_from, past_text
from serving.pages.handover import Packing, handover_of
from serving.pages.similar import similar_page
from serving.pages.what_if import usual_of, what_if
from serving.store.connection import open_store
from serving.store.publications import document
from serving.store.schema import LEAD
from training.settings import read_all


@pytest.fixture(scope="module")
def asked(world):
    return asked_of(world)


@pytest.fixture(scope="module")
def tables(asked):
    return read_tables(asked.project, clock=AS_OF)


@pytest.fixture(scope="module")
def store(published):
    opened = open_store(f"sqlite:///{published}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def some(store):
    with store.reading() as connection:
        ids = connection.scalars(select(LEAD.c.lead_id).where(LEAD.c.is_open).order_by(LEAD.c.lead_id)).all()
    return ids[:: len(ids) // 3]


@pytest.fixture(scope="module")
def usual(store, some):
    with store.reading() as connection:
        return usual_of(document(connection, found_in(store, some[0]).lead.publication, "usual"))


def test_how_interactions_usually_are(usual, asked, tables):
    assert usual == usual_interactions(tables.interactions, actionable_kinds(asked.bundle))


def test_the_hand_over(store, some, usual, asked, tables, world):
    training = read_all(world)[1]
    phrases, to = phrases_of(asked.bundle, "en"), translation_to("en")
    packing = Packing(asked.project, training, asked.bundle, phrases, to, 0, usual)
    for lead_id in some:
        alone = Some(account_of(tables, lead_id), tables.interactions)
        source: LeadSource = _source(asked.project, training, alone, (lead_id, AS_OF, "en"))
        expected = compose(source, alone, Model(asked.bundle, phrases))
        made = handover_of(found_in(store, lead_id), packing)
        assert replace(made, standing=expected.standing) == expected
        assert made.standing.stage == expected.standing.stage


def test_what_would_change(store, some, usual, asked, tables):
    for lead_id in some:
        effects = what_would_change(asked.bundle, account_of(tables, lead_id), lead_id, AS_OF, usual)
        page = what_if(found_in(store, lead_id), asked.bundle, usual, translation_to("en"))
        assert [(one.name, one.score_after) for one in page.changes] == [
            (e.action.name, e.after.score) for e in effects
        ]


def test_similar_leads(store, some, asked, tables):
    phrases = phrases_of(asked.bundle, "en")
    with store.reading() as connection:
        text = document(connection, found_in(store, some[0]).lead.publication, DOCUMENT)
    known = PastInUse().of(1, text, asked.bundle)
    for lead_id in some:
        expected = similar_leads(asked.bundle, tables, lead_id, AS_OF, asked.project.snapshots)
        page = similar_page(found_in(store, lead_id), known, asked.bundle, phrases, lambda ids: {ids[0]: ("Ann", None)})
        assert [(p.outcome, p.score, p.as_of) for p in page.leads] == [(e.outcome, e.score, e.as_of) for e in expected]
        assert [p.lead_id for p in page.leads] == [expected[0].lead_id, *[None] * (len(expected) - 1)]


def test_past_leads_are_kept_to_the_bit(asked, tables):
    past = past_leads(asked.bundle, tables, AS_OF, asked.project.snapshots, 50)
    kept = past_from(past_text(past))
    assert (kept.lead_id, kept.account) == (past.lead_id, past.account)
    assert all(
        np.array_equal(getattr(kept, n), getattr(past, n), equal_nan=n == "values") for n in ("as_of", "won", "values")
    )

"""The hand-over package of a lead from what the store keeps of it, made when it is first asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.cells import instant
from features.histories import build_histories
from features.project import Project
from features.snapshots import Snapshots
from features.some_leads import Some
from serving.handover.compose import Model, compose
from serving.handover.content import Handover, Standing
from serving.handover.source import LeadSource
from serving.handover.standing import standing_sentence
from serving.language.handover_words import stage_word
from serving.language.phrases import Phrases
from serving.language.translations import Translation
from serving.lead.what_if import Usual
from serving.live.account_tables import account_tables
from serving.pages.freshness import moment, moment_or_none
from serving.pages.lead import Found
from serving.pages.what_if import usual_rows
from serving.store.lead_records import LeadRecord
from training.bundle import Bundle
from training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Packing:
    """What a package needs of the project."""

    project: Project
    training: TrainingSettings
    bundle: Bundle
    phrases: Phrases
    to: Translation
    now: int
    usual: Mapping[str, Usual]


def handover_of(found: Found, packing: Packing) -> Handover:
    """The package as of the time of the lead's score; stage, owner and clock are those of now."""
    as_of = moment(found.lead.as_of)
    tables = account_tables(found.history, as_of, packing.bundle)
    histories = build_histories(tables, packing.project.hygiene)
    number = np.flatnonzero(histories.lead_ids == found.lead.lead_id)
    snapshot = Snapshots(number, np.array([instant(as_of)]))
    source = LeadSource(
        packing.project, packing.training, tables, histories, snapshot, found.lead.lead_id, as_of, packing.to
    )
    examples = Some(tables, usual_rows(packing.usual, packing.bundle))
    made = compose(source, examples, Model(packing.bundle, packing.phrases))
    return replace(made, standing=_standing(found.lead, source, packing))


def _standing(lead: LeadRecord, source: LeadSource, packing: Packing) -> Standing:
    bare = Standing(
        stage=lead.stage,
        label=stage_word(packing.to, lead.stage),
        since=moment_or_none(lead.stage_since),
        owner=lead.owner,
        do_not_contact=lead.do_not_contact,
        due=moment_or_none(lead.due_at),
        overdue=lead.due_at is not None and lead.due_at < packing.now,
        sentence="",
    )
    return replace(bare, sentence=standing_sentence(packing.to, source.dates, bare))

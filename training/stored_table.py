"""The feature table of all training snapshots in a store, brought up to date by what is new."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import Progress
from features.catalog import Catalog
from features.engines.asked import Asked
from features.engines.store.engine import Given, Seen, update_store
from features.histories import Histories, build_histories
from features.profile import build_profile
from features.propose import Vocabulary
from features.tables import Tables, ended_by_events, read_tables, without_interactions
from features.windows import NEVER
from training.dataset import Dataset, dataset_of
from training.feature_table import Job, Written, outcomes_of
from training.model import catalog_of


def update_feature_store(job: Job, reading: Progress, computing: Progress) -> Written:
    """Bring the store in the folder `job.path` up to date, or make it; only what new rows touch is computed again.

    The features stay those of the store as long as the project proposes the same ones.

    Raises:
        ProjectFileError: snapshots or label are not described, or the folder holds other things.
        InputContractError: a table cannot be used, or no snapshot has a known outcome.
        SinkError: the folder cannot be written, or another update is under way.
    """
    project, settings = job.project, job.settings
    tables = read_tables(without_interactions(project), clock=job.clock, untimed=settings.label.column is not None)
    histories = build_histories(tables)
    end = tables.data_end if project.project.data_end is not None else job.clock
    asked: list[tuple[Asked, Tables]] = []

    def ask(seen: Seen) -> Asked:
        asked.append(_asked(job, tables, histories, seen))
        return asked[-1][0]

    given = Given(project, tables, histories, end)
    updated = update_store(Path(job.path), given, ask, job.limits, (reading, computing))
    last, used = asked[-1]
    bad = updated.bad_rows()
    accounted = replace(
        used,
        counts=(*used.counts, updated.count),
        notes=(*used.notes, *updated.notes, f"{updated.recomputed:,} rows computed, {updated.reused:,} reused"),
        quarantine=(*used.quarantine, *([] if bad is None else [bad])),
    )
    return Written(updated.rows, len(last.catalog.features), accounted, updated.tally.left_out)


def _asked(job: Job, small: Tables, histories: Histories, seen: Seen) -> tuple[Asked, Tables]:
    latest = None if seen.latest == NEVER else pd.Timestamp(seen.latest, unit="us", tz="UTC")
    tables = ended_by_events(job.project, small, latest, job.clock)
    if job.settings.label.deals_of_account == "last_touch":
        tables = replace(tables, interactions=seen.touches(tables.deals))
    dataset = dataset_of(job.project, job.settings, tables, histories)
    catalog = _catalog(job, dataset, seen)
    profile = build_profile(histories, tables, catalog)
    return Asked(profile, dataset.snapshots, catalog, outcomes_of(dataset)), tables


def _catalog(job: Job, dataset: Dataset, seen: Seen) -> Catalog:
    """The store's own catalog where the project still proposes its features; else a new one."""
    every = np.arange(len(dataset.snapshots))

    def proposed(vocabulary: Vocabulary) -> Catalog:
        return catalog_of(job.project, job.settings.model, dataset, every, (seen.recorded, vocabulary))[0]

    stored = seen.catalog
    if stored is not None and proposed(Vocabulary(stored.kinds, stored.topics)).names == stored.names:
        return stored
    return proposed(seen.vocabulary(int(dataset.snapshots.as_of.max()), job.project.features))

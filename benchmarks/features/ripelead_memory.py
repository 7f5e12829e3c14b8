"""Our features by the in-memory path: pandas tables, histories, feature table; for worlds that fit in memory."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from benchmarks.features.catalog import catalog
from benchmarks.features.command import Job, run
from features.build import build_features
from features.histories import build_histories
from features.identifiers import positions_of
from features.snapshots import Snapshots
from features.tables import Tables, tables_from_frames
from features.times import microseconds

DATA_END = datetime(2026, 1, 1, tzinfo=UTC)


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    feature_frame(read_tables(job), _with_text_ids(pd.read_parquet(job.snapshots))).to_parquet(job.out)


def read_tables(job: Job) -> Tables:
    """Canonical tables of the job's data."""
    columns = ["lead_id", "occurred_at", "kind", "duration_s", "direction"]
    interactions = _with_text_ids(pd.read_parquet(job.interactions, columns=columns))
    leads = _with_text_ids(pd.read_parquet(job.leads, columns=["lead_id", "account_id", "created_at", "seniority"]))
    return tables_from_frames(DATA_END, leads=leads, interactions=interactions)


def feature_frame(tables: Tables, snapshots: pd.DataFrame) -> pd.DataFrame:
    """lead_id, as_of and the 77 features of the snapshots, in the order of the histories."""
    histories = build_histories(tables)
    lead, as_of = positions_of(snapshots["lead_id"], histories.lead_ids), microseconds(snapshots["as_of"])
    order = np.lexsort((as_of, lead))
    table = build_features(histories, tables, Snapshots(lead[order], as_of[order]), catalog())
    features = pd.DataFrame(table.values, columns=list(table.names))
    keys = snapshots[["lead_id", "as_of"]].iloc[order].reset_index(drop=True)
    return pd.concat([keys, features], axis=1)


def _with_text_ids(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].astype("str") for name in ("lead_id", "account_id") if name in frame})


if __name__ == "__main__":
    run(write_features)

"""The scoring rows of a trained world, as a table and as a frame that MLflow takes."""

import pandas as pd
import pyarrow.parquet as pq
from trained import AS_OF

from features.engines.event_logs import Limits
from features.project import read_project
from serving.batch.prepare import Scoring, Watch, write_scoring_rows

SCORED_AT = pd.Timestamp(AS_OF).to_pydatetime()
CLOCK = pd.Timestamp("2026-06-01", tz="UTC").to_pydatetime()


def scoring_table(world, bundle, path):
    """Features and rules of every open lead."""
    write_scoring_rows(Scoring(read_project(world), bundle, SCORED_AT, Limits(None, 2), CLOCK), path, Watch())
    return pq.read_table(path)


def feature_frame(table):
    """The features in pandas; MLflow takes categories as text only."""
    frame = table.drop_columns(["lead_id", "as_of", "bant_met", "bant_qualified", "points", "standing"]).to_pandas()
    return frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, "str"))

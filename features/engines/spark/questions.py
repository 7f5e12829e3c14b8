"""What a training run asks of the interactions on a cluster, answered by sums over them."""

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from features.engines.spark.events import CheckedEvents
from features.engines.spark.session import Cluster
from features.histories import Histories
from features.project import FeatureSettings
from features.propose import Available, Vocabulary, vocabulary_of
from features.windows import NEVER

if TYPE_CHECKING:
    from pyspark.sql import Column


def recorded_in(events: CheckedEvents, histories: Histories) -> Available:
    """What there is in the data."""
    from pyspark.sql import functions as fn

    mine = fn.col("lead_id").isNotNull() if "lead_id" in events.columns else fn.lit(False)
    found = events.counted.where(_of_leads()).agg(fn.count("*").alias("events"), fn.sum(mine.cast("long")).alias("own"))
    row = found.collect()[0]
    return Available(bool(row["own"]), bool(row["events"]), creation=bool((histories.created != NEVER).any()))


def learn_vocabulary(events: CheckedEvents, before_us: int, settings: FeatureSettings) -> Vocabulary:
    """Most frequent kinds and topics among the events known before `before_us`; repeats count as they came."""
    return vocabulary_of(_counts(events, "kind", before_us), _counts(events, "topic", before_us), settings)


def _counts(events: CheckedEvents, name: str, before_us: int) -> dict[str, int]:
    from pyspark.sql import functions as fn

    if name not in events.columns:
        return {}
    known = fn.col(name).isNotNull() & _of_leads() & (fn.col("known_at") < before_us)
    return {row[name]: row["count"] for row in events.counted.where(known).groupBy(name).count().collect()}


def _of_leads() -> "Column":
    """Events that leads can see: their own, and those of their accounts."""
    from pyspark.sql import functions as fn

    return fn.col("account") >= 0


def last_touches(cluster: Cluster, events: CheckedEvents, histories: Histories, deals: pd.DataFrame) -> pd.DataFrame:
    """Of each lead whose account has a deal that names no lead: its last interaction before that deal's opening.

    Columns lead_id and occurred_at: all that `features.deals` needs of the interactions. Where a deal's opening is not
    known, its closing counts; where neither is, the last interaction of all.
    """
    from pyspark.sql import functions as fn

    nothing = pd.DataFrame({"lead_id": pd.Series([], dtype="str"), "occurred_at": deals["closed_at"].iloc[:0]})
    asked = _decisions(histories, deals)
    if asked.num_rows == 0 or "lead_id" not in events.columns:
        return nothing
    pairs = events.used.join(fn.broadcast(cluster.session.createDataFrame(asked)), "lead_id")
    before = pairs.where(fn.col("decided_at").isNull() | (fn.col("occurred_at") < fn.col("decided_at")))
    last = before.groupBy("lead_id", "decided_at").agg(fn.max("occurred_at").alias("occurred_at"))
    found: pd.DataFrame = last.select("lead_id", "occurred_at").distinct().toArrow().to_pandas()
    return found if len(found) else nothing


def _decisions(histories: Histories, deals: pd.DataFrame) -> pa.Table:
    shared = deals.loc[deals["lead_id"].isna(), ["account_id", "opened_at", "closed_at"]]
    members = histories.leads.loc[histories.leads["account_id"].notna(), ["account_id", "lead_id"]]
    pairs = shared.merge(members, on="account_id")
    decided = pairs["opened_at"].fillna(pairs["closed_at"])
    distinct = pd.DataFrame({"lead_id": pairs["lead_id"], "decided_at": decided}).drop_duplicates()
    schema = pa.schema([("lead_id", pa.string()), ("decided_at", pa.timestamp("us", tz="UTC"))])
    return pa.Table.from_pandas(distinct, schema=schema, preserve_index=False)

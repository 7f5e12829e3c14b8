"""The interactions of a project on a cluster: read once, checked, counted, and kept typed in a scratch folder."""

from dataclasses import dataclass
from datetime import datetime
from fnmatch import translate
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from features.engines.spark.accounts import (
    LATE,
    LATER_THAN_NOW,
    LEFT_OUT,
    NO_ACCOUNT,
    NO_LEAD,
    OWN,
    accounting,
    losers_of,
    quarantined,
    refuse_if_mostly_bad,
    refuse_naive,
)
from features.engines.spark.blocks import account_names
from features.engines.spark.session import Cluster
from features.engines.spark.sources import Incoming, incoming_interactions, row_hash
from features.engines.spark.worker_code import batchwise
from features.histories import Histories
from features.identifiers import positions_of
from features.links import REPEATS
from features.project import HygieneSettings, Project
from features.schema import TableCount
from features.tables import Tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# A join table of more leads is not copied to every executor.
BROADCAST_LEADS = 500_000


@dataclass(frozen=True, slots=True)
class CheckedEvents:
    """Checked interactions on a cluster: `rows` reads them from scratch, `count` is their row accounting.

    `latest` is the time of the latest one that is used; None when none is.
    """

    rows: "DataFrame"
    losers: "DataFrame | None"
    count: TableCount
    latest: datetime | None
    rules: HygieneSettings

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical columns that are there."""
        return tuple(name for name in self.rows.columns if name not in OWN)

    @property
    def used(self) -> "DataFrame":
        """The rows that are used; of rows that repeat each other, all (the kernel takes one)."""
        from pyspark.sql import functions as fn

        rows = self.rows.where(fn.col("fault").isNull() & fn.col("left_out").isNull())
        return rows if self.losers is None else rows.join(self.losers, ["hash", "occurred_at"], "left_anti")

    @property
    def counted(self) -> "DataFrame":
        """The rows that are used, without what sales made where that is left out."""
        from pyspark.sql import functions as fn

        if not self.rules.without_reps:
            return self.used
        rows = self.used
        made = fn.col("kind").isin(*self.rules.rep_kinds) if self.rules.rep_kinds else fn.lit(False)
        if "direction" in rows.columns:
            made |= fn.coalesce(fn.col("direction") == "outbound", fn.lit(False))
        if "actor" in rows.columns and self.rules.rep_actors:
            actor = fn.lower(fn.trim("actor"))
            patterns = "|".join(translate(pattern.strip().lower()) for pattern in self.rules.rep_actors)
            made |= fn.coalesce(actor.rlike(f"^(?:{patterns})"), fn.lit(False))
        return rows.where(~made)

    @property
    def quarantined(self) -> "DataFrame":
        """The rows that are not used, with their reasons."""
        return quarantined(self.rows, self.losers)


def check_events(
    cluster: Cluster, project: Project, tables: Tables, histories: Histories, until: datetime, scratch: str
) -> CheckedEvents:
    """Read and check the interactions of `project`; nothing of their size comes to the driver.

    `tables` and `histories` are those of the other tables. Rows after `until` (the data's end where the project sets
    one, else the command's clock) are left out. The typed rows are written to the folder `scratch`.

    Raises:
        ProjectFileError: the table is not there, or not for Spark.
        InputContractError: no such file or column, times without a zone, more than half of the rows unusable.
    """
    incoming = incoming_interactions(cluster.session, project)
    ids = _lead_numbers(histories), _account_numbers(tables, histories)
    linked = _linked(cluster, incoming, *(_kept(cluster, table, scratch) for table in ids))
    late = LATER_THAN_NOW if project.project.data_end is None else LATE
    _with_reasons(linked, until, late).write.parquet(f"{scratch}/checked")
    rows = cluster.session.read.parquet(f"{scratch}/checked")
    losers = losers_of(cluster, rows, f"{scratch}/losers") if "interaction_id" in rows.columns else None
    count, latest = accounting(rows, losers)
    refuse_naive(rows, incoming.origin, count)
    refuse_if_mostly_bad(rows, incoming.origin, count, expected={REPEATS, LATE})
    return CheckedEvents(rows, losers, count, latest, project.hygiene)


def _linked(cluster: Cluster, incoming: Incoming, leads: "DataFrame", accounts: "DataFrame") -> "DataFrame":
    """Typed rows with the account number of each (−1: an account without leads; null: nobody's)."""
    from pyspark.sql import functions as fn
    from pyspark.sql.pandas.types import from_arrow_schema

    check = batchwise(cluster.archive, "features.engines.spark.arrivals:checked_batches", incoming.arrivals)
    rows = incoming.rows.mapInArrow(check, from_arrow_schema(incoming.arrivals.schema))
    given = incoming.arrivals.columns
    account, known_at = fn.lit(None).cast("int"), fn.unix_micros("occurred_at")
    if "account_id" in given:
        rows = rows.join(accounts, "account_id", "left")
        account = fn.col("account_of_account")
    if "lead_id" in given:
        rows = rows.join(leads, "lead_id", "left")
        account = fn.when(fn.col("lead_id").isNotNull(), fn.col("account_of_lead")).otherwise(account)
        known_at = fn.greatest(known_at, fn.col("created"))
    rows = rows.withColumn("account", account).withColumn("known_at", known_at)
    return rows.drop("account_of_lead", "account_of_account", "created")


def _kept(cluster: Cluster, table: pa.Table, scratch: str) -> "DataFrame":
    """A table of the driver for joins: small, copied to every executor; large, kept as Parquet, written in parts."""
    from pyspark.sql import functions as fn

    if table.num_rows <= BROADCAST_LEADS:
        return fn.broadcast(cluster.session.createDataFrame(table))
    folder = f"{scratch}/{table.column_names[0]}"
    for first in range(0, table.num_rows, BROADCAST_LEADS):
        part = cluster.session.createDataFrame(table.slice(first, BROADCAST_LEADS))
        part.write.mode("append").parquet(folder)
    return cluster.session.read.parquet(folder)


def _lead_numbers(histories: Histories) -> pa.Table:
    return pa.table(
        {
            "lead_id": pa.array(histories.lead_ids, pa.string()),
            "account_of_lead": pa.array(histories.account, pa.int32()),
            "created": pa.array(histories.created, pa.int64()),
        }
    )


def _account_numbers(tables: Tables, histories: Histories) -> pa.Table:
    """Every account that leads or accounts name; −1 where no lead is in it."""
    of_leads = account_names(histories)
    given = pd.concat([histories.leads["account_id"], tables.accounts["account_id"]]).dropna().drop_duplicates()
    number = positions_of(given, of_leads)
    columns = {"account_id": pa.array(given, pa.string()), "account_of_account": pa.array(number, pa.int32())}
    return pa.table(columns)


def _with_reasons(rows: "DataFrame", until: datetime, late: str) -> "DataFrame":
    """`left_out`: why a readable row cannot be used; `hash` tells rows apart that share a time."""
    from pyspark.sql import functions as fn

    nobody, after = fn.col("account").isNull(), fn.col("occurred_at") > fn.lit(until)
    named = fn.col("lead_id").isNotNull() if "lead_id" in rows.columns else fn.lit(False)
    code = {reason: fn.lit(number) for number, reason in enumerate(LEFT_OUT, start=1)}
    reason = fn.when(nobody & named, code[NO_LEAD]).when(nobody, code[NO_ACCOUNT]).when(after, code[late])
    canonical = [name for name in rows.columns if name not in OWN]
    return rows.withColumn("left_out", reason).withColumn("hash", row_hash(rows, [*canonical, "others"]))

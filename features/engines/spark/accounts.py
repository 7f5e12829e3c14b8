"""Row accounting of interactions on a cluster: repeats, conflicts, counts and the quarantined rows, as Spark sums."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from features.engines.spark.arrivals import FAULT_COLUMNS, NO_ZONE
from features.engines.spark.session import Cluster
from features.errors import InputContractError
from features.links import REPEATS
from features.project import TableName
from features.schema import TableCount
from features.times import naive_message

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

TABLE: TableName = "interactions"
NO_LEAD, NO_ACCOUNT = "lead_id is not in leads", "account_id is in neither accounts nor leads"
LATE, LATER_THAN_NOW = "occurred_at is after the data's end", "occurred_at is after now"
# `left_out` of the checked rows is a place in this list, counted from 1: sums of numbers are fast.
LEFT_OUT = (NO_LEAD, NO_ACCOUNT, LATE, LATER_THAN_NOW)
CONFLICT = "conflicts with another row of the same interaction_id"
# Columns of the checked rows that are none of the table.
OWN = ("others", *FAULT_COLUMNS, "account", "known_at", "left_out", "hash")
# Column and expectation of each reason that rests on other rows or tables.
_EXPECTED: Mapping[str, tuple[str, str]] = {
    REPEATS: ("", "each row once"),
    NO_LEAD: ("lead_id", "a lead_id of leads; rows that are meant to be left out can be left out at the source"),
    NO_ACCOUNT: ("account_id", "an account_id of accounts or leads"),
    CONFLICT: ("interaction_id", "one row a interaction_id: the fullest is used, then the first by contents"),
}
_LATE = ("occurred_at", "nothing after the data's end; [project] data_end sets another end")


def losers_of(cluster: Cluster, rows: "DataFrame", folder: str) -> "DataFrame | None":
    """Rows (hash, time) that share their interaction_id with a fuller one; None when there are none."""
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    good = rows.where(fn.col("fault").isNull() & fn.col("interaction_id").isNotNull())
    shared = good.groupBy("interaction_id").agg(fn.min("hash").alias("a"), fn.max("hash").alias("b")).where("a < b")
    texts = [fn.col(name).cast("string") for name in rows.columns if name not in (*OWN, "interaction_id")]
    empty = sum((text.isNull().cast("int") for text in texts), fn.lit(0))
    order = Window.partitionBy("interaction_id").orderBy(empty, *(text.asc_nulls_last() for text in texts), "hash")
    doubtful = good.join(shared.select("interaction_id"), "interaction_id").dropDuplicates(["hash", "occurred_at"])
    ranked = doubtful.withColumn("rank", fn.row_number().over(order)).where("rank > 1")
    ranked.select("hash", "occurred_at").write.parquet(folder)
    found = cluster.session.read.parquet(folder)
    return found if found.count() else None


def _settled(rows: "DataFrame", losers: "DataFrame | None", kept: "Column | None" = None) -> "DataFrame":
    """The readable rows, one of those that repeat each other: `n` of them, and the reason to leave it out (or null)."""
    from pyspark.sql import functions as fn

    sums = [fn.count("*").alias("n"), fn.first("left_out").alias("left_out")]
    sums += [fn.first(kept).alias("kept")] if kept is not None else []
    one = rows.where(fn.col("fault").isNull()).groupBy("hash", "occurred_at").agg(*sums)
    reason = fn.get(fn.array(*(fn.lit(reason) for reason in LEFT_OUT)), fn.col("left_out") - 1)
    if losers is None:
        return one.withColumn("reason", reason)
    lost = losers.withColumn("lost", fn.lit(True))
    joined = one.join(lost, ["hash", "occurred_at"], "left")
    return joined.withColumn("reason", fn.when(fn.col("lost"), CONFLICT).otherwise(reason))


def accounting(rows: "DataFrame", losers: "DataFrame | None") -> tuple[TableCount, datetime | None]:
    """Summed on the cluster from the written rows, so that a task that ran twice counts once."""
    from pyspark.sql import functions as fn

    faulty = rows.where(fn.col("fault").isNotNull()).groupBy("fault").count().collect()
    reasons = Counter({row["fault"]: row["count"] for row in faulty})
    sums = (
        fn.count("*").alias("rows"),
        fn.sum(fn.col("n") - 1).alias("again"),
        fn.max(fn.unix_micros("occurred_at")).alias("latest"),
    )
    used, latest = 0, None
    for row in _settled(rows, losers).groupBy("reason").agg(*sums).collect():
        reasons[REPEATS] += row["again"]
        if row["reason"] is None:
            used, latest = row["rows"], datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row["latest"])
        else:
            reasons[row["reason"]] += row["rows"]
    counted = sorted(((reason, n) for reason, n in reasons.items() if n), key=lambda item: (-item[1], item[0]))
    bad = sum(reasons.values())
    return TableCount(TABLE, used + bad, used, bad, dict(counted)), latest


def quarantined(rows: "DataFrame", losers: "DataFrame | None") -> "DataFrame":
    """The rows that are not used: reason, column, expected, value, and the row as JSON (as it came where it could not
    be read, else as it was understood).
    """
    from pyspark.sql import functions as fn

    names = ("reason", "column", "expected", "value", "row")
    faulty = rows.where(fn.col("fault").isNotNull()).select(
        *(fn.col(own).alias(name) for own, name in zip(FAULT_COLUMNS, names, strict=True))
    )
    canonical = fn.to_json(fn.struct(*(fn.col(name) for name in rows.columns if name not in OWN)))
    settled = _settled(rows, losers, canonical)
    left_out = settled.where(fn.col("reason").isNotNull()).select("reason", "kept")
    again = settled.where("n > 1").select(fn.explode(fn.expr("sequence(2, n)")), "kept")
    both = left_out.union(again.select(fn.lit(REPEATS).alias("reason"), "kept"))
    said = [_said(fn.col("reason"), index).alias(name) for index, name in enumerate(names[1:3])]
    return faulty.union(both.select("reason", *said, fn.lit("").alias("value"), fn.col("kept").alias("row")))


def _said(reason: "Column", index: int) -> "Column":
    from pyspark.sql import functions as fn

    words = fn.lit(_LATE[index])
    for known, said in _EXPECTED.items():
        words = fn.when(reason == known, said[index]).otherwise(words)
    return words


def refuse_naive(rows: "DataFrame", origin: str, count: TableCount) -> None:
    """Stop at a time without a zone where the project names none: nobody can tell when it was."""
    if NO_ZONE in count.reasons:
        found = _example(rows, NO_ZONE)
        raise InputContractError(f"{TABLE}.{found['column']} of {origin}: {naive_message(found['value'])}")


def refuse_if_mostly_bad(rows: "DataFrame", origin: str, count: TableCount, expected: Collection[str]) -> None:
    """Stop at a table of which more than half the rows cannot be used: it is wrong as a whole."""
    blamed = {reason: number for reason, number in count.reasons.items() if reason not in expected}
    bad = sum(blamed.values())
    if bad * 2 <= count.read:
        return
    reason, number = next(iter(blamed.items()))
    found = _example(rows, reason)
    raise InputContractError(
        f"{TABLE}: {bad:,} of {count.read:,} rows of {origin} cannot be used, so the table is refused as a "
        f"whole. Most often ({number:,}): {reason}, such as {found['row']}. Expected {found['expected']}"
    )


def _example(rows: "DataFrame", reason: str) -> Mapping[str, str]:
    from pyspark.sql import functions as fn

    found = quarantined(rows, None).where(fn.col("reason") == reason).first()
    return {name: found[name] or "" for name in found.asDict()} if found else {}

"""Options of sessions for tests, and what they wrote as tests compare it."""

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.standalone import QUICK_START
from serving.sinks import SCHEMA

OPTIONS = {
    "spark.driver.extraJavaOptions": QUICK_START,
    "spark.executor.extraJavaOptions": QUICK_START,
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.codegen.wholeStage": "false",  # the rows are few: compiling would take longer
}


def counts_of(tables):
    """What became of the interactions."""
    return next(count for count in tables.counts if count.table == "interactions")


def place(uri):
    """A folder of this machine without its scheme."""
    return uri.removeprefix("file:")


def read_scores(folder):
    """A folder of scores with exactly the contract's columns, by lead."""
    found = pq.read_table(folder)
    assert found.schema.names == SCHEMA.names
    assert [str(kind) for kind in found.schema.types if not pa.types.is_list(kind)] == [
        str(kind) for kind in SCHEMA.types if not pa.types.is_list(kind)
    ]
    return found.sort_by([("lead_id", "ascending"), ("as_of", "ascending")]).to_pylist()

"""The floor: reading the four columns that all systems need with DuckDB, and nothing else."""

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.features import duckdb_common as common
from benchmarks.features.command import Job, run


def scan(job: Job) -> None:
    """Add up the columns: cheap sums that no statistics can answer make DuckDB read every value."""
    numbers = pa.types.is_integer(pq.read_schema(job.interactions).field("lead_id").type)
    ids = "lead_id" if numbers else "strlen(lead_id)"
    sums = f"sum({ids}), sum(epoch_us(occurred_at)), sum(strlen(kind)), sum(duration_s)"
    found = common.connect(job).execute(f"select {sums} from '{job.interactions}'").fetchall()
    job.out.write_text(str(found))


if __name__ == "__main__":
    run(scan)

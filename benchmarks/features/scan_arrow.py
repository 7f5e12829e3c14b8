"""The floor: reading the four columns that all systems need, batch by batch with Arrow, and nothing else."""

import pyarrow as pa
import pyarrow.dataset as ds

from benchmarks.features.command import Job, run

COLUMNS = ["lead_id", "occurred_at", "kind", "duration_s"]


def scan(job: Job) -> None:
    """Read the columns and count the rows."""
    pa.set_cpu_count(job.threads)
    rows = sum(len(batch) for batch in ds.dataset(job.interactions).to_batches(columns=COLUMNS))
    job.out.write_text(str(rows))


if __name__ == "__main__":
    run(scan)

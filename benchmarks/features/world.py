"""Random leads, accounts and interactions of any size, and the snapshots that are asked for; a seed fixes all of it.

A world of N events has about N/50 leads of log-normal activity and N/250 accounts; events come in visits. A few
events lie exactly at midnight, where windows begin and end, so that systems which treat borders differently disagree.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.features.spec import DAY_US, KINDS, SHARES, WITH_DURATION

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

BEGIN = int(np.datetime64("2024-01-01", "us").astype(np.int64))
END = int(np.datetime64("2026-01-01", "us").astype(np.int64))
MONTHS = np.arange("2024-01", "2026-02", dtype="datetime64[M]").astype("datetime64[us]").astype(np.int64)
MONTHS_PER_LEAD = 6
SENIORITIES = ("ic", "manager", "director", "vp", "c_level")
SOURCES = ("web", "ads", "referral", "event", "outbound")
INDUSTRIES = ("saas", "finance", "health", "retail", "manufacturing", "education")
ROW_GROUP = 1_000_000
TIME = pa.timestamp("us", "UTC")
URLS = pa.array([f"/section-{part}/page-{page}" for part in range(8) for page in range(250)])


@dataclass(frozen=True, slots=True)
class Leads:
    """Columns of the leads by number; `activity` is the relative number of visits."""

    id: Ints
    account: Ints
    created: Ints
    activity: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)


def write_world(folder: Path, events: int, seed: int = 7) -> None:
    """Write interactions, leads, training and scoring snapshots of a world of exactly `events` events."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    leads = make_leads(max(20, events // 50), rng)
    pq.write_table(_lead_table(leads, rng), folder / "leads.parquet", compression="zstd")
    lead, time = make_visits(leads, events, rng)
    _write_interactions(folder / "interactions.parquet", leads.id[lead], time, rng)
    write_snapshots(folder / "training.parquet", leads, *_month_starts(leads.created))
    write_snapshots(folder / "scoring.parquet", leads, np.arange(len(leads)), np.full(len(leads), END))


def make_leads(n: int, rng: Rng) -> Leads:
    """`n` leads in n / 5 accounts of log-normal size, created up to a month before the end."""
    share = np.cumsum(rng.lognormal(0, 1.0, max(4, n // 5)))
    account = np.searchsorted(share / share[-1], rng.random(n))
    created = BEGIN + (rng.random(n) * (END - BEGIN - 30 * DAY_US)).astype(np.int64)
    return Leads(
        id=rng.permutation(3 * n)[:n].astype(np.int64) + 1_000_000,
        account=np.minimum(account, len(share) - 1).astype(np.int64),
        created=created - created % 1000,
        activity=rng.lognormal(0, 1.3, n),
    )


def make_visits(leads: Leads, events: int, rng: Rng) -> tuple[npt.NDArray[np.int32], Ints]:
    """Lead number and time of each event, in order of time: visits of a few events, mostly soon after creation."""
    size = rng.geometric(1 / 3, events // 2 + 1000)
    size = size[: int(np.searchsorted(np.cumsum(size), events)) + 1]
    size[-1] -= size.sum() - events
    per_lead = rng.multinomial(len(size), leads.activity / leads.activity.sum())
    visitor = np.repeat(np.arange(len(leads), dtype=np.int32), per_lead)
    start = _visit_starts(leads.created[visitor], rng)
    within = (rng.random(events) * np.repeat(size * 75e6, size)).astype(np.int64)
    time = _some_at_midnight(np.minimum(np.repeat(start, size) + within, END - 1), rng)
    order = np.argsort(time, kind="stable")
    return np.repeat(visitor, size)[order], time[order]


def _visit_starts(created: Ints, rng: Rng) -> Ints:
    start = created + rng.exponential(75 * DAY_US, len(created)).astype(np.int64)
    late = np.flatnonzero(start >= END)
    start[late] = created[late] + (rng.random(len(late)) * (END - created[late])).astype(np.int64)
    return start


def _some_at_midnight(time: Ints, rng: Rng) -> Ints:
    """Times in milliseconds, one of 500 moved to the next midnight."""
    midnight = time - time % DAY_US + DAY_US
    moved = (rng.random(len(time)) < 0.002) & (midnight < END)
    # The visit of the very moment of creation must not move before it by rounding.
    return np.where(moved, midnight, -(-time // 1000) * 1000)


def _lead_table(leads: Leads, rng: Rng) -> pa.Table:
    n = len(leads)
    seniority = rng.choice(len(SENIORITIES), n, p=(0.35, 0.3, 0.18, 0.12, 0.05))
    return pa.table(
        {
            "lead_id": leads.id,
            "account_id": leads.account,
            "created_at": pa.array(leads.created, TIME),
            "source": _labels(SOURCES, rng.integers(0, len(SOURCES), n)),
            "industry": _labels(INDUSTRIES, rng.integers(0, len(INDUSTRIES), n)),
            "employees": rng.lognormal(4.5, 1.5, n).astype(np.int32),
            "seniority": _labels(SENIORITIES, seniority),
        }
    )


def _labels(names: tuple[str, ...], codes: Ints) -> pa.Array:
    return pa.array(names).take(pa.array(codes))


def _write_interactions(path: Path, lead_id: Ints, time: Ints, rng: Rng) -> None:
    with pq.ParquetWriter(path, _interactions(lead_id[:0], time[:0], rng).schema, compression="zstd") as writer:
        for first in range(0, len(time), ROW_GROUP):
            rows = slice(first, first + ROW_GROUP)
            writer.write_table(_interactions(lead_id[rows], time[rows], rng), row_group_size=ROW_GROUP)


def _interactions(lead_id: Ints, time: Ints, rng: Rng) -> pa.Table:
    n = len(time)
    share = np.array([SHARES[kind] for kind in KINDS])
    kind = _different_at_once(rng.choice(len(KINDS), n, p=share / share.sum()), lead_id, time)
    timed = np.array([name in WITH_DURATION for name in KINDS])[kind]
    seconds = np.minimum(rng.lognormal(3.3, 1, n), 3600).astype(np.int32)
    return pa.table(
        {
            "lead_id": lead_id,
            "occurred_at": pa.array(time, TIME),
            "kind": _labels(KINDS, kind),
            # One duration in ten was not recorded.
            "duration_s": pa.array(seconds, mask=~timed | (rng.random(n) < 0.1)),
            "url": URLS.take(pa.array(rng.integers(0, len(URLS), n))),
            "direction": _labels(("inbound", "outbound"), (rng.random(n) < 0.2).astype(np.int64)),
        }
    )


def _different_at_once(kind: Ints, lead_id: Ints, time: Ints) -> Ints:
    """Kinds such that no two events are the same: a row that repeats another one could rightly be left out."""
    for at in np.flatnonzero((time[1:] == time[:-1]) & (lead_id[1:] == lead_id[:-1])) + 1:
        kind[at] = (kind[at - 1] + 1) % len(KINDS)
    return kind


def _month_starts(created: Ints) -> tuple[Ints, Ints]:
    """Lead and as_of of the first six month starts at or after creation, as far as they lie within the data."""
    first = np.searchsorted(MONTHS, created)
    month = first[:, None] + np.arange(MONTHS_PER_LEAD)
    lead, _ = np.nonzero(month < len(MONTHS))
    return lead, MONTHS[month[month < len(MONTHS)]]


def write_snapshots(path: Path, leads: Leads, lead: Ints, as_of: Ints) -> None:
    """Write pairs (lead_id, as_of), with a number each that spares peers a composite key."""
    columns = {"snapshot_id": np.arange(len(lead)), "lead_id": leads.id[lead], "as_of": pa.array(as_of, TIME)}
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=ROW_GROUP)

"""Hand-made tables for the leakage audit: leads that win by a coin, with or without times."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.project import Project, read_project
from features.tables import Tables, tables_from_frames
from training.audit.evidence import Evidence, gather
from training.audit.run import audit
from training.audit.suspects import Audit
from training.dataset import Dataset, load_dataset
from training.settings import TrainingSettings, read_training_settings

END = datetime(2026, 1, 1, tzinfo=UTC)
START = pd.Timestamp("2025-01-01", tz="UTC")
FLAT = """
[project]
name = "flat"
[tables.leads]
file = "leads.csv"
[label]
column = "outcome"
[folds]
kind = "random"
"""
TIMED = """
[project]
name = "timed"
[tables.leads]
file = "leads.csv"
[tables.interactions]
file = "events.csv"
[snapshots]
ages_days = [7]
[label]
horizon_days = 90
[folds]
kind = "time"
"""


def wins(n: int = 1000, rate: float = 0.3, seed: int = 1) -> np.ndarray:
    """Whether each lead wins, by a coin."""
    return np.random.default_rng(seed).random(n) < rate


def flat_leads(won: np.ndarray, **columns: object) -> pd.DataFrame:
    """Leads of a flat table: the outcome, an innocent number, and further columns."""
    innocent = np.random.default_rng(2).integers(18, 70, len(won)).astype(float)
    ids = [f"L{i:05d}" for i in np.random.default_rng(3).permutation(len(won))]
    return pd.DataFrame({"lead_id": ids, "outcome": np.where(won, "won", "lost"), "age": innocent, **columns})


def timed_tables(won: np.ndarray, created: pd.Series | None = None, **frames: pd.DataFrame) -> Tables:
    """Leads created over half a year, each with a deal that closes after 60 days; more tables as given."""
    ids = [f"L{i:05d}" for i in range(len(won))]
    days = np.random.default_rng(4).uniform(0, 180, len(won))
    moment = START + pd.Series(pd.to_timedelta(days, unit="D")).dt.round("us")
    leads = pd.DataFrame({"lead_id": ids, "created_at": moment if created is None else created})
    closed = moment + pd.Timedelta("60D")
    deals = pd.DataFrame({"lead_id": ids, "status": np.where(won, "won", "lost"), "closed_at": closed})
    noise = pd.DataFrame({"lead_id": ids, "occurred_at": moment + pd.Timedelta("1h"), "kind": "visit"})
    events = pd.concat([noise, frames.pop("interactions", noise[:0])], ignore_index=True)
    return tables_from_frames(END, leads=leads, deals=deals, interactions=events, **frames)


def loaded(directory, toml: str, tables: Tables) -> tuple[Project, TrainingSettings, Dataset]:
    """What an audit is given."""
    (directory / "ripelead.toml").write_text(toml, encoding="utf-8")
    project = read_project(directory)
    settings = read_training_settings(project)
    return project, settings, load_dataset(project, settings, tables)


def evidence(directory, toml: str, tables: Tables) -> Evidence:
    """What a single check is given."""
    return gather(*loaded(directory, toml, tables))


def flat_evidence(directory, won: np.ndarray, toml: str = FLAT, **columns: object) -> Evidence:
    """Evidence of a flat table with further columns."""
    return evidence(directory, toml, tables_from_frames(END, leads=flat_leads(won, **columns)))


def audit_of(directory, toml: str, tables: Tables) -> Audit:
    """The whole audit."""
    return audit(*loaded(directory, toml, tables))

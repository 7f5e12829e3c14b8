"""Requests for `benchmarks.one_lead`: leads with a given number of events, drawn from a simulated world's."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features import compute_one
from features.build import build_features
from features.catalog import Catalog
from features.histories import build_histories
from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.snapshots import Snapshots
from features.tables import Tables, read_tables, tables_from_frames
from features.windows import Floats

END = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 500
COLLEAGUES = 3
SENIORITIES = ("specialist", "manager", "executive", None)


@dataclass(frozen=True, slots=True)
class Mix:
    """How many events are the lead's own, its colleagues', and the account's alone."""

    name: str
    own: int
    of_colleagues: int
    of_account: int

    @property
    def events(self) -> int:
        return self.own + self.of_colleagues + self.of_account


MIXES = (
    Mix("200 of the lead", 200, 0, 0),
    Mix("200: 130 of the lead, 60 of colleagues, 10 of the account", 130, 60, 10),
    Mix("300: 200 of the lead, 90 of colleagues, 10 of the account", 200, 90, 10),
)


def catalogs(folder: Path) -> dict[str, Catalog]:
    """What `train` proposes on a simulated world, and the catalog of every family that the tests use."""
    from training.dataset import load_dataset
    from training.model import learn_catalog
    from training.settings import read_training_settings

    simulate(folder, WorldSettings(leads=3_000, seed=3))
    project = read_project(folder)
    settings = read_training_settings(project)
    dataset = load_dataset(project, settings, read_tables(project, clock=END))
    proposed, _ = learn_catalog(project, settings.model, dataset, np.arange(len(dataset.snapshots)))
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from worlds import full_catalog

    return {"simulated world": proposed, "every family": full_catalog()}


KINDS = (
    "product_page_view",
    "page_view",
    "email_click",
    "webinar_attended",
    "call_attempt",
    "click",
    "Visit",
    "seldom",
)
TOPICS = (None, "compliance", "training", "price", "seldom")


def requests(n: int, mix: Mix, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Accounts with different histories, as parsed JSON."""
    return [_request(number, mix, rng) for number in range(n)]


def _request(number: int, mix: Mix, rng: np.random.Generator) -> dict[str, Any]:
    account, names = f"A{number}", [f"L{number}-{i}" for i in range(COLLEAGUES + 1)]
    leads = [_lead(name, account, rng) for name in names]
    who = [names[0]] * mix.own + [names[1 + i % COLLEAGUES] for i in range(mix.of_colleagues)] + [None] * mix.of_account
    return {
        "lead": {**leads[0], "source": "web", "department": "it", "consent": True},
        "account": {"account_id": account, "industry": "retail", "country": "DK", "employees": 241.0},
        "colleagues": leads[1:],
        "interactions": [_event(name, account, rng) for name in who],
        "lead_changes": [
            {"lead_id": names[0], "changed_at": _time(rng), "field": "lifecycle_stage", "value": value}
            for value in ("lead", "mql", "opportunity")
        ],
        "assessments": [
            {"lead_id": names[0], "assessed_at": _time(rng), "criterion": criterion, "met": float(rng.integers(0, 2))}
            for criterion in ("budget", "authority", "need", "timing")
        ],
    }


def _lead(name: str, account: str, rng: np.random.Generator) -> dict[str, Any]:
    seniority = SENIORITIES[rng.integers(len(SENIORITIES))]
    return {"lead_id": name, "created_at": _time(rng), "account_id": account, "seniority": seniority}


def _event(who: str | None, account: str, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "lead_id": who,
        "account_id": account,
        "occurred_at": _time(rng),
        "kind": KINDS[rng.integers(len(KINDS))],
        "topic": TOPICS[rng.integers(len(TOPICS))],
        "direction": ("inbound", "outbound", None)[rng.integers(3)],
        "duration_s": None if rng.random() < 0.4 else round(float(rng.exponential(120)), 3),
        "value": None if rng.random() < 0.8 else round(float(rng.exponential(900)), 2),
    }


def _time(rng: np.random.Generator) -> str:
    return (END - timedelta(microseconds=int(rng.integers(DAYS * 86_400_000_000)))).isoformat()


def equal_to_batch(drawn: list[dict[str, Any]], catalog: Catalog) -> int:
    """How many leads have, bit for bit, the row that they have in the table of all."""
    tables = _tables(drawn)
    histories = build_histories(tables, catalog.hygiene)
    wanted = {request["lead"]["lead_id"]: request for request in drawn}
    lead = np.flatnonzero(np.isin(histories.lead_ids.astype(str), list(wanted)))
    snapshots = Snapshots(lead, np.full(len(lead), int(END.timestamp()) * 1_000_000))
    table = build_features(histories, tables, snapshots, catalog)
    rows = zip(histories.lead_ids[lead], table.values, strict=True)
    return sum(_same(compute_one(wanted[name], END, catalog), row) for name, row in rows)


def _same(one: Floats, other: Floats) -> bool:
    same = (one.view(np.int64) == np.ascontiguousarray(other).view(np.int64)) | (np.isnan(one) & np.isnan(other))
    return bool(same.all())


def _tables(drawn: list[dict[str, Any]]) -> Tables:
    parts = {part: [row for request in drawn for row in request[part]] for part in LOGS}
    leads = [row for request in drawn for row in (request["lead"], *request["colleagues"])]
    frames = {"leads": leads, "accounts": [request["account"] for request in drawn], **parts}
    return tables_from_frames(END, **{name: pd.DataFrame(rows) for name, rows in frames.items()})


LOGS = ("interactions", "lead_changes", "assessments")

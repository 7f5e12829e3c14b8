"""A store filled with leads like those of a working sales team, for the speed and the pictures of the pages."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import insert

from features.contact_window import OUTSIDE
from serving.store.connection import Store
from serving.store.schema import ACCOUNT, LEAD, PUBLICATION

Draws = npt.NDArray[np.float64]
DAY_US = 86_400_000_000
AS_OF = 20_454 * DAY_US + 5 * 3_600_000_000
"""2026-01-01 05:00 UTC."""
OWNERS = ("Anna Berg", "Bo Dahl", "Clara Engel", "David Holm", "Eva Iversen", "Finn Jensen", "Greta Koch", "Hans Lund")
FIRST = ("Maren", "Jonas", "Sofie", "Lukas", "Freja", "Emil", "Hannah", "Oskar", "Clara", "Noah", "Ida", "Felix")
LAST = ("Sørensen", "Krüger", "Nielsen", "Weber", "Østergaard", "Hoffmann", "Lindqvist", "Brandt", "Møller", "Vogt")
COMPANY = ("Nordlicht", "Baltic", "Hansen", "Rhein", "Fjord", "Alpen", "Kattegat", "Elbe", "Skagen", "Isar")
TRADE = ("Logistik", "Foods A/S", "Pumpen GmbH", "Robotics", "Marine ApS", "Werkzeuge", "Packaging", "Energy", "Optik")
TITLE = (
    "Head of Purchasing",
    "Produktionsleiter",
    "IT-chef",
    "Operations Manager",
    "Einkäuferin",
    "CEO",
    "Fagspecialist",
)
SOURCES = ("webinar", "website", "trade_fair", "referral", "paid_search", "partner")
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "nurture")
BANT = ("budget", "authority", "need", "timing")
WHY = (
    "webinars_attended_30d",
    "days_since_last_pricing",
    "demos_requested_90d",
    "colleagues_active_30d",
    "emails_opened_30d",
    "budget_met",
    "industry",
    "days_since_last_interaction",
)


def fill(store: Store, leads: int, seed: int = 7, owners: tuple[str, ...] = OWNERS) -> None:
    """Put a current publication of so many leads into an empty store."""
    rng = np.random.default_rng(seed)
    with store.writing() as connection:
        publication = connection.execute(insert(PUBLICATION).values(_publication(leads))).inserted_primary_key[0]
        rows = _rows(publication, leads, owners, rng)
        while batch := [row for _, row in zip(range(5_000), rows, strict=False)]:
            connection.execute(insert(LEAD), batch)
        accounts = [
            {
                "publication": publication,
                "account_key": f"A{i}",
                "account_id": f"A{i}",
                "name": _company(i),
                "history": b"",
            }
            for i in range(max(leads // 4, 1))
        ]
        connection.execute(insert(ACCOUNT), accounts)


def _publication(leads: int) -> dict[str, Any]:
    return {
        "state": "current",
        "as_of": AS_OF,
        "started_at": AS_OF,
        "finished_at": AS_OF + 60_000_000,
        "model_version": "0f" * 32,
        "data_end": AS_OF,
        "newest_event": AS_OF - DAY_US // 12,
        "summary": json.dumps({"leads": leads}),
    }


def _company(number: int) -> str:
    return f"{COMPANY[number % 10]} {TRADE[number // 10 % 9]}"


def _rows(publication: int, leads: int, owners: tuple[str, ...], rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    scores = np.clip(np.round(rng.normal(47, 14, leads)), 0, 100).astype(int)
    rank = np.empty(leads, int)
    rank[np.argsort(-scores, kind="stable")] = np.arange(1, leads + 1)
    for i in range(leads):
        yield _row(publication, i, int(scores[i]), int(rank[i]), owners, rng)


def _row(
    publication: int, i: int, score: int, rank: int, owners: tuple[str, ...], rng: np.random.Generator
) -> dict[str, Any]:
    """A row of the table `lead`: who it is, where it stands, and what model and rules make of it."""
    draw = rng.random(12)
    judged = _judged(score, draw, rng)
    return {
        "publication": publication,
        **_who(i, draw),
        **_standing(draw, owners),
        **judged,
        **_told(score, rank, rng),
        "priority": judged["propensity"] * judged["value"] * (0.5 if judged["contact"] in OUTSIDE else 1.0),
        "as_of": AS_OF,
        "scored_at": AS_OF,
        "model_version": "0f" * 32,
        "revision": 1,
    }


def _who(i: int, draw: Draws) -> dict[str, Any]:
    name, account, company = f"{FIRST[i % 12]} {LAST[i // 12 % 10]}", f"A{i // 4}", _company(i // 4)
    title, email = TITLE[i % 7], f"{name.split(maxsplit=1)[0].lower()}{i}@example.com"
    return {
        "lead_id": f"L{i:06d}",
        "account_key": account,
        "account_id": account,
        "account_name": company,
        "name": name,
        "title": title,
        "email": email,
        "source": SOURCES[int(draw[7] * 6)],
        "search": f"l{i:06d} {name} {company} {title} {email}".lower(),
    }


def _standing(draw: Draws, owners: tuple[str, ...]) -> dict[str, Any]:
    stage = STAGES[int(draw[4] ** 2 * 6)]
    return {
        "created_at": AS_OF - int(draw[8] * 200) * DAY_US,
        "owner": None if draw[5] < 0.2 else owners[int(draw[6] * len(owners))],
        "stage": stage,
        "stage_since": AS_OF - int(draw[9] * 20) * DAY_US,
        "due_at": AS_OF + int((draw[10] - 0.3) * 4 * DAY_US) if stage in ("mql", "sal", "sql") else None,
        "snoozed_until": AS_OF + 9 * DAY_US if draw[11] < 0.04 else None,
        "do_not_contact": bool(0.04 < draw[11] < 0.06),
        "customer": bool(0.06 < draw[11] < 0.1),
        "is_open": True,
    }


def _judged(score: int, draw: Draws, rng: np.random.Generator) -> dict[str, Any]:
    propensity = float(1 / (1 + np.exp(2.6 - (score - 50) * np.log(2) / 10)))
    states = {name: ("met", "not_met", "unknown", "unknown")[int(d * 4)] for name, d in zip(BANT, draw, strict=False)}
    met = sum(state == "met" for state in states.values())
    qualified, by_rules = score >= 60, met >= 3
    return {
        "propensity": propensity,
        "propensity_low": propensity * 0.7,
        "propensity_high": min(propensity * 1.4, 1.0),
        "familiar": True,
        "sales_qualified": qualified,
        "bant_met": met,
        "bant_qualified": by_rules,
        "criteria": json.dumps(states),
        "agreement": _agreement(qualified, by_rules, "unknown" in states.values()),
        "contact": ("too_early", "now", "now", "going_cold", "gone")[int(draw[3] * 5)],
        "value": float(np.round(np.exp(9.6 + 0.7 * rng.normal()), -2)),
    }


def _agreement(qualified: bool, by_rules: bool, unknown: bool) -> str:
    if qualified and not by_rules:
        return "ask" if unknown else "model_only"
    return "both_yes" if qualified else "framework_only" if by_rules else "both_no"


def _told(score: int, rank: int, rng: np.random.Generator) -> dict[str, Any]:
    steps = np.round(rng.normal(0, 4, 8)).astype(int)
    trend = [[AS_OF - (7 - k) * 7 * DAY_US, int(np.clip(score - steps[k:-1].sum(), 0, 100))] for k in range(8)]
    why = [
        {"feature": WHY[k], "points": 8 - 3 * n, "value": 1.0, "column": k}
        for n, k in enumerate(rng.permutation(len(WHY))[:3].tolist())
    ]
    return {
        "score": score,
        "score_before": trend[-2][1],
        "band": "ABCDE"[min(int(max(79 - score, 0) // 12), 4)],
        "rank": rank,
        "points": float(score),
        "trend": json.dumps(trend),
        "reasons": json.dumps(why),
    }

"""Why a score moved between two dates: data corrected, time passing, events that arrived, another model.

Between the two scores that people saw stand others of the same lead, and each step changes one thing only. The steps
sum to the whole change, so the parts do too.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from features.cells import instant
from features.tables import Tables
from features.windows import Bools, Ints
from serving.lead.appraisal import Appraisal, appraise, looked_at
from training.bundle import Bundle
from training.contributions import AVERAGE_SCORE, POINTS_PER_LOG_ODDS

Cause = Literal["corrections", "corrections_and_model", "time", "arrived", "model", "end_of_scale"]
Dates = tuple[datetime, datetime]
SAME_PROPENSITY = 1e-12
NOTHING = 1e-9
CERTAIN = 1e-15


@dataclass(frozen=True, slots=True)
class Then:
    """A score as it was recorded: shown score 0…100, propensity, and the first characters of its model's id."""

    as_of: datetime
    score: int
    propensity: float
    model_version: str


@dataclass(frozen=True, slots=True)
class Part:
    """Whole points of the change that stand for one cause; `exact` before rounding."""

    cause: Cause
    points: int
    exact: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came between the two dates, counted: interactions by kind, of the lead and of others of its account,
    assessments by criterion, changes by field, and new colleagues. Only what counts for the model is counted.
    """

    own: Mapping[str, int]
    account: Mapping[str, int]
    assessments: Mapping[str, int]
    changes: Mapping[str, int]
    colleagues: int


@dataclass(frozen=True, slots=True)
class Movement:
    """The shown scores of both dates, and the parts of their difference, which sum to it.

    `not_known` are causes that cannot be told: corrections without a recorded score, the model when its former one is
    not known.
    """

    dates: Dates
    score_then: int
    score_now: int
    parts: tuple[Part, ...]
    arrived: Arrived
    not_known: tuple[Cause, ...]


def movement(
    models: tuple[Bundle | None, Bundle], tables: Tables, lead_id: str, dates: Dates, then: Then | None
) -> Movement:
    """Why the score of a lead moved from the first to the second of two dates.

    `models` are that of then (None: not known or no longer kept) and that of now; `tables` those of today, which may be
    cut to the lead's account; `then` the score recorded at the first date. Without the model of then, what the model
    and corrections did together is one part.

    Raises:
        ValueError: the first date is not before the second, or the tables have no such lead.
    """
    if not dates[0] < dates[1]:
        raise ValueError(f"expected a date before {dates[1]}, got {dates[0]}")
    former, present = models
    today, aged, full = _by_one_model(former or present, tables, lead_id, dates)
    now = full if former is None else appraise(present, tables, lead_id, dates[1])
    first = today.exact if then is None else _recorded(former, then, today)
    exact: dict[Cause, float] = {"time": aged.exact - today.exact, "arrived": full.exact - aged.exact}
    if then is not None:
        exact = {"corrections" if former else "corrections_and_model": today.exact - first, **exact}
    if former is not None:
        exact["model"] = now.exact - full.exact
    shown = today.score if then is None else then.score
    return Movement(
        dates=dates,
        score_then=shown,
        score_now=now.score,
        parts=_whole_parts(exact, (shown, first), now),
        arrived=_arrived(present, tables, lead_id, dates),
        not_known=_not_known(former, then),
    )


def _not_known(former: Bundle | None, then: Then | None) -> tuple[Cause, ...]:
    if then is not None:
        return ()
    return ("corrections",) if former is not None else ("corrections", "model")


def _by_one_model(bundle: Bundle, tables: Tables, lead_id: str, dates: Dates) -> tuple[Appraisal, Appraisal, Appraisal]:
    """As of the first date, as of the second from what was known at the first, and as of the second from everything."""
    since, as_of = dates
    return (
        appraise(bundle, tables, lead_id, since),
        appraise(bundle, known_before(tables, lead_id, since), lead_id, as_of),
        appraise(bundle, tables, lead_id, as_of),
    )


def known_before(tables: Tables, lead_id: str, moment: datetime) -> Tables:
    """The tables with only what was known before `moment`: dated rows, and leads created before it (or the lead)."""
    from training.replay import known_at

    past = known_at(tables, moment)
    new = (past.leads["created_at"] >= moment) & (past.leads["lead_id"] != lead_id)
    if not new.any():
        return past
    gone = past.leads.loc[new, "lead_id"]
    rows = past.interactions[~past.interactions["lead_id"].isin(gone)]
    return replace(past, leads=past.leads[~new], interactions=rows)


def _recorded(former: Bundle | None, then: Then, today: Appraisal) -> float:
    """The recorded score before it was rounded and cut; the shown one where its model is not known.

    A propensity that today's data still give is the same score, to the last bit.
    """
    if former is None:
        return float(then.score)
    if abs(then.propensity - today.propensity) <= SAME_PROPENSITY:
        return today.exact
    p = min(max(then.propensity, CERTAIN), 1 - CERTAIN)
    return float(AVERAGE_SCORE + POINTS_PER_LOG_ODDS * (np.log(p) - np.log1p(-p) - former.scale.reference))


def _whole_parts(exact: Mapping[Cause, float], then: tuple[int, float], now: Appraisal) -> tuple[Part, ...]:
    """Whole points that sum to the change of the shown score; "end of scale" where a score was cut there."""
    shown, first = then
    before = shown if 0 < shown < 100 else round(first)
    whole = apportioned(list(exact.values()), now.whole - before)
    parts = [Part(cause, points, exact[cause]) for cause, points in zip(exact, whole, strict=True)]
    cut = (now.score - shown) - (now.whole - before)
    return (*parts, *([Part("end_of_scale", cut, float(cut))] if cut else []))


def apportioned(exact: list[float], total: int) -> list[int]:
    """Whole numbers that sum to `total`, by largest remainder; what is nothing stays nothing.

    >>> apportioned([1.4, 0.0, -0.9, 2.5], 3)
    [1, 0, -1, 3]
    """
    parts = [i for i, value in enumerate(exact) if abs(value) > NOTHING] or [0]
    whole = [int(np.floor(value)) if i in parts else 0 for i, value in enumerate(exact)]
    by_remainder = sorted(parts, key=lambda i: whole[i] - exact[i])
    left = total - sum(whole)
    for turn in range(abs(left)):
        if left > 0:
            whole[by_remainder[turn % len(parts)]] += 1
        else:
            whole[by_remainder[-1 - turn % len(parts)]] -= 1
    return whole


def _arrived(bundle: Bundle, tables: Tables, lead_id: str, dates: Dates) -> Arrived:
    histories, snapshot = looked_at(bundle, tables, lead_id, dates[1])
    lead = int(snapshot.lead[0])
    log, owner = histories.by_account, histories.account[lead]
    came = _between(log.time, dates) & (log.owner == owner) & (log.lead != lead)
    own = histories.by_lead
    tracked = {code.name for code in bundle.catalog.attributes if code.tracked}
    changes = _rows_between(tables.lead_changes, "changed_at", lead_id, dates)
    assessments = _rows_between(tables.assessments, "assessed_at", lead_id, dates)
    first, stop = histories.account_start[[owner, owner + 1]]
    return Arrived(
        own=_counted(own.kind[_between(own.time, dates) & (own.owner == lead)], histories.kinds),
        account=_counted(log.kind[came], histories.kinds),
        assessments=_most_first(Counter(assessments["criterion"].str.lower())),
        changes=_most_first(Counter(changes.loc[changes["field"].isin(tracked), "field"])),
        colleagues=int((_between(histories.created, dates) & _others(histories.created, lead, (first, stop))).sum()),
    )


def _others(created: Ints, lead: int, account: tuple[int, int]) -> Bools:
    number = np.arange(len(created))
    return (number >= account[0]) & (number < account[1]) & (number != lead)


def _between(times: Ints, dates: Dates) -> Bools:
    return (times >= instant(dates[0])) & (times < instant(dates[1]))


def _rows_between(frame: pd.DataFrame, column: str, lead_id: str, dates: Dates) -> pd.DataFrame:
    time = frame[column]
    return frame[(frame["lead_id"] == lead_id) & (time >= dates[0]) & (time < dates[1])]


def _counted(codes: Ints, names: tuple[str, ...]) -> dict[str, int]:
    return _most_first(Counter(names[code] for code in codes))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

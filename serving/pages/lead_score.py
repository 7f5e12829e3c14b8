"""The model's side of a lead's page: the score in a sentence, what speaks for and against, and why it moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.lead_history import read_history
from features.single import compute_one
from features.windows import Floats
from serving.language.phrases import Phrases, by_group
from serving.language.translations import Translation
from serving.lead.explain_words import chance, of_hundred, strange_sentence
from serving.live.account_history import AccountHistory
from serving.pages.freshness import moment
from serving.pages.lead_content import Line, ScoreBlock
from serving.publish.kept_reasons import read_reasons
from serving.reasons import OTHER_GROUP, START_GROUP, Reason
from serving.store.lead_records import LeadRecord
from training.bundle import Bundle
from training.contributions import POINTS_PER_LOG_ODDS

MOST_SIDE = 3
"""Reasons for and against that are named first."""
MOST_MOVED = 2
LEAST_MOVED = 0.5
"""Points below which a feature is not named as moving a score."""


@dataclass(frozen=True, slots=True)
class Model:
    """The bundle in use with its phrases in the reader's language; `horizon_days` is what it predicts."""

    bundle: Bundle
    phrases: Phrases
    horizon_days: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """When the score before was given, and the rank's total."""

    before: datetime | None
    open_leads: int


def score_block(lead: LeadRecord, history: AccountHistory, model: Model, past: Past) -> ScoreBlock | None:
    """What the model says of an open lead; None of one whose outcome is known."""
    if lead.score is None or lead.propensity is None:
        return None
    to, policy = model.phrases.words.to, model.bundle.policy
    served = model.bundle.version.startswith(lead.model_version)
    reasons = read_reasons(lead.reasons, model.phrases if served else None)
    lines = _lines(reasons, model.phrases)
    average = lead.propensity / model.bundle.scale.base_rate
    return ScoreBlock(
        score=lead.score,
        score_before=lead.score_before,
        band=lead.band or "",
        propensity=lead.propensity,
        propensity_low=lead.propensity_low or 0.0,
        propensity_high=lead.propensity_high or 1.0,
        times_average=average,
        rank=lead.rank or 0,
        rank_of=past.open_leads,
        familiar=bool(lead.familiar),
        sales_qualified=bool(lead.sales_qualified),
        threshold=policy.threshold,
        model_version=lead.model_version,
        as_of=moment(lead.as_of),
        sentence=_sentence(lead, average, model, past),
        more=_more(lead, model, to),
        moved=_moved(lead, history, model, past) if served else (),
        speaks_for=_side([line for line in lines if line.points > 0]),
        speaks_against=_side([line for line in lines if line.points < 0]),
        lines=lines,
    )


def _lines(reasons: Sequence[Reason], phrases: Phrases) -> tuple[Line, ...]:
    return tuple(
        Line(reason.group, group.label, reason.feature, reason.value, reason.points, reason.sentence)
        for group in by_group(reasons, phrases)
        for reason in group.reasons
    )


def _side(lines: Sequence[Line]) -> tuple[Line, ...]:
    features = [line for line in lines if line.group not in (START_GROUP, OTHER_GROUP)]
    return tuple(sorted(features, key=lambda line: -abs(line.points))[:MOST_SIDE])


def _sentence(lead: LeadRecord, average: float, model: Model, past: Past) -> str:
    """The score as people say it: of a hundred leads like this, how often the average, which rank."""
    to = model.phrases.words.to
    share = of_hundred(to, lead.propensity or 0.0)
    known = {"score": lead.score, "n": share, "days": model.horizon_days, "ratio": to.multiple(average)}
    if model.horizon_days is None:
        said = to.text(
            "Score {score}: about {n} of 100 leads like this become customers, {ratio} times the average.", **known
        )
    else:
        said = to.text(
            "Score {score}: about {n} of 100 leads like this become customers within {days} days, {ratio} times the "
            "average.",
            **known,
        )
    if lead.rank is None:
        return said
    ranked = to.text("Rank {rank} of {open}.", rank=to.number(lead.rank), open=to.number(past.open_leads))
    return f"{said} {ranked}"


def _more(lead: LeadRecord, model: Model, to: Translation) -> tuple[str, ...]:
    low, high = (of_hundred(to, end or 0.0) for end in (lead.propensity_low, lead.propensity_high))
    said = [
        to.text(
            "Of 100 leads that look like this one, between {low} and {high} are likely to convert.", low=low, high=high
        )
    ]
    line = chance(to, model.bundle.policy.threshold)
    said.append(
        to.text("Sales qualified (the line is at {line}).", line=line)
        if lead.sales_qualified
        else to.text("Not sales qualified yet (the line is at {line}).", line=line)
    )
    return (*said, *(() if lead.familiar else (strange_sentence(to),)))


def _moved(lead: LeadRecord, history: AccountHistory, model: Model, past: Past) -> tuple[str, ...]:
    """Since when and by how much the score moved, and the features that moved it most in that direction."""
    if lead.score is None or lead.score_before is None or past.before is None or lead.score == lead.score_before:
        return ()
    to, change = model.phrases.words.to, lead.score - lead.score_before
    day = f"{past.before:%Y-%m-%d}"
    head = to.text("Up {n} since {day}.", n=change, day=day) if change > 0 else to.text(
        "Down {n} since {day}.", n=-change, day=day
    )  # fmt: skip
    return (head, *_movers(lead, history, model, past.before, change))


def _movers(lead: LeadRecord, history: AccountHistory, model: Model, since: datetime, change: int) -> list[str]:
    known = read_history(history.of_lead(lead.lead_id), model.bundle.catalog.hygiene)
    values = [compute_one(known, at, model.bundle.catalog) for at in (since, moment(lead.as_of))]
    then, now = _points(model.bundle, np.stack(values))
    moved = (now - then) * np.sign(change)
    most = [int(column) for column in np.argsort(-moved)[:MOST_MOVED] if moved[column] >= LEAST_MOVED]
    return [model.phrases.reason(column, float(values[1][column]), change)[1] for column in most]


def _points(bundle: Bundle, values: Floats) -> Floats:
    """Points of each feature, (n, features)."""
    found, _ = bundle.explain(values)
    return np.asarray(found[:, :-1] * POINTS_PER_LOG_ODDS * bundle.scale.calibration.slope)

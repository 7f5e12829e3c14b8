"""What the model and the rules say of one history: the numbers of the nightly table, bit for bit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from features.cells import instant
from features.lead_history import LeadHistory, read_history
from features.qualification import bant, latest_evidence, states
from features.recorded import sorted_recordings
from features.rule_settings import RuleSettings
from features.single import NO_TIMES, NO_VALUES, compute_one
from features.snapshots import Snapshots
from serving.language.phrases import Phrases
from serving.one_lead import ScoredLead, score_one
from training.bundle import Bundle

State = Literal["met", "unknown", "not_met"]
_STATE: Mapping[int, State] = {1: "met", 0: "unknown", -1: "not_met"}


@dataclass(frozen=True, slots=True)
class RulesVerdict:
    """What the rules (BANT unless configured otherwise) say: how many criteria are met, whether enough, and which."""

    met: int
    unknown: int
    qualified: bool
    criteria: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class HistoryScore:
    """One history as of a date: the model's side, and the rules beside it."""

    scored: ScoredLead
    bant: RulesVerdict


def score_history(
    bundle: Bundle, history: Mapping[str, object], as_of: datetime, most: int, phrases: Phrases | None = None
) -> HistoryScore:
    """Score of a history (see `read_history`) as of an aware time, with at most `most` reasons.

    Nothing at or after `as_of` is seen.

    Raises:
        InputContractError: the history is not as expected; the message names place, expected and got.
    """
    known = read_history(history, bundle.catalog.hygiene)
    values = compute_one(known, as_of, bundle.catalog)
    return HistoryScore(score_one(bundle, values, most, phrases), rules_verdict(known, as_of, bundle.policy.rules))


def rules_verdict(known: LeadHistory, as_of: datetime, rules: RuleSettings) -> RulesVerdict:
    """The verdict on a history's assessments before an aware time."""
    leads = len(known.block.created)
    assessed = {}
    for name in rules.criteria:
        time, met = known.assessments.get(name.lower(), (NO_TIMES, NO_VALUES))
        assessed[name] = sorted_recordings(np.full(len(time), known.lead), time, met, leads)
    evidence = latest_evidence(assessed, Snapshots(np.array([known.lead]), np.array([instant(as_of)])))
    verdict = bant(evidence, rules)
    by_criterion = zip(rules.criteria, states(evidence, rules)[0].tolist(), strict=True)
    return RulesVerdict(
        int(verdict.met[0]),
        int(verdict.unknown[0]),
        bool(verdict.qualified[0]),
        {name: _STATE[state] for name, state in by_criterion},
    )

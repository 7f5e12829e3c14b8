"""The class policy in the run's folder and in the report: all choices side by side, and what volumes bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.canvas import BANT, INK, LABELS, MODEL, MUTED, POINTS, axes_with, percent_format, svg
from training.evaluation import Estimate
from training.examine import Examined, Finding, strict_json
from training.policy_values import ClassPolicy, OptionName
from training.sections import Picture, Section
from training.wording import count, percent, percent_range

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES: Mapping[OptionName, str] = {
    "capacity": "Capacity of sales",
    "value": "A contact pays",
    "precision": "Wanted precision",
    "bant_volume": "As many as BANT",
    "bant": "BANT itself",
    "points": "Points themselves",
    "volume": "Model",
}
WINS = "Leads won among those worked, by how many are worked; the band is the 90 % interval."
BENEFIT = (
    "Net benefit per 100 leads, by the win rate from which a contact pays. The highest line is the best way to choose; "
    "working no lead is 0."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the template of the section shows beside the policy."""

    policy: ClassPolicy
    names: Mapping[OptionName, str]
    said: tuple[str, ...]
    has_value: bool
    has_cost: bool
    captions: Mapping[str, str]


def examine_policy(examined: Examined) -> Finding:
    """`policy.json`, and the section "Who is sales qualified"."""
    policy = examined.classes
    option = policy.option
    metrics = {
        "policy_threshold": policy.threshold,
        "policy_leads": option.leads.value,
        "policy_wins": option.wins.value,
        "policy_precision": option.precision.value,
        "policy_cost_per_sql": option.cost_per_sql.value,
    }
    known = {name: value for name, value in metrics.items() if value is not None}
    return Finding("policy", strict_json(policy), policy_section(policy), known)


def policy_section(policy: ClassPolicy) -> Section:
    """The section of the report."""
    rows = (*policy.options, *policy.rules)
    shown = Shown(
        policy,
        NAMES,
        sentences(policy),
        has_value=any(row.value.value is not None for row in rows),
        has_cost=any(row.cost_per_sql.value is not None for row in rows),
        captions={"wins": WINS, "benefit": BENEFIT},
    )
    pictures = {"benefit": Picture(svg("benefit", lambda: _benefit(policy)), BENEFIT)}
    if len(policy.volumes) > 1:
        pictures["wins"] = Picture(svg("wins", lambda: _wins(policy)), WINS)
    return Section("policy", "Who is sales qualified", "sections/policy.html", shown, pictures)


def sentences(policy: ClassPolicy) -> tuple[str, ...]:
    """The chosen policy in words: threshold, volume, what is expected, and whether to believe it."""
    option, period = policy.option, policy.period
    said = [
        f"A lead is sales qualified from a probability of {percent(policy.threshold)} on "
        f"({NAMES[policy.chosen].lower()})."
    ]
    if option.leads.value is not None and option.wins.value is not None:
        said.append(
            f"Expected: {_range(option.leads)} newly qualified {_per(period)}, {_range(option.wins)} of them won, "
            f"a win rate of {percent_range(option.precision)}."
        )
    if period == "week" and option.listed is not None and policy.open_leads is not None:
        said.append(
            f"At one time {count(option.listed)} of {count(policy.open_leads)} open leads are at or above it: "
            "so many are on the first list."
        )
    if option.happened.value is not None and option.predicted is not None:
        end = ", which differs beyond chance" if option.moved else ", which is within chance"
        said.append(
            f"On {_known(policy)}, the model expected {percent(option.predicted)} of as many leads to win and "
            f"{percent_range(option.happened)} did{end}."
        )
    else:
        said.append("No weeks with known outcomes could check this: the numbers rest on the model's probabilities.")
    return tuple(said)


def _per(period: str) -> str:
    return "leads a week" if period == "week" else "of 100 leads"


def _known(policy: ClassPolicy) -> str:
    if policy.period == "week":
        return f"{count(policy.matured_periods)} past weeks with known outcomes"
    return "the holdout"


def _range(found: Estimate) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return _number(found.value)
    return f"{_number(found.value)} ({_number(found.low)}–{_number(found.high)})"


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 10 else count(value)


def _wins(policy: ClassPolicy) -> Figure:
    below = "leads newly qualified a week" if policy.period == "week" else "leads qualified of 100"
    figure, axes = axes_with("What working n leads brings", below, "of them won")
    leads, wins, low, high = (np.array([_part(o, part) for o in policy.volumes]) for part in _PARTS)
    axes.fill_between(leads, low, high, color=MODEL, alpha=0.15, linewidth=0)
    axes.plot(leads, wins, color=MODEL, label=LABELS["model"])
    for rule, colour in zip(policy.rules, (BANT, POINTS), strict=True):
        if rule.leads.value is not None and rule.wins.value is not None:
            axes.plot([rule.leads.value], [rule.wins.value], "o", color=colour, label=NAMES[rule.name])
    if policy.option.leads.value is not None:
        axes.axvline(policy.option.leads.value, color=INK, linewidth=1, alpha=0.5)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    return figure


_PARTS = (("leads", "value"), ("wins", "value"), ("wins", "low"), ("wins", "high"))


def _part(option: object, part: tuple[str, str]) -> float:
    found = getattr(getattr(option, part[0]), part[1])
    return np.nan if found is None else float(found)


def _benefit(policy: ClassPolicy) -> Figure:
    figure, axes = axes_with("Decision curve", "a contact pays from this win rate on", "net benefit per 100 leads")
    curve = policy.decision_curve
    at = np.array([point.threshold for point in curve])
    model = np.array([(p.model.value, p.model.low, p.model.high) for p in curve], dtype=np.float64) * 100
    axes.fill_between(at, model[:, 1], model[:, 2], color=MODEL, alpha=0.15, linewidth=0)
    axes.plot(at, model[:, 0], color=MODEL, label=LABELS["model"])
    lines = (("all", MUTED, "All leads"), ("bant", BANT, LABELS["bant"]), ("points", POINTS, LABELS["points"]))
    for name, colour, label in lines:
        found = np.array([getattr(point, name) for point in curve], dtype=np.float64) * 100
        if np.isfinite(found).any():
            axes.plot(at, found, color=colour, label=label, linewidth=1.3)
    axes.axhline(0, color=INK, linewidth=1, alpha=0.5)
    top = max(np.nanmax(model), 0.1)
    axes.set_ylim(-0.25 * top, 1.1 * top)
    axes.set_xlim(0, at[np.nanmax(np.flatnonzero(model[:, 0] > 0.02 * top), initial=5)])
    axes.xaxis.set_major_formatter(percent_format())
    axes.legend(loc="upper right")
    return figure

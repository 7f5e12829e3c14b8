"""The evaluation as one self-contained HTML page: plain words first, details for data scientists below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.canvas import GRID, INK, LABELS, MUTED
from training.evaluation import SYSTEMS, EqualVolume, Estimate, Evaluation, SystemName, VerdictKind
from training.sections import Section
from training.wording import count, fixed, percent, percent_range, percentage_points

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
MOST_FEATURES = 40
BADGES: Mapping[VerdictKind, str] = {
    "model": "The model wins",
    "rules": "The rules win",
    "tie": "A tie",
    "no_signal": "No usable signal",
    "too_small": "Too little data",
}
SYSTEM_NAMES: Mapping[SystemName, str] = {**LABELS, "base_rate": "Base rate for all"}
CAPTIONS: Mapping[str, str] = {
    "gain": "Share of all wins found against share of leads worked, for each way to order the list.",
    "lift": "Win rate of the top of each list as a multiple of the average win rate.",
    "precision": "Win rate of the top of each list. The vertical line is what sales can work.",
    "reliability": "Observed win rate against predicted probability. On the dotted line, what is predicted happens.",
    "months": "Win rate that the model expected and that was observed, by month.",
    "scores": "Distribution of the score of leads that won and of the others. Further apart is better.",
    "quadrants": "Win rate by the model's class and the BANT verdict.",
    "beeswarm": "Points that each feature adds to or takes from the score; one dot is one lead.",
}


@dataclass(frozen=True, slots=True)
class FoldFact:
    """One fold: which as-of dates it trained and tested on (None for tables without times), and how many rows."""

    name: str
    train_from: datetime | None
    train_to: datetime | None
    test_from: datetime | None
    test_to: datetime | None
    n_train: int
    n_test: int


@dataclass(frozen=True, slots=True)
class FeatureFact:
    """A feature of the catalog and its mean absolute contribution in points of the score."""

    name: str
    words: str
    group: str
    mean_points: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page says beside the evaluation: where the data and the model come from.

    `outcome` completes "a win is …"; `dropped` counts training-table rows left out by reason; `fingerprints` are
    names and hashes (data, code, catalog); `notes` come from the door.
    """

    project: str
    data_end: datetime | None
    outcome: str
    n_train: int
    folds: tuple[FoldFact, ...]
    gap_days: int | None
    dropped: Mapping[str, int]
    features: tuple[FeatureFact, ...]
    parameters: Mapping[str, str | int | float | bool]
    bundle_id: str
    fingerprints: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that matters, what it is, and what to compare it with."""

    title: str
    value: str
    beside: str


def render_report(
    evaluation: Evaluation, figures: Mapping[str, str], facts: Facts, sections: Sequence[Section] = ()
) -> str:
    """The page as HTML text: no script, no request, everything inline; `figures` are SVG texts by name."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "percent_range": percent_range,
        "fixed": fixed,
        "count": count,
        "day": _day,
        "points": _signed_range,
    }
    page = environment.get_template("report.html").render(
        evaluation=evaluation,
        facts=facts,
        badge=BADGES[evaluation.verdict.kind],
        tiles=tiles(evaluation),
        figures={name: _inline(svg, CAPTIONS[name]) for name, svg in figures.items()},
        captions=CAPTIONS,
        names=SYSTEM_NAMES,
        systems=SYSTEMS,
        equal_volume=[_volume_row(row) for row in evaluation.equal_volume],
        features=sorted(facts.features, key=lambda f: (-f.mean_points, f.name))[:MOST_FEATURES],
        differences=_differences(evaluation),
        sections=[_shown(section) for section in sections],
    )
    return re.sub(r"(\d) %", "\\1\u00a0%", page)  # a number and its unit stay on one line


def tiles(evaluation: Evaluation) -> list[Tile]:
    """The numbers of the first screen, at most four; those that are not known are left out."""
    found = [*_capacity_tiles(evaluation), *_rule_tiles(evaluation)]
    lift = evaluation.systems["model"].lift_at_10
    if lift.value is not None and len(found) < 4:
        found.insert(0, Tile("Wins in the top 10 %", f"{lift.value:.1f}×", f"as many as chance{_range(lift, 1, 1)}"))
    return found


def _capacity_tiles(evaluation: Evaluation) -> list[Tile]:
    """What sales gets from working the model's list down to its capacity."""
    at, rate = evaluation.systems["model"].precision_at_capacity, evaluation.calibration.observed.value
    if at.value is None or not rate:
        return []
    share = percent(evaluation.capacity_share)
    found = min(1.0, at.value * evaluation.capacity_share / rate)
    against = f"against {percent(rate)} of all leads{_range(at, 100, 0)}"
    return [
        Tile(f"Working the top {share} finds", percent(found), "of all wins"),
        Tile(f"Win rate of that top {share}", percent(at.value), against),
    ]


def _rule_tiles(evaluation: Evaluation) -> list[Tile]:
    """Wins of the model's picks beside those of a rule: BANT at its own volume, points at capacity."""
    out = []
    for row in evaluation.equal_volume:
        rule, model = row.rule_precision.value, row.model_precision.value
        if rule is None or model is None or (row.rule == "bant") != (row.at == "bant_volume"):
            continue
        title, other = ("BANT's volume", "BANT finds") if row.rule == "bant" else ("capacity", "points find")
        beside = f"in {count(row.count)} leads; {other} {count(rule * row.count)}"
        out.append(Tile(f"Wins found at {title}", count(model * row.count), beside))
    return out


def _range(found: Estimate, scale: float, digits: int) -> str:
    if found.low is None or found.high is None:
        return ""
    return f" ({scale * found.low:.{digits}f}–{scale * found.high:.{digits}f})"


def _volume_row(row: EqualVolume) -> Mapping[str, Any]:
    """Texts of one comparison at equal volume."""
    bant = row.rule == "bant"
    at_bant = "leads that BANT qualifies" if bant else "as many as BANT qualifies"
    return {
        "rule": SYSTEM_NAMES[row.rule],
        "at": at_bant if row.at == "bant_volume" else "sales capacity",
        "count": count(row.count),
        "rule_rate": row.rule_precision,
        "model_rate": row.model_precision,
        "difference": row.difference,
        "rule_wins": _wins(row.rule_precision, row.count),
        "model_wins": _wins(row.model_precision, row.count),
    }


def _wins(rate: Estimate, picked: float) -> str:
    return "–" if rate.value is None else count(rate.value * picked)


def _differences(evaluation: Evaluation) -> list[tuple[str, list[Estimate]]]:
    """Per other system, the model's lead in the metrics of the differences table."""
    metrics = ("roc_auc", "pr_auc", "lift_at_10", "brier")
    others: Sequence[SystemName] = [name for name in SYSTEMS if name != "model"]
    return [(SYSTEM_NAMES[o], [evaluation.difference(m, o) for m in metrics]) for o in others]


def _signed_range(found: Estimate) -> str:
    """A difference of rates in percentage points with its interval."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return percentage_points(found.value)
    return f"{percentage_points(found.value)} ({percentage_points(found.low)} to {percentage_points(found.high)})"


def _day(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%Y-%m-%d}"


def _shown(section: Section) -> dict[str, object]:
    """A section with its drawings ready to stand in the page."""
    pictures = {name: _inline(picture.svg, picture.caption) for name, picture in section.pictures.items()}
    return {**{f.name: getattr(section, f.name) for f in fields(section)}, "pictures": pictures}


def _inline(svg: str, caption: str) -> Markup:
    """A figure ready to stand inside the page: no XML prolog, the page's colours, a label for screen readers."""
    from markupsafe import Markup

    body = svg[svg.index("<svg") :]
    for colour, variable in ((INK, "ink"), (MUTED, "muted"), (GRID, "line")):
        body = body.replace(colour, f"var(--{variable}, {colour})")
    body = re.sub(r'\s(?:width|height)="[\d.]+pt"', "", body, count=2)
    label = f'<svg role="img" aria-label="{escape(caption)}"'
    return Markup(body.replace("<svg", label, 1))  # noqa: S704 - our own drawing, whose texts matplotlib escapes

"""Selective working: what a holdout says when only worked leads can be won, and what exploration makes of it.

Writes docs/benchmarks/selection.md. Run with `python -m benchmarks.selection`; five minutes of one processor.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from features.project import Project, read_project
from features.tables import Tables, tables_from_frames
from features.windows import Floats
from serving.exploration import drawn, worked_probability
from training.dataset import load_dataset
from training.evaluation import Estimate
from training.folds import outer_folds
from training.handed_over import handed_over
from training.judge import judge_holdout
from training.metrics import lift_at, pr_auc
from training.settings import read_training_settings
from training.weighted import SelectedMetrics, plain_metrics, weighted_metrics

SEEDS, LEADS, SHARE, QUALIFIED = range(80, 120), 12_000, 0.05, 0.2
END = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "selection.md"
QUANTITIES = {
    "win_rate": "win rate",
    "difference": "predicted − won",
    "pr_auc": "PR-AUC",
    "lift_at_10": "lift, top 10 %",
}
TOML = f"""
[project]
name = "selective"
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
[exploration]
share = {SHARE}
[model]
max_trees = 150
threads = 1
"""


@dataclass(frozen=True, slots=True)
class World:
    """Tables in which only worked leads can be won, and what nobody sees: the probability if each lead were worked."""

    tables: Tables
    truth: pd.Series


@dataclass(frozen=True, slots=True)
class Measured:
    """One world: the truth, the holdout as it is, and what each estimator says."""

    truth: Mapping[str, float]
    holdout: Mapping[str, float]
    found: Mapping[str, SelectedMetrics]


def main() -> None:
    """Measure all worlds and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for seed in SEEDS:
            rows.append(measured(project_in(Path(folder) / str(seed)), seed))
            print(seed, rows[-1].truth, rows[-1].holdout, rows[-1].found["weighted"], flush=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    print(page(rows))


def project_in(folder: Path) -> Project:
    """The project file of such a world."""
    folder.mkdir(parents=True)
    (folder / "ripelead.toml").write_text(TOML, encoding="utf-8")
    return read_project(folder)


def world(project: Project, seed: int) -> World:
    """Leads of two years; sales works the highest fifth by clicks, and those that the exploration draws.

    Clicks tell of interest, visits too; the old score reads clicks alone. Who would buy depends on interest and on a
    need that shows in visits, whatever sales does; who is not worked is never won.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"L{i:06d}" for i in range(LEADS)])
    created = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(rng.uniform(0, 720, LEADS)), unit="D")
    created = pd.Series(created).dt.round("us")
    interest, need = rng.normal(0, 1, (2, LEADS))
    clicks, visits = rng.poisson(np.exp(0.3 + 0.7 * interest)), rng.poisson(np.exp(0.5 + 0.7 * need))
    wins_if_worked = expit(-1.9 + 0.7 * interest + 0.9 * need)
    old_score = clicks + rng.uniform(0, 1, LEADS)
    qualified = old_score >= np.quantile(old_score, 1 - QUALIFIED)
    settings = read_training_settings(project).exploration
    decided = created + pd.Timedelta("7D")
    as_of = decided.astype("int64").to_numpy() // _units(decided)
    marks = drawn(pa.array(ids, pa.string()), as_of, settings)
    worked = qualified | marks
    won = worked & (rng.random(LEADS) < wins_if_worked)
    closed = decided + pd.Series(pd.to_timedelta(rng.uniform(5, 80, LEADS), unit="D")).dt.round("us")
    tables = _tables(ids, created, (clicks, visits), rng)
    deals = pd.DataFrame({"lead_id": ids, "closed_at": closed, "status": "won"})[won]
    decisions = pd.DataFrame({"lead_id": ids, "decided_at": decided, "decision": "accept"})
    decisions["exploration"], decisions["worked_probability"] = marks, worked_probability(qualified, settings)
    frames = {**tables, "deals": deals, "decisions": decisions[worked]}
    return World(tables_from_frames(END, **frames), pd.Series(wins_if_worked, ids))


def _units(times: pd.Series) -> int:
    return {"us": 1, "ns": 1000}[np.datetime_data(times.dt.tz_localize(None).dtype)[0]]


def _tables(
    ids: np.ndarray, created: pd.Series, counts: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    parts = []
    for kind, count in zip(("email_click", "page_view"), counts, strict=True):
        who = np.repeat(np.arange(len(ids)), count)
        times = created.iloc[who].reset_index(drop=True) + pd.Series(
            pd.to_timedelta(rng.uniform(0, 6.9, len(who)), unit="D")
        ).dt.round("us")
        parts.append(pd.DataFrame({"lead_id": ids[who], "occurred_at": times, "kind": kind}))
    leads = pd.DataFrame({"lead_id": ids, "created_at": created})
    return {"leads": leads, "interactions": pd.concat(parts, ignore_index=True)}


def measured(project: Project, seed: int) -> Measured:
    """Train before the holdout, as every training does, and compare what is said of it with the truth."""
    settings, made = read_training_settings(project), world(project, seed)
    dataset = load_dataset(project, settings, made.tables)
    rng = np.random.default_rng(seed)
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)
    judged = judge_holdout(project, settings, dataset, folds, _silent)
    rows = handed_over(project, settings, dataset, judged)
    if rows is None:
        raise ValueError("no hand-over in the holdout")
    found = {
        "handed over": plain_metrics(rows, rng),
        "drawn": plain_metrics(rows.take(rows.drawn), rng),
        "weighted": weighted_metrics(rows, rng),
    }
    frame = judged.frame
    score, label = frame["propensity"].to_numpy(), frame["label"].to_numpy(np.float64)
    return Measured(true_metrics(score, made.truth[frame["lead_id"]].to_numpy()), true_metrics(score, label), found)


def _silent(_text: str) -> None:
    pass


def true_metrics(score: Floats, probability: Floats) -> dict[str, float]:
    """Metrics of a score when every row wins with its probability (0 or 1 for known outcomes)."""
    label = np.repeat([1.0, 0.0], len(score))
    both, weight = np.tile(score, 2), np.concatenate([probability, 1 - probability])
    return {
        "win_rate": float(probability.mean()),
        "difference": float(score.mean() - probability.mean()),
        "pr_auc": pr_auc(label, both, weight),
        "lift_at_10": lift_at(label, both, 0.1, weight),
    }


def page(rows: Sequence[Measured]) -> str:
    """The page as Markdown."""
    table = "\n".join(_line(rows, name, title) for name, title in QUANTITIES.items())
    worth = np.mean([row.found["weighted"].effective_rows for row in rows])
    handed = np.mean([row.found["weighted"].rows for row in rows])
    drawn_rows = np.mean([row.found["drawn"].rows for row in rows])
    return f"""# Selective working: what exploration makes known

Made by `python -m benchmarks.selection`: {len(rows)} simulated worlds of {LEADS:,} leads. Sales works the highest
{QUALIFIED:.0%} by an old score and a random {SHARE:.0%} whatever their score; who is not worked is never won. The model
is trained and judged as by `ripelead train`. *Truth* is what would become of the holdout's leads if sales worked every
one of them: the simulator knows it, the product does not.

Means over the worlds; behind each, in how many of {len(rows)} the 90 % interval holds the truth.

| | truth | holdout as it is | handed over, as they are | drawn by chance | all, weighted |
|---|---|---|---|---|---|
{table}

On average {handed:,.0f} leads of the holdout were handed over, {drawn_rows:,.0f} of them drawn; weighted they are worth
{worth:,.0f} equal rows. The weighted figures use every hand-over, the drawn ones only those that chance chose: both are
right on average for win rate and calibration, and as wide as so few leads make them. Average precision of few rows is
too high by nature, and that of resamples still more; its interval is mirrored (basic bootstrap), which takes that off.

**What to see.** The holdout as it is says how well the model foretells what *the old way of working* made of a lead.
Its win rate is far below what sales could win, and the model looks better than it is: leads that the old score left
alone count as lost, and the model has learned to leave them alone too. Among the leads that sales took, all is selected
by the old score. Without exploration nothing in the data tells these apart; the report then says so.
"""


def _line(rows: Sequence[Measured], name: str, title: str) -> str:
    digits = 1 if name == "lift_at_10" else 3
    plain = [f"{np.mean([getattr(row, part)[name] for row in rows]):.{digits}f}" for part in ("truth", "holdout")]
    cells = [_cell(rows, name, part, digits) for part in ("handed over", "drawn", "weighted")]
    return f"| {title} | " + " | ".join([*plain, *cells]).replace("-", "−") + " |"


def _cell(rows: Sequence[Measured], name: str, part: str, digits: int) -> str:
    found: list[Estimate] = [getattr(row.found[part], name) for row in rows]
    values = [one.value for one in found if one.value is not None]
    held = sum(
        one.low is not None and one.high is not None and one.low <= row.truth[name] <= one.high
        for one, row in zip(found, rows, strict=True)
    )
    return f"{np.mean(values):.{digits}f} ({held})"


if __name__ == "__main__":
    main()

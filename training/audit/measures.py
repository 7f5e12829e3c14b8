"""How much a column tells of the outcome, with its uncertainty: out-of-fold rates, AUC, share of entropy, odds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2, rankdata

from features.windows import Bools, Floats, Ints
from training.audit.suspects import Bar

Outcomes = npt.NDArray[np.int8]
FOLDS = 5
BINS = 20
FEW_VALUES = 30
MOST_CATEGORIES = 300
# A group's rate is drawn to the base rate as if so many rows more had it.
PRIOR_ROWS = 5
# Standard errors: with 50 columns, one of 1,000 tables without any signal passes by chance.
LIMIT = 4.0
MISSING = 0
NEAR = 1e-6
MOST_BARS = 8


@dataclass(frozen=True, slots=True)
class Strength:
    """AUC of out-of-fold rates and the share of the outcome's entropy they explain; `…_low` are lower limits."""

    auc: float
    auc_low: float
    share: float
    share_low: float

    def numbers(self) -> dict[str, float]:
        """For a suspect's evidence."""
        return {"auc": round(self.auc, 4), "auc_low": round(self.auc_low, 4), "entropy_share": round(self.share, 4)}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with something, and the rows without: counts and wins."""

    rows: int
    wins: int
    rows_outside: int
    wins_outside: int

    @property
    def rate(self) -> float:
        """Win rate inside."""
        return self.wins / max(self.rows, 1)

    @property
    def rate_outside(self) -> float:
        """Win rate outside, half a win added so that it is never 0 or 1."""
        return (self.wins_outside + 0.5) / (self.rows_outside + 1)


def binned(values: pd.Series) -> Ints:
    """Codes of a column: 0 where missing, numbers and times with many values in bins of equal size."""
    if pd.api.types.is_datetime64_any_dtype(values):
        known = values.notna().to_numpy()
        values = pd.Series(np.where(known, values.astype("int64").to_numpy(), np.nan))
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and values.nunique() > FEW_VALUES:
        return _quantile_codes(values.to_numpy(np.float64, na_value=np.nan))
    codes, _ = pd.factorize(values.astype("str") if values.dtype == object else values, sort=False)
    frequent = np.argsort(-np.bincount(codes[codes >= 0], minlength=1), kind="stable")[:MOST_CATEGORIES]
    place = np.full(int(codes.max(initial=-1)) + 2, len(frequent) + 1)
    place[frequent] = np.arange(1, len(frequent) + 1)
    place[-1] = MISSING
    return place[codes].astype(np.int64)


def _quantile_codes(numbers: Floats) -> Ints:
    known = ~np.isnan(numbers)
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    # A value that many rows share (0 mostly) gets a bin of its own.
    edges = np.unique(np.concatenate([edges, np.nextafter(edges, -np.inf)]))
    return np.where(known, np.searchsorted(edges, numbers, side="left") + 1, MISSING).astype(np.int64)


def out_of_fold_rates(code: Ints, label: Outcomes, fold: Ints) -> Floats:
    """Win rate of each row's code in the other folds, drawn to their base rate."""
    size = int(code.max(initial=0)) + 1
    place = fold * size + code
    each = [np.bincount(place, weights, FOLDS * size).reshape(FOLDS, size) for weights in (None, label)]
    rows, wins = (part.sum(axis=0) - part for part in each)
    base = (wins.sum(axis=1) + 0.5) / (rows.sum(axis=1) + 1)
    rates = (wins + PRIOR_ROWS * base[:, None]) / (rows + PRIOR_ROWS)
    return np.asarray(rates[fold, code])


def strength_of(code: Ints, label: Outcomes, fold: Ints) -> Strength:
    """How much one coded column tells by itself about rows that its rates were not learned from."""
    rate = out_of_fold_rates(code, label, fold)
    auc, error = auc_of(rate, label)
    share, share_error = entropy_share(rate, label)
    return Strength(auc, auc - LIMIT * error, share, share - LIMIT * share_error)


def auc_of(score: Floats, label: Outcomes) -> tuple[float, float]:
    """AUC and its standard error (Hanley and McNeil 1982); .5 ± .5 without both outcomes."""
    wins = int(label.sum())
    losses = len(label) - wins
    if min(wins, losses) < 2:
        return 0.5, 0.5
    auc = float((rankdata(score)[label == 1].sum() - wins * (wins + 1) / 2) / (wins * losses))
    better, worse = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (wins - 1) * (better - auc**2) + (losses - 1) * (worse - auc**2)
    # At an AUC of 0 or 1 the formula gives no variance: half a pair is the least that is not known.
    return auc, float(np.sqrt(max(variance, 0.25) / (wins * losses)))


def entropy_share(rate: Floats, label: Outcomes) -> tuple[float, float]:
    """Share of the outcome's entropy that the rates explain (0: nothing, 1: all), and its standard error."""
    base = float(np.clip(label.mean(), 1e-9, 1 - 1e-9))
    entropy = -(base * np.log(base) + (1 - base) * np.log1p(-base))
    clipped = np.clip(rate, 1e-6, 1 - 1e-6)
    gain = np.where(label == 1, np.log(clipped / base), np.log((1 - clipped) / (1 - base)))
    return float(gain.mean() / entropy), float(gain.std() / np.sqrt(len(label)) / entropy)


def p_value(code: Ints, label: Outcomes) -> float:
    """Probability that a column without any relation to the outcome looks as related as this one (chi-squared).

    Codes with fewer than 5 expected wins or losses are pooled: the approximation needs them.
    """
    rows = np.bincount(code).astype(np.float64)
    wins = np.bincount(code, weights=label, minlength=len(rows))
    base = label.mean()
    small = rows * min(base, 1 - base) < 5
    rows, wins = (np.append(part[~small], part[small].sum()) for part in (rows, wins))
    rows, wins = rows[rows > 0], wins[rows > 0]
    if len(rows) < 2 or base in (0, 1):
        return 1.0
    statistic = float(((wins - rows * base) ** 2 / (rows * base * (1 - base))).sum())
    return float(chi2.sf(statistic, len(rows) - 1))


def group_of(inside: Bools, label: Outcomes) -> Group:
    """A group of rows against the others."""
    rows, wins = int(inside.sum()), int(label[inside].sum())
    return Group(rows, wins, len(label) - rows, int(label.sum()) - wins)


def odds_limits(group: Group) -> tuple[float, float]:
    """Limits of the odds of a win in a group over those of the others: 0 and infinity where one side has no such row.

    Cornfield's: the counts the margins allow that a chi-square of `LIMIT` standard errors does not refuse. They hold
    where nobody of the group lost, which limits from the logarithm do not.
    """
    hits, rows, wins = group.wins, group.rows, group.wins + group.wins_outside
    spare = group.rows_outside - wins
    least, most = max(0, -spare), min(rows, wins)
    low = _odds_at(group, least, hits) if hits > least else 0.0
    high = _odds_at(group, most, hits) if hits < most else np.inf
    return low, high


def _odds_at(group: Group, end: int, hits: int) -> float:
    """The odds ratio of the count between the seen one and an end of its range that is just not refused."""
    rows, wins = group.rows, group.wins + group.wins_outside
    spare = group.rows_outside - wins

    def beyond(count: float) -> float:
        cells = np.array([count, wins - count, rows - count, spare + count])
        return float((hits - count) ** 2 * (1 / cells).sum() - LIMIT**2)

    inside = NEAR if end < hits else -NEAR
    count = brentq(beyond, end + inside, hits - inside)
    return float(count * (spare + count) / ((wins - count) * (rows - count)))


def least_share(hits: int, of: int, limit: float = 2.6) -> float:
    """Lower limit of a share (Wilson), `limit` standard errors away."""
    if of == 0:
        return 0.0
    p, z2 = hits / of, limit**2
    spread = limit * np.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return float((p + z2 / (2 * of) - spread) / (1 + z2 / of))


def bars_of(values: pd.Series, label: Outcomes) -> tuple[Bar, ...]:
    """Win rate by value (by fifths of numbers and times), the largest groups, missing last; for the picture."""
    numeric = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    if numeric and values.nunique() > MOST_BARS:
        return _ranges(values.reset_index(drop=True), label)
    text = values.astype("str").where(values.notna(), None).reset_index(drop=True)
    counts = text.value_counts()
    # A value of few rows may be a person's name: it is not kept.
    shown = [str(name) for name in counts.index[: MOST_BARS - 1] if counts[name] >= 30]
    groups = [(name, (text == name).to_numpy()) for name in shown]
    rest = (text.notna() & ~text.isin(shown)).to_numpy()
    return _bars([*groups, ("other", rest), ("not known", text.isna().to_numpy())], label)


def _ranges(values: pd.Series, label: Outcomes) -> tuple[Bar, ...]:
    fifth = pd.qcut(values.rank(method="average"), 5, labels=False, duplicates="drop")
    groups = []
    for number in sorted(fifth.dropna().unique()):
        inside = (fifth == number).to_numpy()
        low, high = values[inside].min(), values[inside].max()
        groups.append((f"{_short(low)} to {_short(high)}" if low != high else _short(low), inside))
    return _bars([*groups, ("not known", values.isna().to_numpy())], label)


def _short(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:,.4g}"


def _bars(groups: Sequence[tuple[str, Bools]], label: Outcomes) -> tuple[Bar, ...]:
    return tuple(Bar(name, int(rows.sum()), float(label[rows].mean())) for name, rows in groups if rows.any())

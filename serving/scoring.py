"""Scoring: feature rows to propensity, shown score, class and the numbers of the reasons; no text is made here."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import Catalog
from features.windows import Bools, Floats, Ints
from serving.reasons import HIGHEST, LOWEST, Named, Rows, Small, name_reasons, part_of, places_for
from serving.sanity import Codes, sanity_rules
from serving.scoring_rows import RULE_COLUMNS, RULES, ScoringRows, one_array
from training.bundle import Bundle
from training.contributions import POINTS_PER_LOG_ODDS, Scale

BLOCK = 8192
"""Rows whose contributions are in memory at once, per thread."""
PER_REASON = ("column", "points", "value")


@dataclass(frozen=True, slots=True)
class Scores:
    """Numbers of n leads with at most k reasons each; see `serving.reasons.Named` for the reasons.

    `as_of` in microseconds (`NEVER`: not known), `rules` as in `ScoringRows`, `score` the shown one (0…100), `low` and
    `high` the range of the propensity. On every row start + points + cut + rest = score: `cut` is what lies beyond the
    end of the scale.
    """

    lead_id: pa.Array
    as_of: Ints
    rules: pa.Table
    propensity: Floats
    low: Floats
    high: Floats
    familiar: Bools
    score: Ints
    qualified: Bools
    start: Small
    column: Small
    points: Small
    value: Floats
    cut: Small
    rest: Small
    others: Small

    def __len__(self) -> int:
        return len(self.score)

    def slice(self, first: int, stop: int) -> "Scores":
        """The leads from `first` to before `stop`, without copying."""
        stop = min(stop, len(self))
        text = {"lead_id": self.lead_id.slice(first, stop - first), "rules": self.rules.slice(first, stop - first)}
        return Scores(**text, **{name: getattr(self, name)[first:stop] for name in NUMBERS})

    def take(self, order: Ints) -> "Scores":
        """The chosen leads, in that order."""
        index = pa.array(order)
        text = {"lead_id": self.lead_id.take(index), "rules": self.rules.take(index)}
        return Scores(**text, **{name: getattr(self, name)[order] for name in NUMBERS})


NUMBERS = tuple(field.name for field in fields(Scores) if field.name not in ("lead_id", "rules"))


def score_rows(bundle: Bundle, rows: ScoringRows, most: int, threads: int = 0) -> Scores:
    """Scores of all rows in their order, with at most `most` reasons each; `threads` 0 means all cores.

    A row's numbers depend on no other row and not on `threads`. Contributions are computed block by block: memory
    beside the result is some megabytes a thread. With `most` 0 nothing is explained.
    """
    if most == 0:
        named = places_for(len(rows), 0)
        sums = bundle.leaf_sums(rows.values, threads)
        return _scores(bundle, rows, bundle.raw(rows.values, threads), sums, named)
    named = places_for(len(rows), min(most, len(bundle.catalog.features)))
    raw, sums = np.empty(len(rows)), np.empty(len(rows))
    sanity = sanity_of(bundle.catalog)

    # Without tables LightGBM brings its own threads.
    workers, inner = (threads or os.cpu_count() or 1, 1) if bundle.tables is not None else (1, threads)

    def block(first: int) -> None:
        here = slice(first, min(first + BLOCK, len(rows)))
        raw[here], sums[here] = explain_block(bundle, rows.values[here], sanity, part_of(named, here), inner)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(block, range(0, len(rows), BLOCK)))
    return _scores(bundle, rows, raw, sums, named)


_KNOWN: dict[int, tuple[Catalog, Codes]] = {}
MOST_KNOWN = 16


def sanity_of(catalog: Catalog) -> Codes:
    """Sanity code per feature, found once for each catalog: one lead would wait longer for it than for all the rest."""
    known = _KNOWN.get(id(catalog))
    if known is None:
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[id(catalog)] = (catalog, sanity_rules(catalog))  # kept alive: its id is not used again
    return known[1]


def explain_block(
    bundle: Bundle, values: Floats, sanity: Codes, named: Named, threads: int = 1
) -> tuple[Floats, Floats]:
    """Raw scores (n,) and leaf sums (n,) of the rows `values` (n, features); their reasons go into `named`."""
    scale = bundle.scale
    values = np.require(values, np.float64, ["C", "W"])  # arrays of another kind would be compiled for anew
    found, raw, sums = bundle.explain_with_sums(values, threads)
    rows = Rows(found, values, scale.score(found[:, -1]), whole_score(scale, raw))
    name_reasons(rows, float(POINTS_PER_LOG_ODDS * scale.calibration.slope), sanity, named)
    return raw, sums


def whole_score(scale: Scale, raw: Floats) -> Ints:
    """Rounded scores of raw scores, not cut at the ends of the scale."""
    return np.rint(scale.score(raw)).astype(np.int64)


def _scores(bundle: Bundle, rows: ScoringRows, raw: Floats, sums: Floats, named: Named) -> Scores:
    propensity = bundle.scale.calibration.probability(raw)
    limits = bundle.limits(rows.values, raw, sums)
    whole = whole_score(bundle.scale, raw)
    score = np.clip(whole, LOWEST, HIGHEST)
    return Scores(
        lead_id=rows.lead_id,
        as_of=rows.as_of,
        rules=rows.rules,
        propensity=propensity,
        **limits._asdict(),
        score=score,
        qualified=bundle.policy.qualifies(propensity, limits.familiar),
        cut=(score - whole).astype(np.int32),
        **named._asdict(),
    )


def ranked(scores: Scores) -> Ints:
    """Order of the leads from the ripest on: propensity descending, then lead_id by its bytes, then as_of."""
    table = pa.table({"propensity": scores.propensity, "lead_id": scores.lead_id, "as_of": scores.as_of})
    keys = [("propensity", "descending"), ("lead_id", "ascending"), ("as_of", "ascending")]
    return np.asarray(pc.sort_indices(table, sort_keys=keys).to_numpy(), np.int64)


def to_arrow(scores: Scores) -> pa.Table:
    """Scores as a table, without loss: one row per lead, what is (n, k) as fixed-size lists."""
    columns = {"lead_id": scores.lead_id.cast(pa.large_string())}
    for name in NUMBERS:
        numbers = getattr(scores, name)
        if name not in PER_REASON:
            columns[name] = pa.array(numbers)
        elif numbers.shape[1]:
            columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), numbers.shape[1])
    return pa.table(columns | {f"rule_{name}": scores.rules[name] for name in RULE_COLUMNS})


def from_arrow(table: pa.Table) -> Scores:
    """Scores from `to_arrow`'s table."""
    empty = places_for(len(table), 0)
    numbers = {name: _numbers(table[name]) if name in table.column_names else getattr(empty, name) for name in NUMBERS}
    rules = pa.table([table[f"rule_{name}"] for name in RULE_COLUMNS], schema=RULES)
    return Scores(lead_id=one_array(table["lead_id"]), rules=rules, **numbers)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    array = one_array(column)
    if not pa.types.is_fixed_size_list(array.type):
        return np.array(array.to_numpy(zero_copy_only=False))
    return np.array(array.flatten().to_numpy()).reshape(len(array), array.type.list_size)

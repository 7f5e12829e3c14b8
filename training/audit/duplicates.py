"""Identical rows on both sides of a fold: the model is asked what it was told.

Rows may be identical because there is little to tell about them: then they win no more alike than similar rows do, and
rows that differ in one attribute are many times more frequent. So a suspect needs twins that agree beyond what a model
that never saw them expects, or many twins in a table so rich that nearly equal rows are rare.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.windows import Ints
from training.audit.evidence import Evidence
from training.audit.measures import Outcomes, binned
from training.audit.quick import LEAST_ROWS, quick_probabilities
from training.audit.suspects import Bar, Suspect
from training.dataset import Dataset
from training.folds import Fold, outer_folds
from training.wording import percent

LEAST_PAIRS, LEAST_SHARE, SURE = 10, 0.005, 4.0
# Without more agreement: share of held rows with a twin, attributes in which two rows differ, nearly equal rows a twin.
MANY, RICH, NEAR, BEYOND_CHANCE = 0.05, 5.0, 4.0, 2.3
MOST_MODEL_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of `LeadRows`: each held row with one training row that equals it."""

    held: Ints
    trained: Ints


def check_duplicates(evidence: Evidence) -> list[Suspect]:
    """Twins across the folds that judge the model, by equal attributes or equal e-mail addresses."""
    if len(evidence.leads.label) < LEAST_ROWS:
        return []
    sides = _sides(evidence)
    found = []
    for column, key in _keys(evidence).items():
        pairs = twins(key, sides)
        if len(pairs.held) >= max(LEAST_PAIRS, LEAST_SHARE * len(key)):
            found += _judged(evidence, column, key, pairs)
    return found


def _keys(evidence: Evidence) -> dict[str, Ints]:
    """Numbers that are equal for twins, −1 for rows that have none."""
    leads, keys = evidence.leads, {}
    attributes = leads.attributes
    if attributes.shape[1]:
        compared = attributes.assign(_created=leads.created) if evidence.dataset.tables.timed else attributes
        keys["identical rows"] = pd.factorize(pd.util.hash_pandas_object(compared.astype("str"), index=False))[0]
    email = evidence.dataset.histories.leads["email"].iloc[leads.number].str.lower()
    if email.notna().any():
        keys["equal e-mail"] = pd.factorize(email)[0]
    return {name: key.astype(np.int64) for name, key in keys.items()}


def _sides(evidence: Evidence) -> list[tuple[Ints, Ints]]:
    """Training and held rows of each fold, as positions in `LeadRows`."""
    from features.errors import InputContractError

    dataset = evidence.dataset
    place = np.full(len(dataset.histories.lead_ids), -1)
    place[evidence.leads.number] = np.arange(len(evidence.leads.number))
    try:
        folds = outer_folds(dataset.rows, evidence.settings.folds, dataset.matured, evidence.rng())
    except InputContractError:
        return []  # training refuses such folds itself, and says why
    return [(_places(dataset, fold, place, "train"), _places(dataset, fold, place, "holdout")) for fold in folds]


def _places(dataset: Dataset, fold: Fold, place: Ints, side: str) -> Ints:
    rows = fold.train if side == "train" else fold.holdout
    places = place[np.unique(dataset.snapshots.lead[rows])]
    return np.asarray(places[places >= 0])


def twins(key: Ints, sides: list[tuple[Ints, Ints]]) -> Pairs:
    """For each key that stands on both sides of a fold, one held and one training row."""
    held, trained = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    seen = np.empty(0, np.int64)
    for train_rows, held_rows in sides:
        there, first = np.unique(key[train_rows], return_index=True)
        here, of_held = np.unique(key[held_rows], return_index=True)
        both, in_train, in_held = np.intersect1d(there, here, return_indices=True)
        new = (both >= 0) & ~np.isin(both, seen)
        trained.append(train_rows[first[in_train[new]]])
        held.append(held_rows[of_held[in_held[new]]])
        seen = np.concatenate([seen, both[new]])
    return Pairs(np.concatenate(held), np.concatenate(trained))


def _judged(evidence: Evidence, column: str, key: Ints, pairs: Pairs) -> list[Suspect]:
    """A suspect where twins agree beyond what their attributes tell."""
    label = evidence.leads.label
    keep = _some(len(label), pairs, evidence.rng())
    expected = np.full(len(label), np.nan)
    expected[keep] = quick_probabilities(
        _matrix(evidence)[keep], label[keep], _groups(key)[keep], evidence.settings.model
    )
    agree, usual, z = agreement(label, expected, pairs)
    numbers = {"sets": float(len(pairs.held)), "agree": agree, "expected": usual, "z": round(z, 1)}
    if z >= SURE:
        why = f"{percent(usual)} would be expected of rows alike: the model is judged on what it was told"
    elif column == "identical rows" and _copied(evidence, key, pairs):
        why = "rows that differ in one attribute are too rare for that to be chance: they look like copies"
    else:
        return []
    sentence = (
        f"{len(pairs.held):,} sets of {column} stand on both sides of a fold, {percent(agree)} of them with the same "
        f"outcome; {why}"
    )
    bars = (Bar("same outcome", len(pairs.held), agree), Bar("expected", len(pairs.held), usual))
    line = '[folds] kind = "group", group = ' + ('"identical"' if column == "identical rows" else '["email"]')
    return [Suspect("duplicates", "leads", column, agree, numbers, sentence, line, False, bars, measure="share")]


def _copied(evidence: Evidence, key: Ints, pairs: Pairs) -> bool:
    """Whether many rows are identical although rows are rich, and outcomes of twins agree beyond the base rate."""
    label = evidence.leads.label
    base = float(label.mean())
    agree, _, z = agreement(label, np.full(len(label), base), pairs)
    twin = np.isin(key, key[pairs.held])
    differ, near = richness(evidence.leads.attributes)
    return bool(twin.mean() >= MANY and differ >= RICH and near <= NEAR and z >= BEYOND_CHANCE and agree > 0.5)


def richness(attributes: pd.DataFrame) -> tuple[float, float]:
    """In how many attributes two rows differ on average, and how many different rows have a nearly equal one, per set
    of identical rows; nearly equal rows differ in one attribute.
    """
    codes = [pd.factorize(values)[0].astype(np.int64) + 1 for _, values in attributes.items()]
    shares = [np.bincount(code) / len(code) for code in codes]
    hashes = [pd.util.hash_array(code * 1_000_003 + number) for number, code in enumerate(codes)]
    # Sums of hashes wrap around; taking one column's hash off gives the row without that column.
    whole = np.sum(hashes, axis=0, dtype=np.uint64)
    _, first, count = np.unique(whole, return_index=True, return_counts=True)
    near = np.zeros(len(first), bool)
    for one in hashes:
        _, place, others = np.unique((whole - one)[first], return_inverse=True, return_counts=True)
        near |= others[place] > 1
    differ = float(sum(1 - (share**2).sum() for share in shares))
    return differ, float(near.sum()) / max(int((count > 1).sum()), 1)


def agreement(label: Outcomes, expected: np.ndarray, pairs: Pairs) -> tuple[float, float, float]:
    """Share of pairs with the same outcome, the share expected from each held row's probability, and the z between."""
    p = expected[pairs.held]
    alike = np.where(label[pairs.trained] == 1, p, 1 - p)
    same = label[pairs.held] == label[pairs.trained]
    spread = float(np.sqrt(np.maximum((alike * (1 - alike)).sum(), 0.25)))
    return float(same.mean()), float(alike.mean()), float((same.sum() - alike.sum()) / spread)


def _some(n: int, pairs: Pairs, rng: np.random.Generator) -> Ints:
    """All rows with a twin, and others up to what is quick."""
    chosen = np.zeros(n, bool)
    chosen[pairs.held] = chosen[pairs.trained] = True
    rest = np.flatnonzero(~chosen)
    chosen[rng.permutation(rest)[: max(MOST_MODEL_ROWS - int(chosen.sum()), 0)]] = True
    return np.flatnonzero(chosen)


def _matrix(evidence: Evidence) -> np.ndarray:
    """Attributes as codes; those with a dated history are left out, whose exported value is of after the outcome."""
    attributes = evidence.leads.attributes
    kept = [binned(attributes[name]) for name in attributes if name not in evidence.tracked]
    return np.column_stack([*kept, np.zeros(len(attributes), np.int64)]).astype(np.float32)


def _groups(key: Ints) -> Ints:
    """Groups by key; rows without one are groups of their own."""
    own = key < 0
    groups = key.copy()
    groups[own] = key.max(initial=-1) + 1 + np.arange(own.sum())
    return groups

"""How much a model rests on what the leakage audit suspects: what its ranking loses without it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.catalog import Catalog, FeatureDef
from features.errors import ModelRefusedError
from features.fit import ACCOUNT_PREFIX
from features.windows import Floats, Ints
from training.audit.lines import quoted
from training.audit.suspects import Audit
from training.bootstrap import Interval
from training.gate.checks import as_check
from training.gate.contestants import Contestant, probability
from training.gate.decision import Check
from training.gate.settings import GateSettings
from training.metrics import pr_auc
from training.wording import fixed

OF_ROWS = frozenset({"duplicates", "order", "back-filled dates"})
LEAST_WINS = 10
SHUFFLES = 3
ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Named:
    """A suspect of the audit: where it is, and the line of the project file that excludes it."""

    check: str
    table: str
    column: str
    line: str

    @property
    def name(self) -> str:
        """As `[gate] accepted_suspects` names it."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Reliance:
    """PR-AUC that a model loses without a suspect, by name of those it reads; and without all of them at once."""

    without: Mapping[str, float]
    without_all: float = 0.0


def suspects_of(audit: Audit) -> tuple[Named, ...]:
    """The suspects of an audit, strongest first."""
    return tuple(Named(suspect.check, suspect.table, suspect.column, suspect.line) for suspect in audit.suspects)


def read_suspects(model: Path) -> tuple[Named, ...]:
    """The suspects in the `audit.json` of a model's folder in the registry; none without one.

    Raises:
        ModelRefusedError: it is damaged.
    """
    path = model / "audit.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["suspects"] if path.exists() else []
        return tuple(Named(one["check"], one["table"], one["column"], one["line"]) for one in found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelRefusedError(f"{path}: not readable ({error}): restore it or train again") from error


def columns_of(suspect: Named, catalog: Catalog) -> Ints:
    """Columns of the features that are made of a suspect."""
    found = [i for i, feature in enumerate(catalog.features) if _made_of(feature, suspect, catalog.kinds)]
    return np.array(found, np.int64)


def _made_of(feature: FeatureDef, suspect: Named, kinds: Sequence[str]) -> bool:
    of = feature.of or ""
    if suspect.table == "features":
        return feature.name == suspect.column
    if suspect.table == "interactions":
        return of.startswith("kind:") and kinds[int(of.removeprefix("kind:"))] == suspect.column
    if suspect.table == "assessments":
        return feature.family in ("criterion_met", "criterion_age_days") and of.lower() == suspect.column.lower()
    names = {suspect.column, f"{ACCOUNT_PREFIX}{suspect.column}"}
    return feature.family == "attribute" and of in names


def reliance(contestant: Contestant, values: Floats, label: Ints, columns: Ints, rng: np.random.Generator) -> float:
    """PR-AUC that the model loses when these features are dealt out to other rows at random (permutation importance,
    Breiman 2001; all columns move together).
    """
    if not len(columns):
        return 0.0
    chosen = np.arange(len(label)) if len(label) <= ROWS else np.sort(rng.permutation(len(label))[:ROWS])
    kept, label = np.array(values[chosen]), label[chosen]
    whole = pr_auc(label, probability(contestant, kept))
    lost = []
    for _ in range(SHUFFLES):
        shuffled = kept.copy()
        shuffled[:, columns] = kept[np.ix_(rng.permutation(len(label)), columns)]
        lost.append(whole - pr_auc(label, probability(contestant, shuffled)))
    return float(np.mean(lost))


def reliances(
    contestant: Contestant, values: Floats, label: Ints, suspects: Sequence[Named], rng: np.random.Generator
) -> Reliance:
    """What the model loses without each suspect, and without all of them at once."""
    columns = {suspect.name: columns_of(suspect, contestant.bundle.catalog) for suspect in suspects}
    read = {name: found for name, found in columns.items() if len(found)}
    every = np.unique(np.concatenate([np.empty(0, np.int64), *read.values()]))
    each = {name: reliance(contestant, values, label, found, rng) for name, found in read.items()}
    return Reliance(each, reliance(contestant, values, label, every, rng))


def suspects_check(suspects: Sequence[Named], new: Reliance, old: Reliance, settings: GateSettings) -> Check:
    """A challenger that rests on what may know the outcome is refused, until a person says that it does not.

    What the champion rests on half as much, or more, is nothing new and warns. `new` and `old` are those of suspects
    that are not accepted.
    """
    accepted = set(settings.accepted_suspects)
    asked = [suspect for suspect in suspects if suspect.name not in accepted]
    found = Interval(new.without_all)
    if new.without_all >= settings.margin:
        strong = [one for one in asked if new.without.get(one.name, 0.0) >= settings.margin]
        strong = strong or [one for one in asked if one.name in new.without]
        is_new = old.without_all < new.without_all / 2
        return as_check("suspects", "refused" if is_new else "warning", found, settings.margin, _rests_on(strong, new))
    about_rows = [one.column for one in asked if one.check in OF_ROWS]
    if about_rows:
        said = f"The leakage audit suspects rows, not a feature ({', '.join(about_rows)}): look at them first."
        return as_check("suspects", "warning", found, settings.margin, said)
    return as_check("suspects", "passed", found, settings.margin, _hardly(asked, new, len(suspects) - len(asked)))


def _rests_on(strong: Sequence[Named], new: Reliance) -> str:
    names = ", ".join(one.name for one in strong)
    lines = "; ".join(one.line for one in strong)
    return (
        f"It rests on what the leakage audit suspects to know the outcome: without {names} its PR-AUC falls by "
        f"{fixed(new.without_all, 3)}. Leave it out ({lines}), or, if it is known in time, set [gate] "
        f"accepted_suspects = {quoted(*(one.name for one in strong))}."
    )


def _hardly(asked: Sequence[Named], new: Reliance, accepted: int) -> str:
    also = f" ({accepted} accepted)" if accepted else ""
    if not asked:
        return f"The leakage audit suspects nothing{also or ''}."
    names = ", ".join(one.name for one in asked)
    if not new.without:
        return f"The leakage audit suspects {names}, which the model does not read{also}."
    return f"The model hardly rests on what the leakage audit suspects ({names}){also}."

"""The gate: a first model against fixed minima, a challenger against the champion on rows that neither has seen."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.project import Project
from features.windows import Floats, Ints
from training.bootstrap import Resamples, resamples
from training.dataset import Dataset
from training.evaluate import top_share
from training.gate.candidate import Candidate
from training.gate.checks import checks_of_pair, smallest_margin
from training.gate.contestants import Contestant, features_for, judged, later_rows, opponents, probability
from training.gate.cost import time_ratio
from training.gate.decision import SCHEMA_VERSION, Check, GateDecision
from training.gate.minima import minima, too_few, unknown_origin
from training.gate.other_checks import overlap_check, segments_check, size_check, time_check
from training.gate.paired import REPLICATES, compare
from training.gate.segments import large_segments, worst_segment
from training.gate.suspects import LEAST_WINS, Reliance, reliances, suspects_check
from training.origin import read_origin
from training.settings import TrainingSettings

FIRST = "There is no champion: judged are the model before its last refit, the rules and the base rate, on the holdout."


@dataclass(frozen=True, slots=True)
class Common:
    """Rows on which two models meet: features as each makes them, its probabilities, outcomes, resamples of leads."""

    rows: Ints
    label: Ints
    features: tuple[Floats, Floats]
    probability: tuple[Floats, Floats]
    drawn: Resamples


def decide(
    project: Project, settings: TrainingSettings, dataset: Dataset, candidate: Candidate, champion: Path | None
) -> GateDecision:
    """Whether a candidate may become champion; `champion` is the folder of the present one in the registry."""
    if champion is None:
        return _first(project, settings, dataset, candidate)
    return _against(project, settings, dataset, candidate, champion)


def _first(project: Project, settings: TrainingSettings, dataset: Dataset, candidate: Candidate) -> GateDecision:
    evaluation, origin = candidate.evaluation, read_origin(candidate.folder)
    checks = minima(evaluation)
    if origin is not None:
        model = judged(candidate.folder, origin)
        rows = later_rows(dataset, (model,))
        label = dataset.label[rows].astype(np.int64)
        if label.sum() >= LEAST_WINS:
            found = _reliance(model, features_for(project, dataset, rows, model), label, candidate, settings)
            checks.append(suspects_check(candidate.suspects, found, Reliance({}), settings.gate))
    counts = (evaluation.n, evaluation.leads, evaluation.positive_leads)
    return _decision(settings, candidate, None, FIRST, counts, checks)


def _against(
    project: Project, settings: TrainingSettings, dataset: Dataset, candidate: Candidate, champion: Path
) -> GateDecision:
    met = opponents(champion, candidate.folder)
    if met is None:
        checks = [unknown_origin()]
        return _decision(settings, candidate, champion.name, checks[0].sentence, (0, 0, 0), checks)
    pair, compared = met
    rows = later_rows(dataset, pair)
    label, group = dataset.label[rows].astype(np.int64), dataset.rows.group[rows]
    counts = (len(rows), len(np.unique(group)), len(np.unique(group[label == 1])))
    others = len(np.unique(group[label == 0]))
    if min(counts[2], others) < settings.gate.least_wins:
        checks = [too_few(counts, others, settings.gate.least_wins)]
        return _decision(settings, candidate, champion.name, compared, counts, checks)
    common = _common(project, settings, dataset, rows, pair)
    checks, margin = _checks(settings, candidate, pair, common)
    return _decision(settings, candidate, champion.name, compared, counts, checks, margin)


def _common(
    project: Project, settings: TrainingSettings, dataset: Dataset, rows: Ints, pair: tuple[Contestant, Contestant]
) -> Common:
    old, new = (features_for(project, dataset, rows, contestant) for contestant in pair)
    rng = np.random.default_rng(settings.model.seed)
    return Common(
        rows=rows,
        label=dataset.label[rows].astype(np.int64),
        features=(old, new),
        probability=(probability(pair[0], old), probability(pair[1], new)),
        drawn=resamples(dataset.rows.group[rows], rng, REPLICATES),
    )


def _checks(
    settings: TrainingSettings,
    candidate: Candidate,
    pair: tuple[Contestant, Contestant],
    common: Common,
) -> tuple[list[Check], float | None]:
    gate, (old, new), share = settings.gate, pair, settings.policy.capacity_share
    paired = compare(common.label, *common.probability, common.drawn, gate.confidence)
    segments = list(large_segments(new.bundle.catalog, common.features[1], common.label))
    worst = worst_segment(segments, common.label, *common.probability, common.drawn)
    rests = [
        _reliance(model, values, common.label, candidate, settings)
        for model, values in zip(pair, common.features, strict=True)
    ]
    checks = [
        *checks_of_pair(paired, gate),
        segments_check(worst, gate),
        overlap_check(overlap(*common.probability, share), share, gate),
        time_check(time_ratio(pair, common.features), old.is_quick and not new.is_quick, gate),
        size_check(new.size / old.size, gate),
        suspects_check(candidate.suspects, rests[1], rests[0], gate),
    ]
    return checks, smallest_margin(paired)


def overlap(champion: Floats, challenger: Floats, share: float) -> float:
    """Share of the champion's top rows that are among the challenger's."""
    old, new = top_share(champion, share), top_share(challenger, share)
    return float((old & new).sum() / old.sum())


def _reliance(
    model: Contestant, values: Floats, label: Ints, candidate: Candidate, settings: TrainingSettings
) -> Reliance:
    accepted = set(settings.gate.accepted_suspects)
    asked = [suspect for suspect in candidate.suspects if suspect.name not in accepted]
    return reliances(model, values, label, asked, np.random.default_rng(settings.model.seed))


def _decision(  # noqa: PLR0913, PLR0917  (one parameter per part)
    settings: TrainingSettings,
    candidate: Candidate,
    champion: str | None,
    compared: str,
    counts: tuple[int, int, int],
    checks: list[Check],
    margin: float | None = None,
) -> GateDecision:
    rows, leads, winning = counts
    return GateDecision(
        schema_version=SCHEMA_VERSION,
        kind="first" if champion is None else "challenger",
        challenger=candidate.version,
        champion=champion,
        passed=all(one.outcome != "refused" for one in checks),
        compared=compared,
        rows=rows,
        leads=leads,
        winning_leads=winning,
        smallest_margin=margin,
        checks=tuple(checks),
        settings=settings.gate.model_dump(mode="json"),
    )

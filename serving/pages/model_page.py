"""The model: who is champion, how it did on the holdout, whether its probabilities hold, and how it came there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from features.errors import ModelRefusedError
from serving.language.translations import LANGUAGES, Translation, translation_to
from serving.language.verdict_sentences import in_language
from serving.live.model_in_use import ModelInUse
from serving.pages.drift import DriftBlock
from training.evaluation import Band, Estimate, Evaluation, from_json
from training.promotion_log import Event
from training.registry import Registry

MOST_PROMOTIONS = 50
UNREADABLE = "the evaluation cannot be read: {why}"


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval; null: not measured."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SystemResult:
    """How one way of ranking did on the same holdout rows."""

    name: str
    roc_auc: Interval
    pr_auc: Interval
    lift_at_5: Interval
    lift_at_10: Interval
    precision_at_capacity: Interval
    brier: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """Leads with about the same prediction (or of one month): what was predicted, and what happened."""

    name: str
    leads: int
    wins: int
    predicted: Interval
    observed: Interval


@dataclass(frozen=True, slots=True)
class GainCurve:
    """Share of all wins found when so much of a list is worked from the top."""

    name: str
    worked: tuple[float, ...]
    found: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the training in the reader's language, or in English where it has no translation."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Results:
    """The content of `evaluation.json` that the page shows."""

    headline: Sentence
    sentences: tuple[Sentence, ...]
    warnings: tuple[Sentence, ...]
    describes: Sentence
    rows: int
    leads: int
    wins: int
    capacity_share: float
    interval_level: float
    systems: tuple[SystemResult, ...]
    gain: tuple[GainCurve, ...]
    reliability: tuple[Reliability, ...]
    months: tuple[Reliability, ...]
    calibration_moved: bool


@dataclass(frozen=True, slots=True)
class Promotion:
    """An event of the promotion log."""

    at: datetime
    event: str
    bundle: str
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class ModelPage:
    """The champion, what serves, what was refused, and the champion's papers."""

    page: str
    language: str
    champion: str | None
    serving: str | None
    refused: str | None
    results: Results | None
    drift: DriftBlock | None
    note: str | None
    card: str | None
    promotions: tuple[Promotion, ...]


def model_page(registry: Registry, model: ModelInUse, drift: DriftBlock | None, language: str) -> ModelPage:
    """What is known of the champion; what is missing or damaged is said in `note`."""
    served, refused, to = model.served, model.refused, translation_to(language)
    try:
        log = registry.log()
        champion = registry.standing().champion
        results, note, card = _papers(registry.directory / champion, language) if champion else (None, None, None)
    except ModelRefusedError as error:
        log, champion, results, note, card = [], None, None, str(error), None
    return ModelPage(
        page="model",
        language=language,
        champion=champion,
        serving=None if served is None else served.bundle.version,
        refused=None if refused is None else refused.reason,
        results=results,
        drift=drift,
        note=note,
        card=card,
        promotions=tuple(_promotions(log, to)),
    )


def _papers(folder: Path, language: str) -> tuple[Results | None, str | None, str | None]:
    """Results, what is wrong with them, and the card."""
    path = folder / "bundle" / "card.md"
    card = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        return _results(folder / "evaluation.json", _changed(folder / "evaluation.json"), language), None, card
    except (OSError, ValueError) as error:
        return None, UNREADABLE.format(why=getattr(error, "strerror", None) or error), card


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


@lru_cache(maxsize=8 * len(LANGUAGES))
def _results(path: Path, _changed_at: int, language: str) -> Results:
    return results_of(from_json(path.read_text(encoding="utf-8")), translation_to(language))


def results_of(found: Evaluation, to: Translation) -> Results:
    """What the page shows of an evaluation."""
    return Results(
        headline=_told(to, found.verdict.headline),
        sentences=tuple(_told(to, one) for one in found.verdict.sentences),
        warnings=tuple(_told(to, one) for one in found.verdict.warnings),
        describes=_told(to, found.describes),
        rows=found.n,
        leads=found.leads,
        wins=found.positives,
        capacity_share=found.capacity_share,
        interval_level=found.interval_level,
        systems=tuple(
            SystemResult(
                name,
                *(
                    _interval(getattr(one, metric))
                    for metric in ("roc_auc", "pr_auc", "lift_at_5", "lift_at_10", "precision_at_capacity", "brier")
                ),
            )
            for name, one in found.systems.items()
        ),
        gain=tuple(GainCurve(name, one.worked, one.found) for name, one in found.gain.items()),
        reliability=_bands(found.reliability),
        months=_bands(found.months),
        calibration_moved=found.calibration.moved,
    )


def _bands(bands: Sequence[Band]) -> tuple[Reliability, ...]:
    return tuple(Reliability(b.name, b.n, b.wins, _interval(b.predicted), _interval(b.observed)) for b in bands)


def _interval(found: Estimate) -> Interval:
    return Interval(found.value, found.low, found.high)


def _told(to: Translation, sentence: str) -> Sentence:
    text = None if to.language == "en" else in_language(to, sentence)
    return Sentence(sentence, "en") if text is None else Sentence(text, to.language)


def _promotions(log: Sequence[Event], to: Translation) -> Iterator[Promotion]:
    for event in reversed(log[-MOST_PROMOTIONS:]):
        reasons = tuple(_told(to, str(one)) for one in event.get("reasons") or ())
        yield Promotion(datetime.fromisoformat(event["at"]), event["event"], event["bundle"], reasons)

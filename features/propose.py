"""The catalog a training run starts from: which features the settings and the training data give rise to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain, count

import numpy as np

from features.catalog import OTHER, AttributeCode, Catalog, Family, FeatureDef, Group, Owner, ValueType
from features.fit import ACCOUNT_PREFIX
from features.histories import Histories
from features.lean import earns_its_place
from features.project import FeatureSettings
from features.windows import NEVER, Ints

ACTIONABLE_KINDS = frozenset(
    {
        "discovery_call",
        "demo_attended",
        "personal_conversation",
        "contract_review_planned",
        "webinar_attended",
    }
)

ACTIVITY: tuple[tuple[str, Family, str], ...] = (
    ("active_days", "active_days", "days with activity"),
    ("sessions", "sessions", "visits"),
    ("dwell_s", "dwell_s", "seconds spent"),
    ("value", "value", "value of interactions"),
    ("kinds", "variety", "different kinds of interaction"),
)
MOVEMENT: tuple[tuple[str, Family, Group, str], ...] = (
    ("trend", "trend", "Timing", "interactions in the last {0} days less those in the {0} days before"),
    (
        "trend_ratio",
        "trend_ratio",
        "Timing",
        "interactions in the last {0} days to those in the {0} days before",
    ),
    ("kind_entropy", "entropy", "Interest", "evenness of the kinds of interaction in the last {0} days"),
)
RHYTHM: tuple[tuple[Family, Group, str], ...] = (
    ("days_since_first", "Timing", "days since the first interaction"),
    ("gap_mean_days", "Timing", "mean days between interactions"),
    ("gap_std_days", "Timing", "spread of the days between interactions"),
    ("gap_max_days", "Timing", "longest pause between interactions, days"),
    ("first_kind", "Source", "first interaction"),
    ("last_kind", "Interest", "last interaction"),
)
TEAM: tuple[tuple[Family, str], ...] = (
    ("colleagues_active", "colleagues active"),
    ("seniorities_active", "levels of seniority active"),
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Kinds and topics with features of their own, most frequent first; the rest is pooled as "other"."""

    kinds: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Available:
    """What there is in the data: events of leads, events of any kind, creation times."""

    own_events: bool
    events: bool
    creation: bool


def recorded_in(histories: Histories) -> Available:
    """What there is in histories held in memory."""
    return Available(
        own_events=len(histories.by_lead.time) > 0,
        events=len(histories.by_account.time) > 0,
        creation=bool((histories.created != NEVER).any()),
    )


def learn_vocabulary(histories: Histories, before_us: int, settings: FeatureSettings) -> Vocabulary:
    """Most frequent kinds and topics among the events before `before_us` (microseconds)."""
    log = histories.by_account
    seen = log.time < before_us
    return vocabulary_of(
        _counts(log.kind[seen], histories.kinds),
        _counts(log.topic[seen & (log.topic >= 0)], histories.topics),
        settings,
    )


def vocabulary_of(kinds: Mapping[str, int], topics: Mapping[str, int], settings: FeatureSettings) -> Vocabulary:
    """The most frequent of counted kinds and topics, ties by name."""
    return Vocabulary(_frequent(kinds, settings.max_kinds), _frequent(topics, settings.max_topics))


def _counts(codes: Ints, names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))


def _frequent(counts: Mapping[str, int], most: int) -> tuple[str, ...]:
    ranked = sorted((name for name, n in counts.items() if n), key=lambda name: (-counts[name], name))
    return tuple(ranked[:most])


def propose_catalog(
    recorded: Available,
    vocabulary: Vocabulary,
    attributes: tuple[AttributeCode, ...],
    criteria: tuple[str, ...],
    points: Mapping[str, float],
    settings: FeatureSettings,
) -> Catalog:
    """All features that the data and attributes allow, less those the settings exclude."""
    features = [
        *_history_features(recorded, vocabulary, attributes, settings),
        *(_attribute(code) for code in attributes),
        *_profile(attributes),
        *_qualification(criteria),
        *_calendar(settings),
    ]
    if settings.columns == "lean":
        main: Owner = "lead" if recorded.own_events else "account"
        features = [feature for feature in features if earns_its_place(feature, settings.windows_days, main)]
    unique = _named_apart(features)
    kept = tuple(f for f in unique if not any(fnmatchcase(f.name, pattern) for pattern in settings.exclude))
    used = {f.of for f in kept if f.family == "attribute"}
    return Catalog(
        features=kept,
        attributes=tuple(code for code in attributes if code.name in used),
        kinds=vocabulary.kinds,
        topics=vocabulary.topics,
        criteria=criteria,
        points=dict(points),
    )


def _named_apart(features: Iterable[FeatureDef]) -> Iterator[FeatureDef]:
    """The features, later ones renamed where a kind or an attribute is called like something else (`sessions_7d_2`)."""
    taken: set[str] = set()
    for feature in features:
        later = (f"{feature.name}_{n}" for n in count(2))
        name = next(name for name in chain([feature.name], later) if name not in taken)
        taken.add(name)
        yield feature if name == feature.name else replace(feature, name=name)


def _history_features(
    recorded: Available, vocabulary: Vocabulary, attributes: tuple[AttributeCode, ...], settings: FeatureSettings
) -> Iterator[FeatureDef]:
    if recorded.own_events:
        yield from _full_history("lead", vocabulary, settings)
    if recorded.creation:
        yield FeatureDef("lead_age_days", "lead_age_days", "Timing", "days since the lead was created")
    if not settings.account_history or not recorded.events:
        return
    if recorded.own_events:
        yield from _account_summary(vocabulary, settings)
        yield from _team(attributes, settings)
    else:
        yield from _full_history("account", vocabulary, settings)


def _full_history(owner: Owner, vocabulary: Vocabulary, settings: FeatureSettings) -> Iterator[FeatureDef]:
    windows = (*settings.windows_days, None)
    for name, of, words in _selections(vocabulary):
        for days in windows:
            yield _count(owner, name, of, words, days)
        yield _recency(owner, name, of, words)
    for name, of, words in _topics(vocabulary):
        for days in (max(settings.windows_days), None):
            yield _count(owner, name, of, words, days)
    for days in windows:
        yield from _activity(owner, days)
    for days in settings.windows_days:
        yield from _movement(owner, days)
    yield from _interest(owner, settings)
    yield from _rhythm(owner)


def _account_summary(vocabulary: Vocabulary, settings: FeatureSettings) -> Iterator[FeatureDef]:
    longest = max(settings.windows_days)
    for days in (*settings.windows_days, None):
        yield _count("account", "interactions", None, "interactions", days)
    for name, of, words in _selections(vocabulary)[1:]:
        for days in (longest, None):
            yield _count("account", name, of, words, days)
    yield _recency("account", "interactions", None, "interaction")
    yield from _activity("account", longest)
    yield from _interest("account", settings)


def _selections(vocabulary: Vocabulary) -> list[tuple[str, str | None, str]]:
    """All events, each direction, each kind, and the pooled kinds: (name, selection, words)."""
    kinds = [(_plain(kind), f"kind:{code}", _spoken(kind)) for code, kind in enumerate(vocabulary.kinds)]
    return [
        ("interactions", None, "interactions"),
        ("inbound", "direction:inbound", "inbound interactions"),
        ("outbound", "direction:outbound", "outbound interactions"),
        *kinds,
        ("other_kinds", f"kind:{len(vocabulary.kinds)}", "interactions of rarer kinds"),
    ]


def _topics(vocabulary: Vocabulary) -> list[tuple[str, str | None, str]]:
    return [
        (f"topic_{_plain(topic)}", f"topic:{code}", f"interactions about {topic}")
        for code, topic in enumerate(vocabulary.topics)
    ]


def _count(owner: Owner, name: str, of: str | None, words: str, days: int | None) -> FeatureDef:
    return FeatureDef(
        _named(owner, name, days), "count", _group(owner, "Interest"), _said(owner, words, days), owner, of, days,
        actionable=name in ACTIONABLE_KINDS,
    )  # fmt: skip


def _recency(owner: Owner, name: str, of: str | None, words: str) -> FeatureDef:
    return FeatureDef(
        f"{_prefix(owner)}days_since_{name}", "days_since_last", _group(owner, "Timing"),
        _said(owner, f"days since the last {words.replace('interactions', 'interaction')}", None), owner, of,
    )  # fmt: skip


def _activity(owner: Owner, days: int | None) -> Iterator[FeatureDef]:
    group = _group(owner, "Interest")
    for name, family, words in ACTIVITY:
        yield FeatureDef(_named(owner, name, days), family, group, _said(owner, words, days), owner, days=days)


def _movement(owner: Owner, days: int) -> Iterator[FeatureDef]:
    for name, family, kind, words in MOVEMENT:
        full = f"{_prefix(owner)}{name}_{days}d"
        yield FeatureDef(full, family, _group(owner, kind), _said(owner, words.format(days), None), owner, days=days)


def _interest(owner: Owner, settings: FeatureSettings) -> Iterator[FeatureDef]:
    for days in settings.half_lives_days:
        name = f"{_prefix(owner)}interest_half_life_{days}d"
        words = _said(owner, f"interest points, halved every {days} days", None)
        yield FeatureDef(name, "interest", _group(owner, "Interest"), words, owner, days=days)


def _rhythm(owner: Owner) -> Iterator[FeatureDef]:
    for family, kind, words in RHYTHM:
        value_type: ValueType = "category" if family in ("first_kind", "last_kind") else "number"
        name = f"{_prefix(owner)}{family}"
        yield FeatureDef(name, family, _group(owner, kind), _said(owner, words, None), owner, type=value_type)


def _team(attributes: tuple[AttributeCode, ...], settings: FeatureSettings) -> Iterator[FeatureDef]:
    # A seniority that changes over time would be the exported one here: it could know the future.
    known = any(code.name == "seniority" and not code.tracked for code in attributes)
    yield FeatureDef("colleagues", "colleagues", "Buying team", "colleagues known at the company")
    for days in settings.windows_days:
        for family, words in TEAM if known else TEAM[:1]:
            said = f"{words} in the last {days} days"
            yield FeatureDef(f"{family}_{days}d", family, "Buying team", said, days=days, actionable=True)


def _attribute(code: AttributeCode) -> FeatureDef:
    group: Group = "Source" if code.name == "source" else "Fit"
    of_company = code.name.startswith(ACCOUNT_PREFIX)
    words = _spoken(code.name).removeprefix("account ") + (" of the company" if of_company else "")
    return FeatureDef(code.name, "attribute", group, words, of=code.name, type=code.type)


def _profile(attributes: tuple[AttributeCode, ...]) -> Iterator[FeatureDef]:
    if attributes:
        words = "share of the profile that is filled"
        yield FeatureDef("profile_filled_share", "profile_filled", "Data quality", words)


def _qualification(criteria: tuple[str, ...]) -> Iterator[FeatureDef]:
    group: Group = "Qualification"
    for name in criteria:
        plain, spoken = _plain(name), _spoken(name)
        met = f"{spoken} confirmed (0 no, 1 yes)"
        yield FeatureDef(f"{plain}_met", "criterion_met", group, met, of=name, actionable=True)
        yield FeatureDef(f"{plain}_age_days", "criterion_age_days", group, f"days since {spoken} was assessed", of=name)
    if criteria:
        yield FeatureDef("criteria_met", "criteria_met", group, "qualification criteria met", actionable=True)
        yield FeatureDef("criteria_known", "criteria_known", group, "qualification criteria assessed", actionable=True)


def _calendar(settings: FeatureSettings) -> Iterator[FeatureDef]:
    if settings.calendar:
        yield FeatureDef("weekday", "weekday", "Timing", "weekday (0 Monday … 6 Sunday)")
        yield FeatureDef("month", "month", "Timing", "month of the year")


def _prefix(owner: Owner) -> str:
    return "" if owner == "lead" else "account_"


def _group(owner: Owner, group: Group) -> Group:
    return group if owner == "lead" else "Buying team"


def _named(owner: Owner, name: str, days: int | None) -> str:
    return f"{_prefix(owner)}{name}_{'ever' if days is None else f'{days}d'}"


def _said(owner: Owner, words: str, days: int | None) -> str:
    of = " of the whole company" if owner == "account" else ""
    return f"{words}{of}" + ("" if days is None else f" in the last {days} days")


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_") or OTHER


def _spoken(name: str) -> str:
    return name.replace("_", " ")

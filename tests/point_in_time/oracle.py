"""A slow, obvious oracle: every feature family in plain Python, from the rows of a world, one snapshot at a time.

Nothing here is shared with the product but the definitions of features: loops over the rows, no arrays.
"""

import math
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

from worlds import DAY, SECOND, Row, World

from features.catalog import AttributeCode, Catalog, FeatureDef

TRUE = {"true", "yes", "y", "1", "1.0", "ja", "wahr", "sand"}
FALSE = {"false", "no", "n", "0", "0.0", "nein", "nej", "falsch", "falsk"}
UNKNOWN = math.nan


def expected(world: World, catalog: Catalog, feature: FeatureDef, lead_id: str, as_of: int) -> float:
    """Value of one feature of one lead as of a time."""
    if feature.family in HISTORY:
        events = owned_events(world, feature.owner, lead_id, as_of)
        return HISTORY[feature.family](events, feature, catalog, as_of)
    return OTHERS[feature.family](world, catalog, feature, lead_id, as_of)


def owned_events(world: World, owner: str, lead_id: str, as_of: int) -> list[Row]:
    """Events of the lead, or of its account, before as_of, in order (ties by lead, then by kind)."""
    account = world.account_of(lead_id)
    if owner == "lead":
        mine = [e for e in world.interactions if e["lead_id"] == lead_id]
    elif account is None:
        mine = as_colleagues_know(world, [e for e in world.interactions if e["lead_id"] == lead_id])
    else:
        mine = as_colleagues_know(world, [e for e in world.interactions if belongs_to_account(world, e, account)])
    before = [e for e in mine if e["occurred_at"] < as_of]
    return sorted(before, key=lambda e: (e["occurred_at"], e["lead_id"] or "", e["kind"]))


def as_colleagues_know(world: World, events: list[Row]) -> list[Row]:
    """What a lead did before it was created is known to its account from its creation on."""
    created = {row["lead_id"]: row["created_at"] for row in world.leads}
    return [{**e, "occurred_at": max(e["occurred_at"], created.get(e["lead_id"], e["occurred_at"]))} for e in events]


def belongs_to_account(world: World, event: Row, account: str) -> bool:
    if event["lead_id"] is not None:
        return world.account_of(event["lead_id"]) == account
    return event["account_id"] == account


def in_window(events: list[Row], as_of: int, days: int | None) -> list[Row]:
    return [e for e in events if days is None or e["occurred_at"] >= as_of - days * DAY]


def chosen(events: list[Row], of: str | None, catalog: Catalog) -> list[Row]:
    if of is None:
        return events
    column, wanted = of.split(":")
    if column == "direction":
        return [e for e in events if e["direction"] == wanted]
    names = catalog.kinds if column == "kind" else catalog.topics
    if int(wanted) == len(names):
        return [e for e in events if e[column] is not None and e[column] not in names]
    return [e for e in events if e[column] == names[int(wanted)]]


def kind_code(event: Row, catalog: Catalog) -> float:
    known = event["kind"] in catalog.kinds
    return float(catalog.kinds.index(event["kind"]) if known else len(catalog.kinds))


def count(events, feature, catalog, as_of):
    return float(len(chosen(in_window(events, as_of, feature.days), feature.of, catalog)))


def days_since_last(events, feature, catalog, as_of):
    fitting = chosen(events, feature.of, catalog)
    return (as_of - fitting[-1]["occurred_at"]) / DAY if fitting else UNKNOWN


def days_since_first(events, feature, catalog, as_of):
    return (as_of - events[0]["occurred_at"]) / DAY if events else UNKNOWN


def interest(events, feature, catalog, as_of):
    return math.fsum(
        catalog.points.get(e["kind"], 0.0) * 0.5 ** ((as_of - e["occurred_at"]) / (feature.days * DAY)) for e in events
    )


def active_days(events, feature, catalog, as_of):
    dates = {moment_of(e["occurred_at"]).date() for e in in_window(events, as_of, feature.days)}
    return float(len(dates))


def sessions(events, feature, catalog, as_of):
    visits, visit = set(), 0
    inside = in_window(events, as_of, feature.days)
    for i, event in enumerate(events):
        if i > 0 and event["occurred_at"] - events[i - 1]["occurred_at"] > 30 * 60 * SECOND:
            visit += 1
        if any(event is other for other in inside):
            visits.add(visit)
    return float(len(visits))


def dwell_s(events, feature, catalog, as_of):
    return math.fsum(e["duration_s"] or 0.0 for e in in_window(events, as_of, feature.days))


def dwell_mean_s(events, feature, catalog, as_of):
    known = [e["duration_s"] for e in in_window(events, as_of, feature.days) if e["duration_s"] is not None]
    return math.fsum(known) / len(known) if known else UNKNOWN


def value(events, feature, catalog, as_of):
    return math.fsum(e["value"] or 0.0 for e in in_window(events, as_of, feature.days))


def recent_and_before(events, feature, catalog, as_of):
    fitting = chosen(events, feature.of, catalog)
    recent = len(in_window(fitting, as_of, feature.days))
    return recent, len(in_window(fitting, as_of, 2 * feature.days)) - recent


def trend(events, feature, catalog, as_of):
    recent, before = recent_and_before(events, feature, catalog, as_of)
    return float(recent - before)


def trend_ratio(events, feature, catalog, as_of):
    recent, before = recent_and_before(events, feature, catalog, as_of)
    return (recent + 1) / (before + 1)


def kinds_in(events, feature, catalog, as_of):
    return Counter(kind_code(e, catalog) for e in in_window(events, as_of, feature.days))


def variety(events, feature, catalog, as_of):
    return float(len(kinds_in(events, feature, catalog, as_of)))


def entropy(events, feature, catalog, as_of):
    kinds = kinds_in(events, feature, catalog, as_of)
    total = sum(kinds.values())
    return math.fsum(-n / total * math.log(n / total) for n in kinds.values())


def gaps_s(events: list[Row]) -> list[int]:
    """Whole seconds between consecutive events."""
    times = [e["occurred_at"] for e in events]
    return [(later - earlier) // SECOND for earlier, later in pairwise(times)]


def gap_mean_days(events, feature, catalog, as_of):
    gaps = gaps_s(events)
    return sum(gaps) / len(gaps) / 86_400 if gaps else UNKNOWN


def gap_std_days(events, feature, catalog, as_of):
    gaps = gaps_s(events)
    if not gaps:
        return UNKNOWN
    mean = sum(gaps) / len(gaps)
    return math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps)) / 86_400


def gap_max_days(events, feature, catalog, as_of):
    return max(gaps_s(events)) / 86_400 if len(events) > 1 else UNKNOWN


def first_kind(events, feature, catalog, as_of):
    return kind_code(events[0], catalog) if events else UNKNOWN


def last_kind(events, feature, catalog, as_of):
    return kind_code(events[-1], catalog) if events else UNKNOWN


def others_of_account(world: World, lead_id: str) -> list[Row]:
    account = world.account_of(lead_id)
    return [row for row in world.leads if account and row["account_id"] == account and row["lead_id"] != lead_id]


def active(world: World, lead_id: str, as_of: int, days: int) -> bool:
    known = as_colleagues_know(world, [e for e in world.interactions if e["lead_id"] == lead_id])
    return bool(in_window([e for e in known if e["occurred_at"] < as_of], as_of, days))


def colleagues(world, catalog, feature, lead_id, as_of):
    return float(sum(row["created_at"] < as_of for row in others_of_account(world, lead_id)))


def colleagues_active(world, catalog, feature, lead_id, as_of):
    others = others_of_account(world, lead_id)
    return float(sum(active(world, row["lead_id"], as_of, feature.days) for row in others))


def seniorities_active(world, catalog, feature, lead_id, as_of):
    own = next(row for row in world.leads if row["lead_id"] == lead_id)
    team = [own, *others_of_account(world, lead_id)]
    levels = {row["seniority"] for row in team if active(world, row["lead_id"], as_of, feature.days)}
    return float(len(levels - {None}))


def code_of(code: AttributeCode, given: object) -> float:
    if given is None:
        return UNKNOWN
    text = str(given)
    if code.type == "number":
        try:
            return float(text)
        except ValueError:
            return UNKNOWN
    if code.type == "boolean":
        return 1.0 if text.lower() in TRUE else 0.0 if text.lower() in FALSE else UNKNOWN
    return float(code.categories.index(text) if text in code.categories else len(code.categories))


def attribute_value(world: World, code: AttributeCode, lead_id: str, as_of: int) -> float:
    recorded = [c for c in world.lead_changes if c["lead_id"] == lead_id and c["field"] == code.name]
    if code.tracked:
        before = [c for c in recorded if c["changed_at"] < as_of]
        last = max((c["changed_at"] for c in before), default=None)
        codes = [code_of(code, c["value"]) for c in before if c["changed_at"] == last]
        return UNKNOWN if not codes or any(math.isnan(c) for c in codes) else max(codes)
    row = next(row for row in world.leads if row["lead_id"] == lead_id)
    if not code.name.startswith("account_"):
        return code_of(code, row[code.name])
    account = next((a for a in world.accounts if a["account_id"] == row["account_id"]), {})
    return code_of(code, account.get(code.name.removeprefix("account_")))


def attribute(world, catalog, feature, lead_id, as_of):
    return attribute_value(world, catalog.attribute(feature.of), lead_id, as_of)


def profile_filled(world, catalog, feature, lead_id, as_of):
    values = [attribute_value(world, code, lead_id, as_of) for code in catalog.attributes]
    return sum(not math.isnan(v) for v in values) / len(values)


def lead_age_days(world, catalog, feature, lead_id, as_of):
    return (as_of - next(row["created_at"] for row in world.leads if row["lead_id"] == lead_id)) / DAY


def moment_of(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // SECOND, UTC)


def weekday(world, catalog, feature, lead_id, as_of):
    return float(moment_of(as_of).weekday())


def month(world, catalog, feature, lead_id, as_of):
    return float(moment_of(as_of).month)


def latest_evidence(world: World, lead_id: str, criterion: str, as_of: int) -> tuple[float, float]:
    """(met, age in days) of the latest assessment; of equally late ones the most favourable."""
    fitting = [
        (a["assessed_at"], a["met"])
        for a in world.assessments
        if a["lead_id"] == lead_id and a["criterion"].lower() == criterion and a["assessed_at"] < as_of
    ]
    if not fitting:
        return UNKNOWN, UNKNOWN
    assessed_at, met = max(fitting)
    return met, (as_of - assessed_at) / DAY


def criterion_met(world, catalog, feature, lead_id, as_of):
    return latest_evidence(world, lead_id, feature.of, as_of)[0]


def criterion_age_days(world, catalog, feature, lead_id, as_of):
    return latest_evidence(world, lead_id, feature.of, as_of)[1]


def evidence(world, catalog, lead_id, as_of):
    return [latest_evidence(world, lead_id, criterion, as_of)[0] for criterion in catalog.criteria]


def criteria_met(world, catalog, feature, lead_id, as_of):
    return float(sum(met >= 0.5 for met in evidence(world, catalog, lead_id, as_of)))


def criteria_known(world, catalog, feature, lead_id, as_of):
    return float(sum(not math.isnan(met) for met in evidence(world, catalog, lead_id, as_of)))


def points(world: World, worth: dict[str, float], lead_id: str, as_of: int) -> float:
    """The points baseline without decay and cap."""
    return math.fsum(worth.get(e["kind"], 0.0) for e in owned_events(world, "lead", lead_id, as_of))


HISTORY = {
    f.__name__: f
    for f in (
        count, days_since_last, days_since_first, interest, active_days, sessions, dwell_s, dwell_mean_s, value, trend,
        trend_ratio, variety, entropy, gap_mean_days, gap_std_days, gap_max_days, first_kind, last_kind,
    )
}  # fmt: skip
OTHERS = {
    f.__name__: f
    for f in (
        colleagues, colleagues_active, seniorities_active, attribute, profile_filled, lead_age_days, weekday, month,
        criterion_met, criterion_age_days, criteria_met, criteria_known,
    )
}  # fmt: skip
# Sums of floating-point numbers; every other family must be exactly right.
APPROXIMATE = frozenset(
    {"interest", "dwell_s", "dwell_mean_s", "value", "entropy", "gap_mean_days", "gap_std_days", "gap_max_days"}
)

"""Words of the pages for what the store keeps as codes, and for the ages of things."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

from serving.language.attribute_words import CRITERIA
from serving.language.handover_words import STAGE_WORDS
from serving.language.plain_text import MOST, capitalised, one_line, spoken
from serving.language.translations import Translation, msg, translation_to

PLACE_WORDS: Mapping[str, str] = {
    "open": msg("Open"),
    "snoozed": msg("Snoozed"),
    "do_not_contact": msg("Do not contact"),
    "customer": msg("Customers"),
}
AGREEMENT_WORDS: Mapping[str, str] = {
    "both_yes": msg("Model and rules: yes"),
    "both_no": msg("Model and rules: no"),
    "model_only": msg("Model yes, rules no"),
    "framework_only": msg("Rules yes, model no"),
    "ask": msg("Model yes, rules: ask"),
}
SYSTEM_WORDS: Mapping[str, str] = {
    "model": msg("Model"),
    "logistic": msg("Logistic regression"),
    "bant": msg("BANT"),
    "points": msg("Points"),
    "base_rate": msg("Chance"),
}
PROMOTION_WORDS: Mapping[str, str] = {
    "registered": msg("registered"),
    "promoted": msg("promoted"),
    "refused": msg("refused"),
    "rolled back": msg("rolled back"),
}
DRIFT_LEVELS: Mapping[str, str] = {
    "steady": msg("as before"),
    "shifted": msg("shifted"),
    "moved": msg("moved far"),
}
DRIFT_MISSING: Mapping[str, str] = {
    "undated": msg("Leads have no dates here, so those of today cannot be told from those of training."),
    "no_reference": msg("This model was trained before Ripelead kept what drift is measured against: train again."),
    "too_few": msg("Too few leads of the last 30 days to tell a change from chance: 50 are needed."),
}
FORECAST_WORDS: Mapping[str, str] = {"stages": msg("the stages"), "model": msg("the model")}
ACT_WORDS: Mapping[str, str] = {
    "accept": msg("Accept"),
    "reject": msg("Reject"),
    "recycle": msg("Back to nurturing"),
    "disqualify": msg("Disqualify"),
    "already_customer": msg("Is a customer already"),
    "reopen": msg("Open again"),
    "snooze": msg("Snooze"),
    "wake": msg("Wake"),
    "reassign": msg("Give to somebody else"),
    "do_not_contact": msg("Must not be contacted"),
    "allow_contact": msg("May be contacted again"),
}
SIDE_WORDS: Mapping[str, str] = {
    "lead": msg("the lead"),
    "company": msg("somebody at the company"),
    "sales": msg("sales"),
    "record": msg("record"),
}
KIND_HEADS: Mapping[str, str] = {
    "model_only": msg("Behaviour says ripe, the evidence says no"),
    "framework_only": msg("The evidence says ripe, behaviour does not"),
    "ask": msg("Behaviour says ripe, the evidence has gaps"),
}
KIND_ADVICE: Mapping[str, str] = {
    "model_only": msg("Check what stands against it: it may be out of date. If it holds, this lead will cost time."),
    "framework_only": msg("They have what it takes and keep quiet: find out what holds them up, or whether they left."),
    "ask": msg("One call can settle it: ask what nobody has written down yet."),
}
CONTACT_WORDS: Mapping[str, str] = {
    "now": msg("Contact now"),
    "going_cold": msg("Going cold"),
    "too_early": msg("Too early"),
    "gone": msg("Interest gone"),
}
HALVED_WORDS: Mapping[str, str] = {
    "too_early": msg("halved: still too early"),
    "gone": msg("halved: interest gone"),
}
CRITERION_STATES: Mapping[str, str] = {"met": msg("met"), "not_met": msg("not met"), "unknown": msg("not known")}
SORT_WORDS: Mapping[str, str] = {
    "priority": msg("Priority"),
    "score": msg("Score"),
    "change": msg("Rise of the score"),
    "due": msg("Due first"),
    "company": msg("Company"),
}
OWNER_WORDS: Mapping[str, str] = {"mine": msg("My leads"), "pool": msg("Without an owner")}
_RANGE = re.compile(r"\d+\.\d–\d+\.\d %")
_NO_PATH = re.compile(r"^\.{0,2}$|[/\\%?#\x00-\x1f\x7f\x85\u2028\u2029]")
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def word(to: Translation, words: Mapping[str, str], code: str) -> str:
    """The word for a code; one that is not known as it stands."""
    return to.text(words[code]) if code in words else spoken(code)


def stage(to: Translation, code: str) -> str:
    """A stage in words."""
    return word(to, STAGE_WORDS, code)


def criterion(to: Translation, name: str) -> str:
    """A criterion of the rules in words."""
    return capitalised(word(to, CRITERIA, name.lower()))


def shown(text: str, most: int = MOST) -> str:
    """A text of the data on one line, as `one_line` has it; the usual ones at no cost."""
    return text if len(text) <= most and text.isprintable() and "  " not in text else one_line(text, most)


def lead_path(lead_id: str) -> str:
    """Address of a lead's page.

    >>> lead_path("L 7"), lead_path("a/b"), lead_path("..")
    ('/leads/L%207', '/leads/?id=a%2Fb', '/leads/?id=..')
    """
    return path_below("/leads/", lead_id)


def account_path(key: str) -> str:
    """Address of an account's page."""
    return path_below("/accounts/", key)


def path_below(folder: str, name: str) -> str:
    """Address of something whose name may be any text, below a folder; its query holds names that no path can.

    Browsers take . and .. for folders however they are written, proxies decode or refuse %2F, %5C and %25, an address
    that was decoded once ends its path at ? and #, and a path has no line ends.
    """
    written = quote(name, safe="")
    return f"{folder}?id={written}" if _NO_PATH.search(name) else folder + written


def fixed(to: Translation, value: float, places: int) -> str:
    """A number with so many decimal places: `0.87`, German and Danish `0,87`."""
    return f"{value:,.{places}f}".translate(to.signs)


def percents(to: Translation, share: float) -> str:
    """A share of 1 in percent, with a decimal below ten: `4.2%`, `45%`, German and Danish `4,2 %`."""
    places = 1 if abs(share) < 0.0995 and share else 0
    return to.percent(0).replace("0", fixed(to, 100 * share, places), 1)


def group(to: Translation, name: str) -> str:
    """The name of a group of rows; a range of percentages as this language writes it: `0.6–0.8%`, `0,6–0,8 %`."""
    if _RANGE.fullmatch(name) is None:
        return name
    return to.percent(0).replace("0", name.removesuffix(" %").translate(to.signs), 1)


def worth(to: Translation, priority: float) -> str:
    """A priority: an expected amount, or a propensity where amounts are not known."""
    return percents(to, priority) if priority <= 1 else to.number(round(priority))


def span(to: Translation, seconds: float) -> str:
    """A length of time in its largest unit: `3 days`, `5 hours`, `12 minutes`."""
    whole = max(abs(seconds), MINUTE)
    unit, size = ("day", DAY) if whole >= 2 * DAY else ("hour", HOUR) if whole >= HOUR else ("minute", MINUTE)
    return _span(to.language, unit, int(whole // size))


@lru_cache(maxsize=4_096)
def _span(language: str, unit: str, n: int) -> str:
    from babel.units import format_unit

    return str(format_unit(n, f"duration-{unit}", locale=translation_to(language).locale))


def ago(to: Translation, seconds: float) -> str:
    """How long ago something was: `6 hours ago`; what is just about to be counts as now."""
    return _directed(to, -max(seconds, 0))


def within(to: Translation, seconds: float) -> str:
    """When something will be: `in 6 hours`."""
    return _directed(to, max(seconds, MINUTE))


def _directed(to: Translation, seconds: float) -> str:
    size = abs(seconds)
    unit, of = ("day", DAY) if size >= 2 * DAY else ("hour", HOUR) if size >= HOUR else ("minute", MINUTE)
    return _from_now(to.language, unit, int(seconds / of))


@lru_cache(maxsize=4_096)
def _from_now(language: str, unit: Literal["day", "hour", "minute"], n: int) -> str:
    from babel.dates import format_timedelta

    delta = timedelta(**{f"{unit}s": n})
    locale = translation_to(language).locale
    return str(format_timedelta(delta, granularity=unit, threshold=10_000, add_direction=True, locale=locale))


def day(to: Translation, moment: datetime, zone: tzinfo) -> str:
    """A day as the language writes it: `Jan 5, 2026`."""
    return _day(to.language, moment.astimezone(zone).date())


@lru_cache(maxsize=4_096)
def _day(language: str, when: date) -> str:
    from babel.dates import format_date

    return str(format_date(when, "medium", locale=translation_to(language).locale))


def minute(to: Translation, moment: datetime, zone: tzinfo) -> str:
    """Day and time as the language writes them, in a time zone that is named."""
    local = moment.astimezone(zone)
    return f"{day(to, moment, zone)}, {local:%H:%M %Z}"

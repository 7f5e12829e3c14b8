"""Words of the hand-over: stages, states of criteria, evidence and its remarks, verdicts on contact data."""

import re
from collections.abc import Mapping
from functools import lru_cache

from features.contact import EmailVerdict, PhoneVerdict
from features.frameworks.definition import Source
from features.frameworks.statement import Evidence
from serving.language.kind_words import words_of_kind
from serving.language.plain_text import capitalised, spoken
from serving.language.translations import Translation, msg, translation_to

MOST_KINDS = 4_096
STAGE_WORDS: Mapping[str, str] = {
    "lead": msg("Lead"),
    "mql": msg("MQL"),
    "sal": msg("SAL"),
    "sql": msg("SQL"),
    "opportunity": msg("Opportunity"),
    "won": msg("Won"),
    "lost": msg("Lost"),
    "nurture": msg("In nurturing"),
    "rejected": msg("Rejected"),
    "disqualified": msg("Disqualified"),
}
STATE_WORDS: Mapping[str, str] = {
    "met": msg("met"),
    "not_met": msg("not met"),
    "unknown": msg("not known"),
    "open": msg("open"),
}
EMAIL_WORDS: Mapping[EmailVerdict, str] = {
    "business": msg("address of the right form"),
    "freemail": msg("private address"),
    "role": msg("address of a function, not of a person"),
    "disposable": msg("throw-away address"),
    "malformed": msg("not an address"),
    "missing": msg("no address"),
}
PHONE_WORDS: Mapping[PhoneVerdict, str] = {
    "possible": msg("number of the right form"),
    "malformed": msg("not a number"),
    "missing": msg("no number"),
}
REMARKS: Mapping[str, str] = {
    "the deadline is too far off": msg("the deadline is too far off"),
    "no longer counts: the deadline has passed": msg("no longer counts: the deadline has passed"),
    "no longer counts: too old": msg("no longer counts: too old"),
    "no longer counts: faded": msg("no longer counts: faded"),
    "does not count: assessed otherwise": msg("does not count: assessed otherwise"),
    "does not count: assessed otherwise since": msg("does not count: assessed otherwise since"),
}
ELSEWHERE: Mapping[str, str] = {
    "met": msg("Met for {frameworks} ({evidence})"),
    "not_met": msg("Not met for {frameworks} ({evidence})"),
    "unknown": msg("Not known for {frameworks} (what counts there: {evidence})"),
}
SOURCE_WORDS: Mapping[Source, str] = {
    "assessments": msg("what sales assessed"),
    "attributes": msg("details of person and company"),
    "interactions": msg("what they did"),
    "points": msg("points"),
}
_COUNTED = re.compile(r"(\d+) × (.+)")
_OF_TITLE: Mapping[str, str] = {
    "title_authority": msg("job title"),
    "title_role": msg("job title"),
    "title_standing": msg("job title"),
}


def stage_word(to: Translation, stage: str) -> str:
    """A stage in the language."""
    return to.text(STAGE_WORDS[stage]) if stage in STAGE_WORDS else spoken(stage)


def state_word(to: Translation, state: str) -> str:
    """State of a criterion or outcome of a framework."""
    return to.text(STATE_WORDS[state])


def remark(to: Translation, note: str) -> str | None:
    """Why a piece of evidence counts for less; None where it counts."""
    return to.text(REMARKS[note]) if note in REMARKS else (note or None)


def elsewhere_sentence(to: Translation, state: str, frameworks: str, evidence: str) -> str:
    """What some other frameworks hold of a criterion, and what that rests on."""
    return to.text(ELSEWHERE[state], frameworks=frameworks, evidence=evidence)


def source_word(to: Translation, source: Source) -> str:
    """A kind of evidence that a framework counts."""
    return to.text(SOURCE_WORDS[source])


def evidence_word(to: Translation, evidence: Evidence) -> str:
    """Where a piece of evidence comes from: an assessment, an attribute, so many interactions, or points."""
    if evidence.source == "assessments":
        return to.text("assessed by sales")
    if evidence.source == "attributes":
        word = _OF_TITLE.get(evidence.what)
        return spoken(evidence.what.removeprefix("account_")) if word is None else to.text(word)
    if evidence.source == "points":
        return to.text("points")
    counted = _COUNTED.fullmatch(evidence.what)
    return evidence.what if counted is None else _interactions(to, int(counted[1]), counted[2].split(" or "))


def _interactions(to: Translation, n: int, kinds: list[str]) -> str:
    if len({words_of_kind(kind).name for kind in kinds}) == 1:
        return capitalised(to.counted(words_of_kind(kinds[0]).often, n, kind=spoken(kinds[0])))
    names = dict.fromkeys(kind_name(to, kind) for kind in kinds)
    either = to.text(" or ")
    return f"{to.number(n)} × {either.join(names)}"


def kind_name(to: Translation, kind: str) -> str:
    """The name of a kind of interaction."""
    return _kind_name(to.language, kind)


@lru_cache(maxsize=MOST_KINDS)
def _kind_name(language: str, kind: str) -> str:
    return translation_to(language).text(words_of_kind(kind).name, kind=spoken(kind))

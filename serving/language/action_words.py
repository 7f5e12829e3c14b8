"""Words for what people do with a lead."""

from collections.abc import Mapping

from serving.language.plain_text import spoken
from serving.language.translations import Translation, msg

ACTION_WORDS: Mapping[str, str] = {
    "accept": msg("accepted"),
    "reject": msg("rejected"),
    "recycle": msg("sent back to nurturing"),
    "disqualify": msg("disqualified"),
    "already_customer": msg("is a customer already"),
    "reopen": msg("opened again"),
    "advance": msg("moved on"),
    "resume": msg("taken up again"),
    "snooze": msg("snoozed"),
    "wake": msg("woken"),
    "reassign": msg("given to somebody else"),
    "do_not_contact": msg("must not be contacted"),
    "allow_contact": msg("may be contacted again"),
    "merge": msg("merged into another lead"),
    "note": msg("note"),
    "override": msg("judged otherwise"),
    "reason_wrong": msg("reason is wrong"),
    "data_wrong": msg("data are wrong"),
    "outcome": msg("outcome"),
}


def action_word(to: Translation, kind: str) -> str:
    """What somebody did, in the language."""
    return to.text(ACTION_WORDS[kind]) if kind in ACTION_WORDS else spoken(kind)

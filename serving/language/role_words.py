"""Roles of a buying team in words, and the task that a missing one is."""

from collections.abc import Mapping
from typing import Any

from features.titles import Role
from serving.language.translations import Translation, msg
from serving.lead.explain_words import chance, shown_id

ROLE_WORDS: Mapping[Role, str] = {
    "purchaser": msg("purchaser"),
    "specialist": msg("subject specialist"),
    "team_lead": msg("team lead"),
    "production_manager": msg("production manager"),
    "management": msg("management"),
}


def role_word(to: Translation, role: Role) -> str:
    """A role in the language."""
    return to.text(ROLE_WORDS[role])


def missing_role_task(to: Translation, role: Role) -> str:
    """What a rep can do about a role that nobody of the account has: ask the people who are known."""
    said: Mapping[Role, str] = {
        "purchaser": to.text("Nobody from purchasing is known: ask who buys this, and for an introduction."),
        "specialist": to.text("No subject specialist is known: ask who will work with it, and for an introduction."),
        "team_lead": to.text("No team lead is known: ask whose team it is for, and for an introduction."),
        "production_manager": to.text("Nobody who runs production is known: ask who that is, and for an introduction."),
        "management": to.text("Nobody from management is known: ask who decides, and for an introduction."),
    }
    return said[role]


def role_list(to: Translation, roles: str) -> str:
    """Roles as they stand in a table (`purchaser; management`) in words, with commas."""
    return ", ".join(role_word(to, role) for role in ROLE_WORDS if role in roles.split("; "))


def account_line(to: Translation, row: Mapping[str, Any]) -> str:
    """An account of the list on one line: chance, open leads, the ripest one, roles covered and missing."""
    said = to.text(
        "{account}: {share} with {n} open leads, ripest {lead}; {covered} of {wanted} roles",
        account=shown_id(row["account_id"]),
        share=chance(to, row["propensity"]),
        n=to.number(row["open_leads"]),
        lead=shown_id(row["best_lead"]),
        covered=row["roles_covered"],
        wanted=row["roles_wanted"],
    )
    if not row["roles_missing"]:
        return said
    return to.text("{said}, missing: {roles}", said=said, roles=role_list(to, row["roles_missing"]))

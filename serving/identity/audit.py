"""What is written down about who did what, why it is written down, and for which purposes it may be read.

The log answers questions about access to personal data and about security. It is no record of work: no purpose here
lets anybody count what a person did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Action = Literal[
    "lead_seen", "lead_acted", "exported", "signed_in", "sign_in_failed", "signed_out", "user_added", "user_changed",
    "user_disabled", "key_added", "key_revoked", "webhook_replayed", "audit_read",
]  # fmt: skip
Purpose = Literal["data_protection", "accountability", "security", "incident", "data_subject_request", "account_review"]
"""Why a line is kept (the first three), or for what the log was read (the last three)."""
KEPT_FOR: Mapping[Action, Purpose] = {
    "lead_seen": "data_protection",
    "exported": "data_protection",
    "lead_acted": "accountability",
    "webhook_replayed": "accountability",
    "signed_in": "security",
    "sign_in_failed": "security",
    "signed_out": "security",
    "user_added": "security",
    "user_changed": "security",
    "user_disabled": "security",
    "key_added": "security",
    "key_revoked": "security",
    "audit_read": "security",
}
_ACCOUNTS: frozenset[Action] = frozenset(action for action, why in KEPT_FOR.items() if why == "security")


@dataclass(frozen=True, slots=True)
class Reading:
    """What may be read for a purpose: these actions, and whether only those on one object."""

    actions: frozenset[Action]
    one_object: bool
    meaning: str


READINGS: Mapping[Purpose, Reading] = {
    "incident": Reading(frozenset(get_args(Action)), False, "a security incident is looked into: everything"),
    "data_subject_request": Reading(
        frozenset(("lead_seen", "lead_acted", "exported")), True, "somebody asks who saw their data: one lead's lines"
    ),
    "account_review": Reading(_ACCOUNTS, False, "who has access, and who gave it: sign-ins, users and keys"),
}

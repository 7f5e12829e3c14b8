"""Counts of leads by place, and what they can be filtered by: counted once, and again when something moved."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.store.lead_keys import Place, Scope
from serving.store.leads import Choices, Reading, agreement_counts, lead_choices, newest_action, place_counts

MOST_KEPT = 1_000
US_A_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Leads by place, open ones by agreement of model and rules, and what all can be filtered by."""

    places: Mapping[Place, int]
    agreements: Mapping[str, int]
    choices: Choices


class PageCounts:
    """Counts by publication and owners; counted again after an action, at the latest after a minute."""

    def __init__(self) -> None:
        self._counts: dict[object, tuple[Mapping[Place, int], Mapping[str, int]]] = {}
        self._choices: dict[object, Choices] = {}
        self._turn = threading.Lock()

    def of(self, connection: Reading, scope: Scope) -> Counted:
        """The counts of a scope."""
        whose = scope.publication, scope.visible
        key = (*whose, newest_action(connection), scope.now // US_A_MINUTE)
        with self._turn:  # one counts, the others wait for what it finds
            if key not in self._counts:
                _make_room(self._counts)
                self._counts[key] = place_counts(connection, scope), agreement_counts(connection, scope)
            if whose not in self._choices:
                _make_room(self._choices)
                self._choices[whose] = lead_choices(connection, scope)
            return Counted(*self._counts[key], self._choices[whose])


def _make_room(kept: dict[object, Any]) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()

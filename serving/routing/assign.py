"""Routing (row M22): each lead to one rep, the ripest first, never beyond a rep's capacity; a pure function.

Of the reps with room, the one of the lead's account goes first, then territory decides, then skill, then who has the
smallest share of the capacity in use, then whose turn it is. The order of rows changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from features.routing_settings import RoutingSettings
from serving.language.plain_text import one_line

NO_TERRITORY = "no rep for its territory"
ALL_FULL = "all reps of its territory are full"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead that has to be routed; `rank` is what it is ordered by, the largest first (propensity, then points)."""

    lead_id: str
    account_id: str | None = None
    territory: str | None = None
    skill: str | None = None
    rank: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Books:
    """What reps have: open leads by rep, the rep of each account, and who got leads so far, oldest first."""

    load: Mapping[str, int] = field(default_factory=dict)
    of_account: Mapping[str, str] = field(default_factory=dict)
    turns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A lead and the rep who gets it; `why` are the rules that decided, `load` counts this lead too."""

    lead_id: str
    rep: str
    why: tuple[str, ...]
    load: int
    capacity: int

    @property
    def reason(self) -> str:
        """Why, in one line."""
        return f"{'; '.join(self.why)}; lead {self.load} of {self.capacity}"


@dataclass(frozen=True, slots=True)
class Routed:
    """Who got which lead, in the order of the leads' ranks, and why the others wait."""

    given: tuple[Given, ...]
    waiting: Mapping[str, str]


def route(leads: Iterable[Waiting], books: Books, settings: RoutingSettings) -> Routed:
    """A rep for each lead, or why there is none.

    >>> settings = RoutingSettings(reps=("anna", "ben"), territories={"ben": ("DK",)}, capacity=1)
    >>> leads = [Waiting("a", territory="DK"), Waiting("b", territory="DE"), Waiting("c", territory="DE")]
    >>> found = route(leads, Books(), settings)
    >>> [(one.lead_id, one.rep) for one in found.given], dict(found.waiting)
    ([('a', 'ben'), ('b', 'anna')], {'c': 'all reps of its territory are full'})
    """
    desk = _Desk(settings, books)
    given: list[Given] = []
    waiting: dict[str, str] = {}
    for lead in sorted(leads, key=lambda one: (-one.rank[0], -one.rank[1], one.lead_id)):
        found = desk.decide(lead)
        if isinstance(found, str):
            waiting[lead.lead_id] = found
        else:
            given.append(found)
    return Routed(tuple(given), waiting)


class _Desk:
    """Who has how much, which account, and whose turn it was last, while leads are given one after the other."""

    def __init__(self, settings: RoutingSettings, books: Books) -> None:
        self.settings = settings
        self.load = {rep: books.load.get(rep, 0) for rep in settings.reps}
        self.of_account = dict(books.of_account)
        self.last = {rep: turn for turn, rep in enumerate(books.turns)}
        self.turn = len(books.turns)

    def decide(self, lead: Waiting) -> Given | str:
        """The rep who gets the lead, noted; or why nobody does."""
        theirs = self._of_account(lead)
        if theirs is not None:
            return self._give(lead, theirs, (f"account {one_line(lead.account_id or '')}",))
        reps, why = _of_territory(lead, self.settings)
        if not reps:
            return NO_TERRITORY
        free = [rep for rep in reps if self._has_room(rep)]
        if not free:
            return ALL_FULL
        skilled, also = _of_skill(lead, free, self.settings)
        return self._give(lead, min(skilled, key=self._order), (*why, *also) or ("in turn, by load",))

    def _of_account(self, lead: Waiting) -> str | None:
        """The rep of the lead's account, where there is one with room."""
        if not self.settings.keep_account or lead.account_id is None:
            return None
        rep = self.of_account.get(lead.account_id)
        return rep if rep in self.load and self._has_room(rep) else None

    def _has_room(self, rep: str) -> bool:
        return self.load[rep] < self.settings.capacity_of(rep)

    def _order(self, rep: str) -> tuple[float, int, int]:
        """Share of the capacity in use, then who had the last lead longest ago, then as in the settings."""
        share = self.load[rep] / self.settings.capacity_of(rep)
        return share, self.last.get(rep, -1), self.settings.reps.index(rep)

    def _give(self, lead: Waiting, rep: str, why: tuple[str, ...]) -> Given:
        self.load[rep] += 1
        self.last[rep], self.turn = self.turn, self.turn + 1
        if lead.account_id is not None:
            self.of_account.setdefault(lead.account_id, rep)
        return Given(lead.lead_id, rep, why, self.load[rep], self.settings.capacity_of(rep))


def _of_territory(lead: Waiting, settings: RoutingSettings) -> tuple[list[str], tuple[str, ...]]:
    """Reps named for the lead's territory; where nobody is, those who work everywhere."""
    named = [rep for rep in settings.reps if _among(lead.territory, settings.territories.get(rep, ()))]
    if named:
        return named, (f"territory {lead.territory}",)
    return [rep for rep in settings.reps if rep not in settings.territories], ()


def _of_skill(lead: Waiting, reps: list[str], settings: RoutingSettings) -> tuple[list[str], tuple[str, ...]]:
    """Reps with the lead's skill; where nobody has it, those for whom none is named, else all."""
    skilled = [rep for rep in reps if _among(lead.skill, settings.skills.get(rep, ()))]
    if skilled:
        return skilled, (f"skill {lead.skill}",)
    return [rep for rep in reps if rep not in settings.skills] or reps, ()


def _among(value: str | None, values: tuple[str, ...]) -> bool:
    return value is not None and value.strip().lower() in {one.strip().lower() for one in values}

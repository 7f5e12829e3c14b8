"""What an audit finds: suspects, each with its evidence and the line of the project file that would exclude it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

AUDIT_SCHEMA = 1
GATHERED = "evidence"
"""What the time of gathering the evidence stands under, beside those of the checks."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a suspect's picture: a group of rows, how many there are, and their win rate or other share."""

    name: str
    rows: int
    rate: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something that may know the outcome.

    `check` names the check that found it, `table` and `column` where it is (a column, a kind of event, a criterion, or
    rows). `strength` from 0 to 1 orders suspects, `numbers` are the evidence, `sentence` says it in words, `line`
    excludes it. `dated` tells whether times support it; without them it can only be suspected. `bars` are the picture
    and `measure` what their heights are. `also` holds what other checks say about the same thing.
    """

    check: str
    table: str
    column: str
    strength: float
    numbers: Mapping[str, float]
    sentence: str
    line: str
    dated: bool = False
    bars: tuple[Bar, ...] = ()
    measure: str = "win rate"
    also: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """What is suspected, however many checks say so."""
        return self.table, self.column


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check that ran: how many suspects it found and how long it took (s); `skipped` says why it could not run."""

    name: str
    suspects: int
    seconds: float
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """All suspects, strongest first; `base_rate` is the win rate of the bars' rows."""

    suspects: tuple[Suspect, ...]
    checks: tuple[CheckRun, ...]
    limits: tuple[str, ...]
    base_rate: float
    seconds: float
    schema_version: int = field(default=AUDIT_SCHEMA)

    @property
    def not_run(self) -> tuple[str, ...]:
        """The checks that could not run, each with the reason."""
        return tuple(f"{run.name} {run.skipped}" for run in self.checks if run.skipped)

    @property
    def ran(self) -> int:
        """How many checks ran."""
        return sum(run.name != GATHERED and not run.skipped for run in self.checks)


def merged(found: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """One suspect a place, strongest first; what weaker ones say goes into `also`."""
    by_place: dict[tuple[str, str], Suspect] = {}
    for suspect in sorted(found, key=lambda one: (-one.strength, one.table, one.column, one.check)):
        first = by_place.get(suspect.place)
        if first is None:
            by_place[suspect.place] = suspect
        else:
            also = (*first.also, suspect.sentence)
            by_place[suspect.place] = replace(first, also=also, dated=first.dated or suspect.dated)
    return tuple(by_place.values())


def to_json(audit: Audit) -> str:
    """Strict JSON, one newline at the end."""
    return json.dumps(asdict(audit), indent=1, allow_nan=False, ensure_ascii=False) + "\n"

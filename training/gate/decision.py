"""What the gate decided and why, as frozen values: `gate.json`, schema version 1, described in docs/promotion.md."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA_VERSION = 1
Outcome = Literal["passed", "warning", "refused"]
GateKind = Literal["first", "challenger"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its number with an interval, the limit, and what that means.

    Numbers are None where there is none to give; a warning does not stop a promotion.
    """

    name: str
    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether a challenger may become champion.

    `compared` says which models were scored on which rows. `rows`, `leads` and `winning_leads` count these rows;
    `smallest_margin` is the least `margin` at which an equal challenger would pass nine times in ten on them.
    `settings` are those of `[gate]`.
    """

    schema_version: int
    kind: GateKind
    challenger: str
    champion: str | None
    passed: bool
    compared: str
    rows: int
    leads: int
    winning_leads: int
    smallest_margin: float | None
    checks: tuple[Check, ...]
    settings: dict[str, Any]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was refused; what speaks for it when it was not."""
        wanted: Outcome = "passed" if self.passed else "refused"
        return tuple(check.sentence for check in self.checks if check.outcome == wanted)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know although it stops nothing."""
        return tuple(check.sentence for check in self.checks if check.outcome == "warning")


def decision_to_json(decision: GateDecision) -> str:
    """Strict JSON, one newline at the end."""
    return json.dumps(asdict(decision), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def decision_from_json(text: str) -> GateDecision:
    """Decision of `gate.json`.

    Raises:
        ValueError: not JSON, or of another schema.
    """
    try:
        value = json.loads(text)
        if value["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"gate schema {value['schema_version']!r}, expected {SCHEMA_VERSION}")
        return GateDecision(**{**value, "checks": tuple(Check(**check) for check in value["checks"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"no gate decision: {error}") from error

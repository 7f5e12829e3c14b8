"""What `policy.json` says, as frozen values: who is sales qualified by each choice, and what is expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.evaluation import NOTHING, Estimate

SCHEMA_VERSION = 1
Choice = Literal["capacity", "value", "precision", "bant_volume"]
OptionName = Literal["capacity", "value", "precision", "bant_volume", "bant", "points", "volume"]
Period = Literal["week", "100 leads"]
Unfamiliar = Literal["flag", "never_qualify"]
CHOICES: tuple[Choice, ...] = ("capacity", "value", "precision", "bant_volume")


@dataclass(frozen=True, slots=True)
class Option:
    """A way to decide who is sales qualified, and what it brings in a period (a week, or 100 leads).

    `threshold` is None for rules, and where `reason` says why there is none. `listed` is how many open leads stand at
    or above it at one time. `predicted` and `happened` compare win rates on weeks whose outcome is known, of as many
    leads a period; `moved` tells that they differ beyond chance.
    """

    name: OptionName
    threshold: float | None
    reason: str = ""
    listed: float | None = None
    leads: Estimate = NOTHING
    wins: Estimate = NOTHING
    precision: Estimate = NOTHING
    value: Estimate = NOTHING
    cost_per_sql: Estimate = NOTHING
    predicted: float | None = None
    happened: Estimate = NOTHING
    moved: bool = False


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """Net benefit per lead of each way to choose leads, at one threshold probability (Vickers & Elkin 2006)."""

    threshold: float
    model: Estimate
    all: float
    bant: float | None
    points: float | None


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """The content of `policy.json` in a run's folder; `options` has one entry per choice, in their order.

    `periods` were counted for the volume, `matured_periods` for the outcomes. `open_leads` stand on a list on average.
    """

    schema_version: int
    chosen: Choice
    threshold: float
    period: Period
    periods: float
    matured_periods: float
    open_leads: float | None
    new_leads: float | None
    deal_value: Estimate
    deal_value_from: str
    cost_of_contact: float | None
    spend_per_month: Estimate
    options: tuple[Option, ...]
    rules: tuple[Option, ...]
    volumes: tuple[Option, ...]
    decision_curve: tuple[NetBenefit, ...]

    @property
    def option(self) -> Option:
        """The chosen option."""
        return next(option for option in self.options if option.name == self.chosen)


def option_from(value: Mapping[str, object]) -> Option:
    """An option as JSON holds it.

    Raises:
        ValueError: keys missing or of the wrong type.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(Option).validate_python(value)

"""What `funnel.json` says, as frozen values."""

from dataclasses import dataclass

from training.evaluation import Estimate

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """From one stage to another: all leads, or those of a group.

    `rate` is what is expected in the end, within `within_days` of the earlier stage; `passed` the share of the curve
    that the leads have passed. `median_days` is of those who go on (only of all leads).
    """

    from_stage: str
    to_stage: str
    entered: int
    went_on: int
    passed: float
    rate: Estimate
    within_days: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Leads created in a month, or of a source (None: not known), and their steps."""

    name: str | None
    leads: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Velocity:
    """Lead velocity rate of a stage: growth of the leads that reached it in a month over the month before."""

    stage: str
    month: str
    reached: int
    month_before: int
    growth: Estimate
    note: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """Spend and what came of it in a month, of a source, or in all; `name` None: spend or leads without a source.

    `per_sql` is spend ÷ SQLs, `roi` (won amounts − spend) ÷ spend; null with the reason in `note`.
    """

    name: str | None
    spend: float
    sqls: int
    wins: int
    won_amount: float
    wins_without_amount: int
    per_sql: Estimate
    roi: Estimate
    note: str | None


@dataclass(frozen=True, slots=True)
class Money:
    """Cost per SQL and return, over the complete months from `first_month` to `last_month` that spend covers.

    `shared_per_sql` is the spend without a source ÷ all SQLs: it comes on top of the cost of every source alike.
    """

    first_month: str
    last_month: str
    total: Cost
    shared: float
    shared_per_sql: float | None
    sources: tuple[Cost, ...]
    months: tuple[Cost, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many of the leads that are open now will reach a stage within so many days; leads yet to come not counted.

    `by` is stages (what became of leads that stood where these stand) or model (propensities and closing curve).
    """

    stage: str
    days: int
    by: str
    open_leads: int
    number: Estimate
    note: str | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The content of `funnel.json`: the funnel as of a date, from rows dated before it."""

    schema_version: int
    as_of: str
    leads: int
    reached: dict[str, int]
    steps: tuple[Step, ...]
    months: tuple[Group, ...]
    sources: tuple[Group, ...]
    velocity: tuple[Velocity, ...]
    money: Money | None
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]

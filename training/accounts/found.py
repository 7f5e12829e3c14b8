"""What the holdout says of accounts, as frozen values: schema version 1, key by key in docs/buying-team.md."""

from dataclasses import dataclass

from training.evaluation import Band, Estimate

ACCOUNTS_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class AccountSystem:
    """One way to order accounts; calibration (mean prediction less win rate, slope) only of probabilities."""

    name: str
    roc_auc: Estimate
    pr_auc: Estimate
    lift_at_10: Estimate
    brier: Estimate
    predicted: float | None
    slope: Estimate


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """Some accounts on all dates: how many, how many were won, and every way to order them on the same rows."""

    rows: int
    accounts: int
    wins: int
    observed: Estimate
    systems: tuple[AccountSystem, ...]
    better_than_best_lead: Estimate
    better_than_points: Estimate


@dataclass(frozen=True, slots=True)
class Accounts:
    """The content of `accounts.json`; `weight` is the share of a further lead's chance that adds to an account's.

    `dates` are the lists that were looked at, four weeks apart. `weight_low` and `weight_high` are the least and most
    that it was when fitted without a fifth of the accounts. `several` are accounts with more than one open lead, and
    `roles` all accounts by how many wanted roles they cover.
    """

    schema_version: int
    interval_level: float
    replicates: int
    dates: tuple[str, ...]
    left_out: int
    weight: float
    weight_low: float
    weight_high: float
    every: AccountGroup
    several: AccountGroup
    wanted: tuple[str, ...]
    roles: tuple[Band, ...]
    headline: str
    sentences: tuple[str, ...]

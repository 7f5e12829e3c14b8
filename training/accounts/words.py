"""Accounts in words: whether putting leads together pays, and whether roles say more than the model knows."""

from training.accounts.found import AccountGroup, Accounts, AccountSystem
from training.bands import differs
from training.evaluation import Estimate
from training.wording import count, fixed, number_range, percent, percent_range

TOLERANCE = 0.2
"""Expected and observed rate may differ by this share of the larger before it is worth a word."""


def headline(found: Accounts) -> str:
    """One sentence on how accounts are ranked, and whether better than by their ripest lead."""
    auc = found.every.systems[0].roc_auc
    ranked = f"Accounts are ranked with a ROC-AUC of {number_range(auc)}"
    gain = found.several.better_than_best_lead
    if not _clear(gain):
        return f"{ranked}; putting the leads of an account together ranks no better than its ripest lead alone."
    if (gain.value or 0) > 0:
        return f"{ranked}; putting the leads of an account together ranks better than its ripest lead alone."
    return f"{ranked}; the ripest lead alone ranks better than all leads of an account together."


def sentences(found: Accounts) -> tuple[str, ...]:
    """How leads add up, how far probabilities fit, what points do, and what covered roles go along with."""
    return (_weight(found), _level(found.several), _points(found.every), *_roles(found))


def _weight(found: Accounts) -> str:
    share = percent(found.weight)
    return (
        f"An account has the chance of its ripest lead, and each further open lead counts with {share} of its own "
        f"(0 %: not at all; 100 %: as if each decided alone). Fitted on this holdout; without a fifth of the accounts "
        f"it is {percent(found.weight_low)} to {percent(found.weight_high)}, and each account is judged by the share "
        "that was fitted without it."
    )


def _level(group: AccountGroup) -> str:
    own, best, alone = (_named(group, name).predicted for name in ("account", "best_lead", "noisy_or"))
    return (
        f"Of {count(group.rows)} accounts with several open leads {percent_range(group.observed)} were won; expected "
        f"were {percent(own or 0)} (by the ripest lead alone {percent(best or 0)}, as if each lead decided alone "
        f"{percent(alone or 0)})."
    )


def _points(group: AccountGroup) -> str:
    gain, auc = group.better_than_points, _named(group, "points").roc_auc
    said = f"Points of all its leads added up rank accounts with {number_range(auc)}"
    if not _clear(gain):
        return f"{said}: no clear difference."
    better = "the model is better" if (gain.value or 0) > 0 else "points are better"
    return f"{said}: {better} by {fixed(abs(gain.value or 0), 3)}."


def _roles(found: Accounts) -> tuple[str, ...]:
    told = [band for band in found.roles if band.observed.low is not None]
    if len(told) < 2:
        return ("Too few accounts cover wanted roles to say what that goes along with.",)
    first, last = told[0], told[-1]
    said = (
        f"Of accounts that cover {last.name} of the {len(found.wanted)} wanted roles {percent_range(last.observed)} "
        f"were won, of those that cover {first.name}, {percent_range(first.observed)}"
    )
    off = [band.name for band in told if differs(band.difference, band.observed, len(told), TOLERANCE)]
    if not off:
        return (f"{said}; the account's propensity expects as much.",)
    return (f"{said}. The account's propensity does not fit where {' and '.join(off)} are covered.",)


def _clear(found: Estimate) -> bool:
    """Whether the interval leaves out zero."""
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def _named(group: AccountGroup, name: str) -> AccountSystem:
    return next(system for system in group.systems if system.name == name)

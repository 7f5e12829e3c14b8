"""Examination: accounts ranked and predicted from their leads, beside simpler ways, on the same rows."""

from dataclasses import replace

import numpy as np

from features.titles import Role
from features.windows import Floats, Ints
from training.accounts.found import ACCOUNTS_SCHEMA, AccountGroup, Accounts, AccountSystem
from training.accounts.propensity import BEST_LEAD, NOISY_OR, account_propensity
from training.accounts.rows import AccountFit, AccountRows
from training.accounts.words import headline, sentences
from training.bands import bands, estimate, sums
from training.bootstrap import LEVEL, Bootstrap, System, bootstrap_intervals, resamples
from training.evaluation import NOTHING, Band
from training.examine import Examined, Finding, strict_json
from training.sections import Section

REPLICATES = 200
TITLE = "Accounts and their buying teams"
ACCOUNT, BEST, OR, POINTS, LEADS = "account", "best_lead", "noisy_or", "points", "leads"
ROLE_WORDS: dict[Role, str] = {
    "purchaser": "purchaser",
    "specialist": "specialist",
    "team_lead": "team lead",
    "production_manager": "production manager",
    "management": "management",
}


def examine_accounts(examined: Examined) -> Finding | None:
    """`accounts.json` and its section; None where accounts with several leads cannot be judged."""
    if examined.accounts is None:
        return None
    rng = np.random.default_rng(examined.settings.model.seed)
    found = accounts_of(examined.accounts, tuple(examined.project.team.roles), rng)
    metrics = {"accounts.weight": found.weight}
    if found.every.systems[0].roc_auc.value is not None:
        metrics["accounts.roc_auc"] = found.every.systems[0].roc_auc.value
    return Finding("accounts", strict_json(found), Section("accounts", TITLE, "sections/accounts.html", found), metrics)


def accounts_of(fit: AccountFit, wanted: tuple[Role, ...], rng: np.random.Generator) -> Accounts:
    """Everything that is said of the rows of a fit."""
    rows, n = fit.rows, len(fit.rows.account)
    ways = {
        ACCOUNT: _propensity(rows, fit.fitted_without),
        BEST: account_propensity(rows.lead_row, rows.propensity, n, BEST_LEAD),
        OR: account_propensity(rows.lead_row, rows.propensity, n, NOISY_OR),
        POINTS: rows.points,
        LEADS: rows.leads.astype(np.float64),
    }
    whole, several = np.arange(n), np.flatnonzero(rows.leads > 1)
    found = Accounts(
        schema_version=ACCOUNTS_SCHEMA,
        interval_level=LEVEL,
        replicates=REPLICATES,
        dates=tuple(str(np.datetime64(int(at), "us").astype("datetime64[D]")) for at in np.unique(rows.as_of)),
        left_out=rows.left_out,
        weight=fit.weight,
        weight_low=float(fit.fitted_without.min()),
        weight_high=float(fit.fitted_without.max()),
        every=_group(rows, whole, {name: ways[name] for name in (ACCOUNT, BEST, POINTS, LEADS)}, rng),
        several=_group(rows, several, ways, rng),
        wanted=tuple(ROLE_WORDS[role] for role in wanted),
        roles=_roles(rows, ways[ACCOUNT], rng),
        headline="",
        sentences=(),
    )
    return replace(found, headline=headline(found), sentences=sentences(found))


def _propensity(rows: AccountRows, weights: Floats) -> Floats:
    """Account propensities, each row with its own weight."""
    n, out = len(rows.account), np.zeros(len(rows.account))
    for weight in np.unique(weights).tolist():
        here = weights == weight
        out[here] = account_propensity(rows.lead_row, rows.propensity, n, weight)[here]
    return out


def _group(rows: AccountRows, chosen: Ints, ways: dict[str, Floats], rng: np.random.Generator) -> AccountGroup:
    won, account = rows.won[chosen], rows.account[chosen]
    drawn = resamples(account, rng, REPLICATES)
    given = [System(name, score[chosen], name == ACCOUNT) for name, score in ways.items()]
    measured = bootstrap_intervals(won, given, {"10": np.full(len(won), 0.1)}, drawn)
    counted = sums(won, np.zeros(len(won)), np.zeros(len(won), np.int64), drawn)
    return AccountGroup(
        rows=len(won),
        accounts=drawn.groups,
        wins=int(won.sum()),
        observed=bands(counted, ("all",))[0].observed,
        systems=tuple(_system(measured, system) for system in given),
        better_than_best_lead=estimate(measured.difference(ACCOUNT, BEST, "roc_auc")),
        better_than_points=estimate(measured.difference(ACCOUNT, POINTS, "roc_auc")),
    )


def _system(measured: Bootstrap, system: System) -> AccountSystem:
    ranked = {metric: estimate(measured.interval(system.name, metric)) for metric in ("roc_auc", "pr_auc", "lift@10")}
    fitted = dict.fromkeys(("brier", "slope"), NOTHING)
    if system.probability:
        fitted = {metric: estimate(measured.interval(system.name, metric)) for metric in fitted}
    is_chance = system.name in (ACCOUNT, BEST, OR)
    return AccountSystem(
        name=system.name,
        roc_auc=ranked["roc_auc"],
        pr_auc=ranked["pr_auc"],
        lift_at_10=ranked["lift@10"],
        brier=fitted["brier"],
        predicted=round(float(system.score.mean()), 6) if is_chance else None,
        slope=fitted["slope"],
    )


def _roles(rows: AccountRows, propensity: Floats, rng: np.random.Generator) -> tuple[Band, ...]:
    """Accounts by how many wanted roles they cover: expected and observed."""
    drawn = resamples(rows.account, rng, REPLICATES)
    covered, code = np.unique(rows.roles, return_inverse=True)
    counted = sums(rows.won, propensity, code.astype(np.int64), drawn)
    return bands(counted, [str(number) for number in covered.tolist()])

"""Attributes that are filled (or empty) almost only for one outcome."""

from training.audit.evidence import Evidence
from training.audit.lines import attribute_line
from training.audit.measures import Group, bars_of, group_of, least_share
from training.audit.suspects import Suspect
from training.wording import percent

LEAST_ROWS = 20
# The share itself, how low it may be by chance, and how many times the odds of all others even then.
PURE, PURE_LOW, ODDS = 0.95, 0.85, 8.0


def check_filled(evidence: Evidence) -> list[Suspect]:
    """Attributes whose being known tells the outcome, whatever their values."""
    found, leads = [], evidence.leads
    for name, values in leads.attributes.items():
        missing = values.isna().to_numpy()
        if name in evidence.tracked or missing.all() or not missing.any():
            continue
        for state, rows in (("filled", ~missing), ("empty", missing)):
            group = group_of(rows, leads.label)
            outcome = one_outcome(group)
            if outcome:
                found.append(_suspect(evidence, str(name), state, outcome, group))
                break
    return found


def one_outcome(group: Group) -> str | None:
    """What became of a group that consists of one outcome almost alone, far beyond the others and beyond chance."""
    if group.rows_outside == 0:
        return None
    if _pure(group.wins, group.rows, group.rate_outside):
        return "won"
    return "did not win" if _pure(group.rows - group.wins, group.rows, 1 - group.rate_outside) else None


def _pure(hits: int, of: int, rate_outside: float) -> bool:
    low = least_share(hits, of)
    beyond = low * (1 - rate_outside) >= ODDS * rate_outside * (1 - low)
    return of >= LEAST_ROWS and hits / of >= PURE and low >= PURE_LOW and beyond


def _suspect(evidence: Evidence, name: str, state: str, outcome: str, group: Group) -> Suspect:
    table, line = attribute_line(evidence, name)
    share = group.rate if outcome == "won" else 1 - group.rate
    filled = evidence.leads.attributes[name].notna().map({True: "filled", False: "empty"})
    return Suspect(
        check="filled for one outcome",
        table=table,
        column=name,
        strength=share,
        numbers={"rows": group.rows, "win_rate": group.rate, "win_rate_otherwise": group.rate_outside},
        sentence=f"{name} is {state} for {group.rows:,} leads of which {percent(share)} {outcome} "
        f"(win rate of the others: {percent(group.rate_outside)})",
        line=line,
        bars=bars_of(filled, evidence.leads.label),
    )

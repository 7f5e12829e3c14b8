"""Attributes that look quite different for the leads that are open today than for those the model learns from.

Where that is so, values come later in a lead's life than it is scored, or the process has changed: either way the model
learns from something it will not see.
"""

import numpy as np
import pandas as pd

from features.fit import attribute_frame, with_numbers
from features.windows import NEVER, Ints
from training.audit.evidence import MOST_LEADS, Evidence, sampled
from training.audit.lines import attribute_line
from training.audit.measures import binned
from training.audit.suspects import Bar, Suspect
from training.wording import percent

LEAST_OPEN = 50
KNOWN, APART = 0.25, 0.35
SURE = 6.0


def check_skew(evidence: Evidence) -> list[Suspect]:
    """Attributes as exported whose known share or distribution differs between open and newest training leads."""
    open_leads, trained = _open_leads(evidence), _newest(evidence)
    if min(len(open_leads), len(trained)) < LEAST_OPEN:
        return []
    names = [name for name in evidence.leads.attributes if name not in evidence.tracked]
    leads = evidence.dataset.histories.leads.iloc[open_leads]
    frame = attribute_frame(leads, evidence.dataset.tables.accounts, ())[names]
    found = []
    for name in names:
        today, then = _alike(frame[name], evidence.leads.attributes[name].iloc[trained])
        suspect = _suspect(evidence, str(name), today, then)
        if suspect is not None:
            found.append(suspect)
    return found


def _alike(today: pd.Series, then: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both as numbers, or both as text where open leads have what is no number."""
    if isinstance(today.dtype, pd.StringDtype) and pd.api.types.is_numeric_dtype(then):
        numbers = with_numbers(today.to_frame())[today.name]
        return (numbers, then) if pd.api.types.is_numeric_dtype(numbers) else (today, then.astype("str"))
    return today, then


def _open_leads(evidence: Evidence) -> Ints:
    """Leads that would be scored today: without a known outcome, not older than training snapshots get."""
    histories = evidence.dataset.histories
    n = len(histories.lead_ids)
    if not evidence.timed:
        known = np.zeros(n, bool)
        known[evidence.dataset.snapshots.lead[evidence.dataset.matured]] = True
        return sampled(np.flatnonzero(~known), MOST_LEADS, evidence.rng())
    age = evidence.snapshots.as_of - histories.created[evidence.snapshots.lead]
    end = int(pd.Timestamp(evidence.dataset.tables.data_end).value // 1000)
    young = end - histories.created <= max(int(age.max(initial=0)), 1)
    return sampled(np.flatnonzero(young & (evidence.closings.time == NEVER)), MOST_LEADS, evidence.rng())


def _newest(evidence: Evidence) -> Ints:
    """The newer half of the audited leads (all where nothing is dated), closed ones if losses are recorded."""
    created, closings = evidence.leads.created, evidence.closings
    if not evidence.dataset.tables.timed:
        return np.arange(len(created))
    closed = closings.time[evidence.leads.number] != NEVER
    lost = closed & (closings.won[evidence.leads.number] == 0)
    compared = closed if lost.sum() >= LEAST_OPEN else np.ones(len(created), bool)
    return np.flatnonzero(compared & (created >= np.median(created[compared])))


def _suspect(evidence: Evidence, name: str, today: pd.Series, trained: pd.Series) -> Suspect | None:
    known = np.array([float(today.notna().mean()), float(trained.notna().mean())])
    apart, chance = distance(today, trained)
    sure = SURE * np.sqrt(0.25 / len(today) + 0.25 / len(trained))
    differs = abs(known[0] - known[1])
    if not (differs >= max(KNOWN, sure) or (apart >= APART and apart >= 3 * chance)):
        return None
    table, line = attribute_line(evidence, name)
    if differs >= KNOWN:
        what = (
            f"{name} is known for {percent(known[0])} of open leads, {percent(known[1])} of the newest training leads"
        )
    else:
        what = f"{percent(apart)} of the values of {name} would have to move for open leads to look like training leads"
    return Suspect(
        check="open leads differ",
        table=table,
        column=name,
        strength=max(differs, apart),
        numbers={"known_open": known[0], "known_trained": known[1], "distance": apart, "by_chance": chance},
        sentence=f"{what}: it is filled in later, or the process has changed",
        line=line,
        dated=evidence.timed,
        bars=(Bar("known, open leads", len(today), known[0]), Bar("known, training leads", len(trained), known[1])),
        measure="share known",
    )


def distance(one: pd.Series, other: pd.Series) -> tuple[float, float]:
    """Total variation distance of the known values (0 equal, 1 apart), and what chance alone would give on average."""
    both = pd.concat([one.dropna(), other.dropna()], ignore_index=True)
    n, m = int(one.notna().sum()), int(other.notna().sum())
    if min(n, m) < LEAST_OPEN or len(both) < 2 * LEAST_OPEN:
        return 0.0, 1.0
    code = binned(both)
    size = int(code.max()) + 1
    shares = np.bincount(code[:n], minlength=size) / n, np.bincount(code[n:], minlength=size) / m
    pooled = np.bincount(code, minlength=size) / (n + m)
    # Mean absolute deviation of a normal: √(2/π) standard deviations.
    chance = float(0.5 * np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / n + 1 / m)).sum())
    return float(0.5 * np.abs(shares[0] - shares[1]).sum()), chance

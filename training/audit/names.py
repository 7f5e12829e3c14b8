"""Columns whose names say that they are written late in a lead's life, and that do tell of the outcome.

The only hint where nothing is dated, and a weak one: the name must be one of a few words, and the column must be
related to the outcome beyond chance.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from training.audit.evidence import Evidence
from training.audit.lines import attribute_line
from training.audit.measures import bars_of, binned, p_value, strength_of
from training.audit.suspects import Suspect

SURE = 1e-4


@dataclass(frozen=True, slots=True)
class Words:
    """Words of names, why they matter, and the AUC (less its uncertainty) from which on they do."""

    words: str
    why: str
    least_auc: float


LATE: Mapping[str, Words] = {
    "outcome": Words(
        (
            "outcome result closed close closing won lost win converted conversion disposition invoice signed churn "
            "renewal abschluss gewonnen verloren vundet tabt"
        ),
        "is named like the outcome itself",
        0.53,
    ),
    "progress": Words(
        "status stage phase customer contract vertrag kunde kontrakt",
        "is named like the progress of a lead towards its outcome",
        0.65,
    ),
    "judgement": Words(
        (
            "score scores index rating grade quality profile tag tags priority probability likelihood forecast "
            "temperature bewertung prognose vurdering"
        ),
        "is named like a judgement that people or systems revise while a lead is worked",
        0.52,
    ),
    "last state": Words(
        "last latest modified updated letzte letzter letztes sidste senest seneste",
        "is named like the last state at the time of the export, not the state when a lead is scored",
        0.52,
    ),
    "measured afterwards": Words(
        "duration amount value values revenue profit margin umsatz betrag dauer omsætning",
        "is named like something measured when all is over",
        0.72,
    ),
}


def check_names(evidence: Evidence) -> list[Suspect]:
    """Attributes without a dated history that are named like late ones and tell of the outcome beyond chance."""
    found, attributes = [], evidence.leads.attributes
    for name in map(str, attributes.columns):
        words = None if name in evidence.tracked else named_late(name)
        suspect = words and _suspect(evidence, name, words, SURE / len(attributes.columns))
        if suspect:
            found.append(suspect)
    return found


def named_late(name: str) -> Words | None:
    """The words that a column name matches: `LastNotableActivity`, `lead_score`.

    >>> named_late("Last Notable Activity").least_auc
    0.52
    >>> named_late("blast_radius") is None
    True
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    parts = set(re.split(r"[\W_\d]+", spaced.lower()))
    return next((words for words in LATE.values() if parts & set(words.words.split())), None)


def _suspect(evidence: Evidence, name: str, words: Words, sure: float) -> Suspect | None:
    leads = evidence.leads
    code = binned(leads.attributes[name])
    strength, chance = strength_of(code, leads.label, leads.fold), p_value(code, leads.label)
    if chance > sure or strength.auc_low < words.least_auc:
        return None
    table, line = attribute_line(evidence, name)
    return Suspect(
        check="name",
        table=table,
        column=name,
        # Numbers alone are better evidence than a name: they come first where both speak.
        strength=0.95 * strength.auc,
        numbers={**strength.numbers(), "p_value": chance},
        sentence=f"{name} {words.why}, and tells of the outcome (AUC {strength.auc:.2f}); its changes are not "
        "dated, so it can only be suspected",
        line=line,
        bars=bars_of(leads.attributes[name], leads.label),
    )

"""A single attribute that tells more of the outcome than a description of a lead can."""

from training.audit.evidence import Evidence
from training.audit.lines import attribute_line
from training.audit.measures import Strength, bars_of, binned, strength_of
from training.audit.suspects import Suspect
from training.wording import percent

# The strongest column that was known in time on seven public data sets has .78 and 19 % (docs/leakage.md).
AUC_ALARM = 0.80
SHARE_ALARM = 0.25


def check_single(evidence: Evidence) -> list[Suspect]:
    """Attributes as exported whose out-of-fold rates are too good by themselves."""
    found = []
    for name, values in evidence.leads.attributes.items():
        if name in evidence.tracked:
            continue
        strength = strength_of(binned(values), evidence.leads.label, evidence.leads.fold)
        if alarming(strength):
            found.append(_suspect(evidence, str(name), strength))
    return found


def alarming(strength: Strength, auc: float = AUC_ALARM, share: float = SHARE_ALARM) -> bool:
    """Whether either measure is beyond its alarm, chance taken off."""
    return strength.auc_low >= auc or strength.share_low >= share


def _suspect(evidence: Evidence, name: str, strength: Strength) -> Suspect:
    table, line = attribute_line(evidence, name)
    return Suspect(
        check="single column",
        table=table,
        column=name,
        strength=strength.auc,
        numbers=strength.numbers(),
        sentence=f"{name} alone ranks the outcome with an AUC of {strength.auc:.2f} and explains "
        f"{percent(strength.share)} of it: more than what is known of a lead beforehand usually tells",
        line=line,
        bars=bars_of(evidence.leads.attributes[name], evidence.leads.label),
    )

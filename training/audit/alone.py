"""A single feature made of dated rows that tells more than a feature of its kind can."""

import pandas as pd

from features.catalog import FeatureDef
from training.audit.evidence import Evidence
from training.audit.lines import attribute_line, feature_line, field_line, kind_line, quoted
from training.audit.measures import bars_of, binned, strength_of
from training.audit.single import alarming
from training.audit.suspects import Suspect

# Sums over all interactions reach .83 where interest is all there is (simulated worlds); one kind of event .70.
AUC_OF_TOTALS, AUC_OF_ONE = 0.92, 0.82
SHARE_OF_TOTALS, SHARE_OF_ONE = 0.45, 0.30
ONE_THING = ("kind:", "topic:")


def check_alone(evidence: Evidence) -> list[Suspect]:
    """Features of training snapshots that are too good by themselves; attributes as exported have their own check."""
    found = []
    for column, feature in enumerate(evidence.catalog.features):
        # Attributes as exported have checks of their own, and so has what the share of filled ones is made of.
        if feature.family == "profile_filled" or (feature.family == "attribute" and feature.of not in evidence.tracked):
            continue
        values = pd.Series(evidence.table.values[:, column])
        strength = strength_of(binned(values), evidence.label, evidence.fold)
        limits = (AUC_OF_ONE, SHARE_OF_ONE) if _of_one_thing(feature) else (AUC_OF_TOTALS, SHARE_OF_TOTALS)
        if alarming(strength, *limits):
            table, name, line = origin(evidence, feature)
            sentence = (
                f"{feature.name} alone ranks the outcome of training snapshots with an AUC of {strength.auc:.2f}, "
                f"above the {limits[0]:.2f} that a feature of its kind may reach"
            )
            bars = bars_of(values, evidence.label)
            found.append(
                Suspect("single feature", table, name, strength.auc, strength.numbers(), sentence, line, True, bars)
            )
    return found


def _of_one_thing(feature: FeatureDef) -> bool:
    """Whether a feature looks at one kind of event, one attribute or one criterion, rather than at all interactions."""
    if feature.family in ("attribute", "criterion_met", "criterion_age_days", "lead_age_days", "colleagues"):
        return True
    return (feature.of or "").startswith(ONE_THING)


def origin(evidence: Evidence, feature: FeatureDef) -> tuple[str, str, str]:
    """Table and name of what a feature is made of, and the line that excludes it."""
    if feature.family == "attribute" and feature.of in evidence.tracked:
        return "lead_changes", feature.of or "", field_line(evidence, feature.of or "")
    if feature.family == "attribute":
        table, line = attribute_line(evidence, feature.of or "")
        return table, feature.of or "", line
    if feature.family in ("criterion_met", "criterion_age_days"):
        return "assessments", feature.of or "", criterion_line(evidence, feature.of or "")
    if (feature.of or "").startswith("kind:"):
        code = int((feature.of or "").removeprefix("kind:"))
        if code < len(evidence.catalog.kinds):
            kind = evidence.catalog.kinds[code]
            return "interactions", kind, kind_line(evidence.project, kind)
    return "features", feature.name, feature_line(feature.name)


def criterion_line(evidence: Evidence, criterion: str) -> str:
    """Line that asks about the other criteria only."""
    others = [name for name in evidence.project.rules.criteria if name.lower() != criterion.lower()]
    least = min(evidence.project.rules.at_least, max(len(others), 1))
    more = "" if least == evidence.project.rules.at_least else f", at_least = {least}"
    return f"[rules] criteria = {quoted(*others)}{more}"

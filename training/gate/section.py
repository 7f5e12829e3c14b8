"""The gate's decision as a section of the report."""

from training.gate.decision import GateDecision
from training.sections import Section


def gate_section(decision: GateDecision) -> Section:
    """Every check with its number, limit and sentence."""
    return Section("gate", "May it take over?", "sections/gate.html", decision)

"""All examinations, in the order in which the report shows them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from training.accounts.run import examine_accounts
from training.agreement.run import examine_agreement
from training.cohorts import cohorts
from training.contact_window.run import contact_window
from training.examine import Examination, Examined, Finding
from training.funnel.run import examine_funnel
from training.horizons import horizons
from training.learning_curve.run import learning_curve
from training.policy_section import examine_policy
from training.range_section import examine_ranges
from training.segments.run import segments
from training.selection import examine_selection
from training.walk_forward.run import walk_forward

EXAMINATIONS: Mapping[str, Examination] = {
    "writing down who is sales qualified": examine_policy,
    "comparing its class with the frameworks": examine_agreement,
    "walking forward through the history": walk_forward,
    "looking at parts of the market": segments,
    "putting leads together to accounts": examine_accounts,
    "learning from growing shares of the leads": learning_curve,
    "asking who was worked": examine_selection,
    "asking whether ranges held": examine_ranges,
    "asking when wins come": horizons,
    "counting leads by month": cohorts,
    "asking when leads were contacted": contact_window,
    "counting leads by stage": examine_funnel,
}
"""What is told while it runs, and the function."""


def examine(examined: Examined, directory: Path, say: Callable[[str], None]) -> tuple[Finding, ...]:
    """All findings, each written to the run's folder."""
    findings = []
    for what, examination in EXAMINATIONS.items():
        say(what)
        finding = examination(examined)
        if finding is not None:
            (directory / f"{finding.name}.json").write_text(finding.json, encoding="utf-8")
            findings.append(finding)
    return tuple(findings)

"""An audit in words: briefly while training, in full by `ripelead check`."""

from training.audit.suspects import Audit, Suspect

BRIEFLY = 5
LEGEND = "a suspect may be innocent: look at it, and exclude it if it is written after the outcome is known"


def brief_text(audit: Audit) -> str:
    """One or a few lines: how many suspects, and the strongest."""
    ran = _ran(audit)
    if not audit.suspects:
        return f"leakage audit: no suspects ({ran})"
    named = ", ".join(suspect.column for suspect in audit.suspects[:BRIEFLY])
    more = f" and {len(audit.suspects) - BRIEFLY} more" if len(audit.suspects) > BRIEFLY else ""
    return f"leakage audit: {_suspects(len(audit.suspects))} ({ran}): {named}{more}; `ripelead check` says why"


def full_text(audit: Audit) -> str:
    """All suspects with evidence and the line that excludes each; what could not be checked; the time taken."""
    lines = [f"leakage audit: {_suspects(len(audit.suspects))} ({_ran(audit)})"]
    for suspect in audit.suspects:
        lines += _suspect_lines(suspect)
    if audit.suspects:
        lines.append(LEGEND)
    lines += [f"not checked: {text}" for text in (*audit.limits, *audit.not_run)]
    return "\n".join(lines)


def _ran(audit: Audit) -> str:
    failed = len(audit.not_run)
    could_not = f", {failed} could not run" if failed else ""
    return f"{audit.ran} check{'' if audit.ran == 1 else 's'}{could_not}, {audit.seconds:.1f} s"


def _suspect_lines(suspect: Suspect) -> list[str]:
    lines = [f"  {suspect.table}: {suspect.column} ({suspect.check})", f"    {suspect.sentence}"]
    lines += [f"    {sentence}" for sentence in suspect.also]
    return [*lines, f"    to exclude it: {suspect.line}"]


def _suspects(number: int) -> str:
    return "no suspects" if number == 0 else f"{number} suspect{'' if number == 1 else 's'}"

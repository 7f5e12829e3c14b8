"""The page of the gate's benchmark."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.gate import Challenger

GROUPS = {
    "worse": "worse by .03 PR-AUC or more",
    "slope": "calibration slope off by .2 or more",
    "leak": "trained with a field written after the outcome",
    "equal": "equal (other seed)",
    "like": "made like the champion from other leads",
}


def page(found: Sequence["Challenger"], power: Mapping[tuple[int, float], float], rows: tuple[int, int, int]) -> str:
    """The page as Markdown; `rows` are later rows, wins among them, and leads."""
    summary = "\n".join(_summary(start, title, found) for start, title in GROUPS.items())
    kinds = "\n".join(_kind_row(kind, found) for kind in sorted({one.kind for one in found}))
    return f"""# The gate: who is refused, who passes

One simulated world; {rows[0]:,} later rows of {rows[2]:,} leads, {rows[1]:,} wins; the default `[gate]` (margin .01 of
PR-AUC) with 120 resamples. All boosters learn from one matrix of features with the product's parameters (50,000 rows,
120 trees); outcomes are drawn anew for each challenger, except with a leak. "True" is measured with the known
probability of every row. Time and size are not part of it. Made by `make soak` (`python -m benchmarks.gate`).

| challengers | number | refused | passed |
|---|---|---|---|
{summary}

Their true calibration is right unless it is what is wrong: the map is fitted to the true probabilities (with a leak, to
the outcomes), so nothing is refused for a calibration that a real training would have got right.

| challengers | number | refused | true gain in PR-AUC, least to most | refused for |
|---|---|---|---|---|
{kinds}

## How many rows it takes

Share refused, by true loss of PR-AUC and number of later rows; challengers learned from other leads than the champion,
rank worse by noise and are calibrated again. At 0 every refusal is a false one; from .01 on it is what the gate is for.

{_power_table(power)}

{_advice(rows)}
"""


def _summary(start: str, title: str, found: Sequence["Challenger"]) -> str:
    mine = [one for one in found if one.kind.startswith(start)]
    refused = sum(bool(one.refused_for) for one in mine)
    return f"| {title} | {len(mine)} | {refused} | {len(mine) - refused} |"


def _kind_row(kind: str, found: Sequence["Challenger"]) -> str:
    mine = [one for one in found if one.kind == kind]
    refused = [one for one in mine if one.refused_for]
    reasons = Counter(reason for one in refused for reason in one.refused_for)
    named = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "–"
    gains = [one.gain for one in mine]
    return f"| {kind} | {len(mine)} | {len(refused)} | {min(gains):+.3f} to {max(gains):+.3f} | {named} |"


def _power_table(power: Mapping[tuple[int, float], float]) -> str:
    rows = sorted({rows for rows, _ in power})
    losses = sorted({loss for _, loss in power})
    head = "| true loss | " + " | ".join(f"{n:,} rows" for n in rows) + " |\n|---|" + "---|" * len(rows)
    lines = (f"| {loss:.3f} | " + " | ".join(f"{power[n, loss]:.0%}" for n in rows) + " |" for loss in losses)
    return "\n".join([head, *lines])


def _advice(rows: tuple[int, int, int]) -> str:
    n, wins, _ = rows
    table = "\n".join(
        f"| {margin:g} | {round(wins * (0.01 / margin) ** 2, -2):,.0f} | {round(n * (0.01 / margin) ** 2, -2):,.0f} |"
        for margin in (0.01, 0.02, 0.03, 0.05)
    )
    return f"""A retraining that differs from the champion in little agrees with it on most rows, so that {wins:,} wins
serve a margin of .01; one that learned from wholly other leads is as good and passes less often (see above), because
two such models differ more from row to row. The width of an interval falls with the square root of the rows, so a wider
margin needs in this world about:

| `[gate] margin` | wins among later rows | rows |
|---|---|---|
{table}

`smallest_margin` in `gate.json` says it for your own rows. With fewer, an equal challenger is mostly refused for want
of proof: wait for more closed deals, widen the margin, or promote by force and say why."""

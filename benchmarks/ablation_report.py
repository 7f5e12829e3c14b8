"""The page docs/benchmarks/ablation.md."""

from collections.abc import Sequence

from benchmarks.ablation import CASES, FULL, LEADS, LEAN, REPLICATES, Case, Found, Learned, Row, Size
from benchmarks.real import VARIABLE
from training.bootstrap import Interval
from training.wording import count, fixed

HEADINGS = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "log_loss": "log loss", "excess": "excess loss"}
THOUSAND = 1_000

INTRODUCTION = f"""# Which features earn their place

<!-- Made by `make bench-ablation`; do not edit. -->

Every variant is trained and judged on the same rows, with the same folds, as `ripelead train` does it. The first row
of a table gives the metrics of all columns; all other rows give the **difference to it, in thousandths**: −2.0 under
ROC-AUC is 0.870 → 0.868. For PR-AUC and ROC-AUC less is worse, for the losses more is worse. Brackets are 90 %
intervals from {REPLICATES} resamples of whole leads, the same for both sides of a difference, and of the seeds.

*Excess loss*, on simulated worlds only: the mean Kullback–Leibler divergence of the model's from the true probability.
Luck of the outcomes does not blur it, so it is the sharpest of the four. *Gain* is the family's share of the booster's
gain with all columns: a family can have much of it and still be replaceable.

The simulated world has {count(LEADS)} leads. Its hidden state is interest that comes and goes and how well a lead fits;
topics carry nothing by construction there, durations and values nothing that their kinds do not carry, so only real
data can speak for those. Complete Journey has money but no topics, directions, colleagues or qualification; its windows
and half-lives were chosen with its data in view, so every change of them starts from behind. Olist has no interactions
at all. With so many comparisons, one in ten intervals misses its mark by luck alone.

To make this page again: fetch the data as the READMEs under `examples/` say, `export {VARIABLE}=…`, then
`make bench-ablation`. What pays on these sets need not pay on a company's own data.
"""


def page(found: Sequence[Found]) -> str:
    """The whole page."""
    rows = [item for item in found if isinstance(item, Row)]
    learned = [item for item in found if isinstance(item, Learned)]
    sizes = {item.case: item for item in found if isinstance(item, Size)}
    sections = [INTRODUCTION, _lean(rows)]
    for case in CASES:
        sections += [_families(case, rows, sizes)]
    sections.append("## Half-lives\n\nInterest points of leads and accounts with some of the half-lives only.\n")
    sections += [_part(case, "half-lives", rows) for case in CASES]
    sections.append(_points_introduction())
    sections += [_part(case, "learned points", rows) for case in CASES]
    sections += [_points(item) for item in learned]
    sections.append(
        "## Size of the vocabulary\n\nThe world has 33 kinds and 6 topics; the most frequent get columns, the rest is "
        "pooled. The rarest kinds are among the most telling: a demo is asked for once.\n"
    )
    sections += [_part(case, "vocabulary", rows) for case in CASES]
    return "\n".join(section for section in sections if section)


def _lean(rows: Sequence[Row]) -> str:
    own = [row for row in rows if row.part == "lean" and row.variant == LEAN]
    lines = [
        "## The lean catalog",
        "",
        "Per kind of interaction: count in the middle window and ever, recency. Topics, days, visits, dwell time, "
        "value and variety once, over all history. Without `trend` and `entropy`, and without the account's counts "
        "per kind. More seeds than below: what is left out together should be seen sharply.",
        "",
        f"| data set | all columns | lean | {' | '.join(HEADINGS.values())} |",
        "|---|--:|--:|" + "--:|" * len(HEADINGS),
    ]
    all_columns = {row.case: row.columns for row in rows if row.variant == FULL and row.part == "lean"}
    lines += [f"| {_title(row.case)} | {all_columns[row.case]} | {row.columns} | {_cells(row)} |" for row in own]
    flat = (
        "Olist, X Education, Salvirt, Bank Marketing, Online Shoppers and Maven keep all columns: no histories there."
    )
    return "\n".join([*lines, "", flat, ""])


def _families(case: Case, rows: Sequence[Row], sizes: dict[str, Size]) -> str:
    mine = [row for row in rows if row.case == case.name and row.part == "families"]
    if not mine:
        return ""
    size = sizes[case.name]
    lines = [
        f"## {case.title}",
        "",
        f"{count(size.train)} rows train, {count(size.judged)} are judged, {count(size.wins)} of them won. "
        f"{size.proposed} columns are proposed; a table counts those that vary and repeat no other. "
        f"Every number is the mean of {case.seeds} seeds.",
        "",
        *_table(mine, with_gain=True),
    ]
    return "\n".join([*lines, ""])


def _part(case: Case, part: str, rows: Sequence[Row]) -> str:
    mine = [row for row in rows if row.case == case.name and row.part == part]
    return "\n".join([f"**{case.title}**", "", *_table(mine, with_gain=False), ""]) if mine else ""


def _table(rows: Sequence[Row], *, with_gain: bool) -> list[str]:
    gain = ["gain"] if with_gain else []
    head = ["variant", "columns", *gain, "trees", *(HEADINGS[metric] for metric in rows[0].metrics)]
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    for row in rows:
        share = [f"{100 * row.gain:.1f} %" if row.gain else ""] if with_gain else []
        cells = [row.variant, str(row.columns), *share, f"{row.trees:.0f}"]
        lines.append(f"| {' | '.join(cells)} | {_cells(row, len(row.metrics))} |")
    return lines


def _cells(row: Row, columns: int = len(HEADINGS)) -> str:
    cells = [_shown(found, row.variant == FULL) for found in row.metrics.values()]
    return " | ".join(cells + ["–"] * (columns - len(cells)))


def _shown(found: Interval, absolute: bool) -> str:
    if absolute:
        return f"{fixed(found.value, 4)}"
    low, value, high = (_signed(THOUSAND * number) for number in (found.low, found.value, found.high))
    return f"{value} ({low} to {high})"


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _points_introduction() -> str:
    return (
        "## Learned points beside the configured ones\n\n"
        "Non-negative logistic regression on decayed counts per kind, half-life chosen on forward folds "
        "(`training/interest_weights.py`). In the model, the interest columns of leads are made of them instead; they "
        "have seen the training labels then, which costs more than better points gain. They are to be read, and to set "
        "`[points]` by.\n"
    )


def _points(item: Learned) -> str:
    weights = item.weights
    tried = ", ".join(f"{days} days {loss:.4f}" for days, loss in weights.log_loss.items())
    kinds = sorted(weights.points, key=lambda kind: -weights.points[kind])
    lines = [
        f"{_title(item.case)}: half-life {weights.half_life_days} days (log loss on forward folds: {tried}). "
        f"As a ranking by itself, ROC-AUC of the points at that half-life: learned {item.roc_auc[0]:.3f}, "
        f"configured {item.roc_auc[1]:.3f}.",
        "",
        "| kind | events, faded | configured | learned |",
        "|---|--:|--:|--:|",
        *(
            f"| {kind} | {count(item.events[kind])} | {item.configured.get(kind, 0):g} | "
            f"{fixed(weights.points[kind], 1)} |"
            for kind in kinds
        ),
        "",
    ]
    return "\n".join(lines)


def _title(name: str) -> str:
    return next(case.title for case in CASES if case.name == name)

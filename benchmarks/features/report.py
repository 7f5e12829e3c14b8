"""The page docs/benchmarks/features.md, from the results."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.features.spec import NAMES
from benchmarks.features.systems import OURS, SYSTEMS

Table = Mapping[str, Any]

INTRODUCTION = f"""# Features: speed and equality

<!-- Made by `make bench-features`; do not edit. -->

{len(NAMES)} engagement features of the same leads from several systems, Parquet to Parquet, on a random world of leads,
accounts and interactions (`benchmarks/features/world.py`). Definitions are the same for all
([spec.py](../../benchmarks/features/spec.py)): windows are `[as_of − w, as_of)`, ties are ordered by kind. Training
snapshots are the first six month starts of each lead's life (about 1.1 per 10 events). Ripelead reads through its door
as always (every row is checked, rows that repeat others are looked for); `[hygiene]`, which leaves out interactions
that the peers count, is off.

*Seconds* are the work itself, from the first byte read to the last written, without interpreter start and imports;
*process* includes those. Systems run in turn, A B C A B C …: five times where a run takes less than a minute, once
otherwise (column *runs*); medians are shown. A ratio is the median of the ratios within a round. *Peak* is the largest
resident memory of the process. *× scan* is against the faster of the two ways to read four columns of the
interactions. *CPU s* are those of the whole process on all cores; other work on the machine disturbs them less. All
systems have the same number of threads to compute with. Before its clock starts, Ripelead alone loads its compiled
kernels on a world of its own (80,000 events), which also warms its memory: *process* includes that, and *Start* says
what starting takes.

*Same values*: every column against those of the first system with features in the table, in the same run: whole
numbers exactly, others to 1e-9 of the value (interest, where points of both signs may cancel, also to 1e-9 of a
point).
"""
TITLES = {
    "peers-1m": "Peers, a million events",
    "peers-10m": "Peers, ten million events",
    "forms": "Other forms of the same data",
    "incremental": "New events",
    "one-lead": "One lead",
    "start-up": "Start",
    "spark": "Spark",
    "scale": "Scale",
}


def report_text(results: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = results["parts"]
    sections = [_section(title, parts[name]) for name, title in TITLES.items() if name in parts]
    return "\n".join([INTRODUCTION, *([machine_line(results["machine"])] if parts else []), *sections])


def machine_line(machine: Mapping[str, Any]) -> str:
    """Cores, memory and versions in a sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    cores = f"{machine['cores']} cores, {machine['memory_gb']} GB of memory, {machine['system']}"
    return f"Machine: {cores}; Python {machine['python']}; {versions}.\n"


def _section(title: str, tables: Sequence[Table]) -> str:
    return "\n".join([f"## {title}", "", *(table_text(table) for table in tables)])


def table_text(table: Table) -> str:
    """One table of results: runs of systems, or rows that a part made itself."""
    if "runs" not in table:
        return plain_text(table)
    names = list(dict.fromkeys(run["system"] for run in table["runs"]))
    head = f"{table['title']}, {table['rows']:,} {table['snapshots']} snapshots, {table['threads']} threads."
    columns = (
        "system",
        "runs",
        "seconds",
        "process",
        "CPU s",
        "peak",
        "µs per snapshot",
        "× scan",
        "× Ripelead",
        "CPU × Ripelead",
    )
    lines = [head, "", _line((*columns, "same values")), _line(["---", *["--:"] * 9, "---"])]
    return "\n".join([*lines, *(_line(_cells(table, name)) for name in names), ""])


def plain_text(table: Table) -> str:
    """A table given as `columns` and `cells`."""
    lines = [_line(table["columns"]), _line(["---"] * len(table["columns"]))]
    return "\n".join([table["title"], "", *lines, *(_line(row) for row in table["cells"]), ""])


def _cells(table: Table, name: str) -> list[str]:
    runs = _runs(table, name)
    title = SYSTEMS[name].title
    if runs[-1]["error"]:
        return [title, f"failed after {runs[-1]['wall_s']:.0f} s", *["–"] * 9]
    seconds = median(run["inside_s"] for run in runs)
    per_row = "–" if SYSTEMS[name].is_floor else f"{seconds / max(table['rows'], 1) * 1e6:.3g}"
    return [
        title,
        str(len(runs)),
        _seconds(seconds),
        _seconds(median(run["wall_s"] for run in runs)),
        _seconds(median(run["cpu_s"] for run in runs)),
        f"{median(run['peak_mb'] for run in runs) / 1024:.2f} GB",
        per_row,
        _ratio(table, name, floor_of(table)),
        "–" if SYSTEMS[name].is_floor else _ratio(table, name, OURS),
        "–" if SYSTEMS[name].is_floor else _ratio(table, name, OURS, "cpu_s"),
        "–" if SYSTEMS[name].is_floor else _same(table, name),
    ]


def floor_of(table: Table) -> str | None:
    """The faster way to read the columns."""
    floors = {run["system"] for run in table["runs"] if SYSTEMS[run["system"]].is_floor}
    return min(floors, key=lambda name: median(run["inside_s"] for run in _runs(table, name)), default=None)


def ratio(table: Table, name: str, to: str | None, of: str = "inside_s") -> float | None:
    """Median over rounds of seconds of `name` by seconds of `to`; None when they share no round."""
    base = {run["round"]: run[of] for run in _runs(table, to) if not run["error"]}
    found = [run[of] / base[run["round"]] for run in _runs(table, name) if run["round"] in base]
    return median(found) if found else None


def _ratio(table: Table, name: str, to: str | None, of: str = "inside_s") -> str:
    found = ratio(table, name, to, of)
    return "–" if found is None else f"{found:.3g}"


def _runs(table: Table, name: str | None) -> list[Mapping[str, Any]]:
    return [run for run in table["runs"] if run["system"] == name]


def _same(table: Table, name: str) -> str:
    found = next((each for each in table["equality"] if each["other"] == name), None)
    if found is None:
        return "the first" if any(each["one"] == name for each in table["equality"]) else "–"
    if found["equal"]:
        return f"{found['columns']} of {found['columns']} columns"
    return f"**differs**: {', '.join(found['differing']) or 'rows'}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

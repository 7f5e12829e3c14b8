"""`ripelead score` killed at random moments, and in every kind of trouble: what is left, and what comes out.

`python -m benchmarks.kills` writes docs/benchmarks/kills.md.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.files import write_text
from features.simulate import WorldSettings, simulate

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "kills.md"
AS_OF = "2026-01-01T00:00:00Z"
LEADS, SEED = 3000, 5
CHUNK_ROWS = 20
SETTINGS = "\n[model]\nmax_trees = 40\nthreads = 1\n[tracking]\nenabled = false\n"
COMMAND = f"""
from functools import partial
import serving.score_cli as cli
cli.Job = partial(cli.Job, chunk_rows={CHUNK_ROWS})
from serving.cli import main
main()
"""
LIMIT = """
import resource, sys
sys.dont_write_bytecode = True  # Python would keep a cut file and stumble over it ever after
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, {bytes}))
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    said: str
    summary: dict[str, object]


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble: what was done, what the command said and its exit code, and whether all is as it should be."""

    what: str
    code: int
    said: str
    after: str


def start(project: Path, out: Path, before: str = "", more: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """The command as a process."""
    arguments = ("score", "-p", str(project), "--as-of", AS_OF, "--out", str(out), "--show", "0", *more)
    return subprocess.Popen(
        [sys.executable, "-c", before + COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end."""
    out, err = process.communicate()
    last = out.splitlines()[-1] if out.strip() else "{}"
    told = [line for line in err.splitlines() if line.startswith("ripelead:")]
    return Ended(process.returncode, " ".join(told), json.loads(last) if last.startswith("{") else {})


def small_project(folder: Path) -> Path:
    """A simulated project with a champion."""
    project = folder / "acme"
    simulate(project, WorldSettings(leads=LEADS, seed=SEED))
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    for name in ("train", "promote"):
        program = "from serving.cli import main; main()"
        subprocess.run([sys.executable, "-c", program, name, "-p", str(project)], check=True, capture_output=True)
    return project


def own_files(folder: Path) -> list[str]:
    """What a run leaves beside its output."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@dataclass(frozen=True)
class Kills:
    """Kills and what came after them."""

    kills: int
    resumed: int
    whole_anyway: int
    different: int
    left_over: int
    partial: int
    moments: Counter[str]


def kill_often(project: Path, folder: Path, number: int, rng: np.random.Generator) -> Kills:
    """Kill the command at a random moment of its life, run it again, and compare, `number` times."""
    out = folder / "whole.parquet"
    began = time.perf_counter()
    assert ended(start(project, out)).code == 0
    life, whole = time.perf_counter() - began, out.read_bytes()
    counts: Counter[str] = Counter()
    moments: Counter[str] = Counter()
    while counts["kills"] < number:
        here = folder / "kill"
        here.mkdir()
        _one_kill(project, here, _moment_of_kill(life, rng), (whole, counts, moments))
        shutil.rmtree(here)
        print(f"of {number}: {dict(counts)} {dict(moments)}", file=sys.stderr)
    return Kills(counts["kills"], counts["resumed"], counts["whole anyway"], counts["different"],
                 counts["left over"], counts["partial"], moments)  # fmt: skip


Wait = Callable[[Path, subprocess.Popen[str]], None]


def _moment_of_kill(life: float, rng: np.random.Generator) -> Wait:
    """Any moment of the life; often one after the work began, or while chunks are scored."""
    after = (None, ".*.work", ".*.work/prepared.json")[int(rng.integers(3))]
    seconds = rng.uniform(0, life if after is None else life / 4)

    def wait(folder: Path, process: subprocess.Popen[str]) -> None:
        while after is not None and process.poll() is None and not list(folder.glob(after)):
            time.sleep(0.005)
        time.sleep(seconds)

    return wait


def _one_kill(project: Path, folder: Path, wait: Wait, watched: tuple[bytes, Counter[str], Counter[str]]) -> None:
    whole, counts, moments = watched
    out = folder / "s.parquet"
    out.write_bytes(b"old")
    process = start(project, out)
    wait(folder, process)
    process.send_signal(signal.SIGKILL)
    killed = ended(process).code == -signal.SIGKILL
    counts["kills" if killed else "whole anyway"] += 1
    moments[_moment(folder)] += killed
    counts["partial"] += out.read_bytes() not in (b"old", whole)
    again = ended(start(project, out))
    counts["resumed"] += bool(again.summary.get("resumed_chunks"))
    counts["different"] += again.code != 0 or out.read_bytes() != whole
    counts["left over"] += bool(own_files(folder))


def _moment(folder: Path) -> str:
    """What the killed run was doing, from what it left."""
    work = next(folder.glob(".*.work"), None)
    if (folder / "s.parquet.done").exists():
        return "after the marker"
    if work is None:
        return "before the work began"
    names = {path.name for path in work.iterdir()}
    if not {"prepared.json"} <= names:
        return "while rows were prepared"
    return "while the output was written" if any(name.startswith("output") for name in names) else "while scoring"


def troubles(project: Path, folder: Path) -> list[Trouble]:
    """Each kind of trouble once."""
    tries: list[Callable[[Path, Path], Trouble]] = [full_disk, read_only, changed_input, overlapping, corrupted]
    found = []
    for trial in tries:
        here = folder / trial.__name__
        here.mkdir()
        found.append(trial(project, here))
        print(found[-1], file=sys.stderr)
    return found


def full_disk(project: Path, folder: Path) -> Trouble:
    """No file may grow beyond 60 kB; then the disk is large again."""
    out, whole = folder / "s.parquet", folder / "whole.parquet"
    out.write_bytes(b"old")
    first = ended(start(project, out, LIMIT.format(bytes=60_000)))
    kept = out.read_bytes() == b"old"
    again, undisturbed = ended(start(project, out)), ended(start(project, whole))
    same = again.code == undisturbed.code == 0 and out.read_bytes() == whole.read_bytes() and not own_files(folder)
    after = (
        f"old output {'kept' if kept else 'LOST'}; the same command then wrote {'the same bytes' if same else 'OTHERS'}"
    )
    return Trouble("full disk", first.code, first.said, after)


def read_only(project: Path, folder: Path) -> Trouble:
    """The output's folder is a file that cannot be one (root may write into read-only folders)."""
    (folder / "locked").write_text("not a folder")
    first = ended(start(project, folder / "locked" / "s.parquet"))
    return Trouble("folder that cannot be written", first.code, first.said, "nothing written")


def changed_input(project: Path, folder: Path) -> Trouble:
    """The leads are exported anew while they are read."""
    mine = folder / "acme"
    shutil.copytree(project, mine, ignore=shutil.ignore_patterns("runs"))
    out = folder / "s.parquet"
    change = f"""
import serving.batch.prepare as p, pandas as pd
f = p.read_tables
def changing(*a, **k):
    read = f(*a, **k)
    path = {str(mine / "leads.parquet")!r}
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    return read
p.read_tables = changing
"""
    first = ended(start(mine, out, change))
    after = "nothing written" if not out.exists() and not own_files(folder) else "SOMETHING WRITTEN"
    return Trouble("input changed meanwhile", first.code, first.said.replace(str(folder), "…"), after)


def overlapping(project: Path, folder: Path) -> Trouble:
    """The same command starts while another one works."""
    out = folder / "s.parquet"
    wait = (
        "import time, serving.batch.job as j\nf = j.mark_inputs\nj.mark_inputs = lambda *a: (time.sleep(8), f(*a))[1]\n"
    )
    first = start(project, out, wait)
    while not (folder / ".s.parquet.lock").exists() and first.poll() is None:
        time.sleep(0.05)
    second, one = ended(start(project, out)), ended(first)
    return Trouble("overlapping run", second.code, second.said.replace(str(folder), "…"), f"the first one: {one.code}")


def corrupted(project: Path, folder: Path) -> Trouble:
    """10 % of all interactions and leads are damaged; compared with a project that never had those rows."""
    damaged, without = folder / "acme", folder / "without"
    expected = _damage(project, damaged, without)
    first, second = ended(start(damaged, folder / "s.parquet")), ended(start(without, folder / "w.parquet"))
    facts = first.summary
    same = second.code in (0, 1) and (folder / "s.parquet").read_bytes() == (folder / "w.parquet").read_bytes()
    after = (
        f"{facts['rows_in']:,} leads in = {facts['scored']:,} scored + {facts['closed_or_later']:,} closed + "
        f"{facts['quarantined']:,} quarantined ({expected:,} damaged); "
        f"{'the same bytes as' if same else 'OTHER BYTES THAN'} without the damaged rows"
    )
    return Trouble("10 % of leads and interactions damaged", first.code, first.said, after)


def _damage(project: Path, damaged: Path, without: Path) -> int:
    """Two copies of the project: with unreadable times in 10 % of the rows, and without those rows; damaged leads."""
    rng = np.random.default_rng(1)
    for copy in (damaged, without):
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("runs"))
    for table, column in (("interactions", "occurred_at"), ("leads", "created_at")):
        frame = pd.read_parquet(project / f"{table}.parquet")
        frame[column] = frame[column].astype("str")
        bad = rng.random(len(frame)) < 0.1
        frame[~bad].to_csv(without / f"{table}.csv", index=False)
        frame.loc[bad, column] = "yesterday"
        frame.to_csv(damaged / f"{table}.csv", index=False)
        for copy in (damaged, without):
            toml = copy / "ripelead.toml"
            text = toml.read_text(encoding="utf-8").replace(f"{table}.parquet", f"{table}.csv")
            toml.write_text(text, encoding="utf-8")
    return int(bad.sum())


def page(kills: Kills, found: list[Trouble], seed: int) -> str:
    """The page."""
    moments = "\n".join(f"| {name} | {count} |" for name, count in sorted(kills.moments.items()) if count)
    rows = "\n".join(
        f"| {trouble.what} | {trouble.code} | {trouble.said.removeprefix('ripelead: ') or '–'} | {trouble.after} |"
        for trouble in found
    )
    return f"""# Kills and other trouble

`python -m benchmarks.kills` (part of `make soak`): a simulated world of {LEADS:,} leads, chunks of {CHUNK_ROWS} rows,
`ripelead score` to Parquet, seed {seed}. Each time the command is killed with SIGKILL at a random moment of its life
and started again; its output is compared with that of a run that nothing happened to.

| | |
|---|---|
| killed | {kills.kills} |
| finished before the kill came | {kills.whole_anyway} |
| went on with checkpoints of the killed run | {kills.resumed} |
| a reader saw a part of the output | {kills.partial} |
| output of the second run different | {kills.different} |
| temporary files, work folders or locks left | {kills.left_over} |

| killed | times |
|---|---|
{moments}

| trouble | exit code | message | afterwards |
|---|---|---|---|
{rows}
"""


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ripelead-kills-") as scratch:
        folder = Path(scratch)
        project = small_project(folder)
        found = [replaced(trouble, scratch) for trouble in troubles(project, folder)]
        kills = kill_often(project, folder, asked.kills, np.random.default_rng(asked.seed))
    write_text(asked.page, page(kills, found, asked.seed))


def replaced(trouble: Trouble, scratch: str) -> Trouble:
    """The trouble without the names of temporary folders."""
    return Trouble(trouble.what, trouble.code, trouble.said.replace(scratch, "…"), trouble.after)


if __name__ == "__main__":
    main()

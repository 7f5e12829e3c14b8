"""What a suspect says "to exclude it" does exclude it: pasted into the project file, the next audit is without it."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest
from audit_worlds import END, flat_leads, timed_tables, wins

from features.project import read_project
from features.starter import toml_value
from features.tables import read_tables
from training.audit.run import audit
from training.dataset import load_dataset
from training.settings import read_training_settings

WON = wins(800)
CLEAN = timed_tables(WON)
CREATED, CLOSED = CLEAN.leads["created_at"], CLEAN.deals["closed_at"]
IDS = CLEAN.leads["lead_id"]
CLOCK = END + pd.Timedelta("30D")


def audited(folder):
    project = read_project(folder)
    settings = read_training_settings(project)
    tables = read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
    found = audit(project, settings, load_dataset(project, settings, tables))
    assert not found.not_run
    return {suspect.column: suspect for suspect in found.suspects}


def paste(folder, line):
    """The project file with the assignments of a line; lists grow, and a query takes the place of a file."""
    path = folder / "ripelead.toml"
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    for part in line.splitlines():
        if part.startswith("#"):
            continue
        section, assignments = re.fullmatch(r"\[([\w.]+)\] (.*)", part).groups()
        target = given
        for name in section.split("."):
            target = target.setdefault(name, {})
        for key, value in tomllib.loads(f"x = {{ {assignments} }}")["x"].items():
            target[key] = [*target.get(key, []), *value] if key == "exclude" else value
        if "sql" in target:
            target.pop("file", None)
    write_toml(folder, given)


def write_toml(folder, content):
    tables = {f"tables.{name}": table for name, table in content.pop("tables").items()}
    lines = [
        line
        for section, keys in {**content, **tables}.items()
        for line in (f"[{section}]", *(f"{key} = {toml_value(value)}" for key, value in keys.items()))
    ]
    (folder / "ripelead.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def written(folder, label, **frames):
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    tables = {name: {"file": f"{name}.csv"} for name in frames}
    content = {"project": {"name": "x", "data_end": END}, "label": label, "model": {"threads": 1}, "tables": tables}
    timed = {"snapshots": {"ages_days": [7]}, "folds": {"kind": "time"}}
    write_toml(folder, content | (timed if "horizon_days" in label else {"folds": {"kind": "random"}}))


def timed(folder, interactions=None, **frames):
    visits = CLEAN.interactions[["lead_id", "occurred_at", "kind"]]
    base = {
        "leads": CLEAN.leads[["lead_id", "created_at"]],
        "deals": CLEAN.deals[["lead_id", "status", "closed_at"]],
        "interactions": pd.concat([visits, visits[:0] if interactions is None else interactions]),
    }
    written(folder, {"horizon_days": 90}, **base | frames)


def flat(folder, **columns):
    written(folder, {"column": "outcome"}, leads=flat_leads(WON, **columns))


def event(moments, rows, kind):
    return pd.DataFrame({"lead_id": IDS[rows], "occurred_at": moments[rows], "kind": kind})


def chance(seed=11):
    """A number of each lead, the same in whatever order the tests run."""
    return np.random.default_rng(seed).random(len(WON))


def noise(size):
    return np.random.default_rng(12).normal(0, size, len(WON))


def mostly(right):
    return np.where(chance() < right, WON, ~WON)


def assessed(criterion, moments, rows):
    return pd.DataFrame({"lead_id": IDS[rows], "assessed_at": moments[rows], "criterion": criterion, "met": 1.0})


def created_when(rows, moments):
    return CLEAN.leads[["lead_id"]].assign(created_at=CREATED.where(~rows, moments))


MANY = np.repeat(np.flatnonzero(WON), 8)
SUSPECTS = {
    "hint": lambda folder: flat(folder, hint=np.where(mostly(0.95), "a", "b")),
    "source": lambda folder: flat(folder, source=np.where(mostly(0.95), "a", "b")),
    "lead_score": lambda folder: flat(folder, lead_score=noise(1) + 0.8 * WON),
    "extra": lambda folder: flat(folder, extra=pd.Series(["x"] * len(WON)).where(WON & (chance() < 0.4))),
    "deal_no": lambda folder: flat(folder, deal_no=np.argsort(np.argsort(WON + noise(0.4))) + 1e4),
    "order of rows": lambda folder: written(
        folder, {"column": "outcome"}, leads=flat_leads(np.sort(WON), size=noise(1))
    ),
    "signed": lambda folder: timed(folder, interactions=event(CLOSED, WON, "signed")),
    "budget": lambda folder: timed(folder, assessments=assessed("budget", CLOSED - pd.Timedelta("6h"), WON)),
    "plan": lambda folder: timed(
        folder,
        leads=CLEAN.leads[["lead_id", "created_at"]].assign(plan=np.where(WON, "x", "y")),
        lead_changes=pd.DataFrame(
            {
                "lead_id": IDS,
                "changed_at": CLOSED + pd.Timedelta("1D"),
                "field": "plan",
                "value": np.where(WON, "x", "y"),
            }
        ),
    ),
    "account_tier": lambda folder: timed(
        folder,
        leads=CLEAN.leads[["lead_id", "created_at"]].assign(account_id=IDS.str.replace("L", "A")),
        accounts=pd.DataFrame({"account_id": IDS.str.replace("L", "A"), "tier": np.where(mostly(0.95), "a", "b")}),
    ),
    "contract_sum": lambda folder: timed(
        folder,
        leads=CLEAN.leads[["lead_id", "created_at"]].assign(contract_sum=np.arange(len(WON)) % 97 * 10.0),
        deals=CLEAN.deals[["lead_id", "status", "closed_at"]].assign(amount=np.arange(len(WON)) % 97 * 10.0),
    ),
    "created_at at midnight": lambda folder: timed(folder, leads=created_when(WON & (chance() < 0.5),
                                                                              CREATED.dt.floor("D"))),
    "created_at in batches": lambda folder: timed(
        folder, leads=created_when(WON & (chance() < 0.8), CREATED.dt.floor("60D") + pd.Timedelta("9h7s"))
    ),
    "created_at after the deal": lambda folder: timed(
        folder,
        leads=created_when(WON & (chance() < 0.5), CLOSED - pd.Timedelta("30D")),
        deals=CLEAN.deals[["lead_id", "status", "closed_at"]].assign(opened_at=CLOSED - pd.Timedelta("30D")),
    ),
    "created_at after the first interaction": lambda folder: timed(
        folder, interactions=event(CREATED - pd.Timedelta("3D"), WON & (chance() < 0.6), "visit")
    ),
}  # fmt: skip


@pytest.mark.parametrize("column", SUSPECTS)
def test_the_line_of_a_suspect_excludes_it(tmp_path, column):
    SUSPECTS[column](tmp_path)
    found = audited(tmp_path)
    assert column in found, list(found)
    paste(tmp_path, found[column].line)
    assert column not in audited(tmp_path)

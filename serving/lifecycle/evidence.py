"""What is known of every lead on the night: points, verdicts of frameworks, gates, score and class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.build import Progress
from features.errors import ProjectFileError
from features.frameworks.definition import Framework, parse_framework, read_frameworks
from features.frameworks.table import Gathered, Judging, opened
from features.frameworks.verdict import MET, NOT_MET, STATES, UNKNOWN, Judgement, Small, Verdicts
from features.identifiers import positions_of
from features.memory import give_back
from features.points import as_points
from features.project import Project
from features.rule_settings import RuleSettings
from features.stage_settings import StageSettings
from features.tables import Tables
from features.windows import Bools, Floats
from serving.score_files import read_score_file

GATES = "gates"
SCORE_COLUMNS = ("lead_id", "as_of", "score", "propensity", "sales_qualified", "points", "model_version")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One framework's word on n leads: outcome (−1 not met, 0 open, 1 met) and state per criterion."""

    title: str
    criteria: tuple[str, ...]
    outcome: Small
    states: Small

    def said(self) -> pa.Array:
        """The states in words, such as `fit met, need unknown`; text is made once for each different row."""
        code = (self.states.astype(np.int64) + 1) @ (3 ** np.arange(self.states.shape[1]))
        different, row, which = np.unique(code, return_index=True, return_inverse=True)
        words = [self._row_said(one) for one in self.states[row].tolist()]
        index = pa.array(which.astype(np.int32) if len(different) else np.zeros(0, np.int32))
        return pa.DictionaryArray.from_arrays(index, pa.array(words, pa.string()))

    def _row_said(self, states: list[int]) -> str:
        said = (STATES[state + 1].replace("_", " ") for state in states)
        return ", ".join(f"{name} {word}" for name, word in zip(self.criteria, said, strict=True))


@dataclass(frozen=True, slots=True)
class Scored:
    """The model's word on n leads; NaN and False for a lead that was not scored."""

    score: Floats
    propensity: Floats
    qualified: Bools
    points: Floats
    version: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of n leads: their ids, points (NaN: not known), verdicts by framework, and scores."""

    lead_id: pa.Array
    points: Floats
    verdicts: Mapping[str, Verdict]
    scored: Scored | None


def frameworks_of(project: Project, settings: StageSettings) -> dict[str, Framework]:
    """The frameworks that the settings ask for, and the gates as one under the name `GATES`.

    Raises:
        ProjectFileError: no such framework or criterion.
    """
    found = {}
    for decider, name in ((settings.sal, settings.sal_framework), (settings.sql, settings.sql_framework)):
        if decider in ("rule", "both"):
            rules = project.rules.model_copy(update={"frameworks": (name,)})
            found[name] = _read(rules, project.directory)
    if settings.gates:
        criteria = "\n".join(f'[criteria."{name}"]\nlike = "{name}"\nrequired = true' for name in settings.gates)
        found[GATES] = parse_framework(f'title = "Gates"\n{criteria}', "of [stages] gates")
    return found


def _read(rules: RuleSettings, directory: Path) -> Framework:
    (framework,) = read_frameworks(rules, directory).values()
    return framework


def judged_leads(judging: Judging, progress: Progress) -> tuple[Tables, Seen]:
    """The tables, and points and verdicts of every lead that was created by the date, events out of core."""
    with opened(judging, progress) as found:
        tables, seen = found.tables, seen_of(found, [judgement for _, judgement in found.judged()])
    del found
    give_back()
    return tables, seen


def seen_of(found: Gathered, judged: Sequence[Judgement]) -> Seen:
    """What the judgements of all parts, in order, say of the leads; nothing of the model."""
    lead_id = pa.array(found.histories.lead_ids[found.asked.snapshots.lead], pa.string())
    points = np.concatenate([np.zeros(0), *(as_points(part.points.total) for part in judged)])
    verdicts = {name: _verdict(framework, [part.verdicts[name] for part in judged])
                for name, framework in found.asked.frameworks.items()}  # fmt: skip
    return Seen(lead_id, points, verdicts, None)


def _verdict(framework: Framework, parts: Sequence[Verdicts]) -> Verdict:
    criteria = tuple(framework.criteria)
    outcome = [np.zeros(0, np.int8), *(part.outcome for part in parts)]
    states = [np.zeros((0, len(criteria)), np.int8), *(part.states for part in parts)]
    return Verdict(framework.title, criteria, np.concatenate(outcome), np.concatenate(states))


def gates_open(states: Small, when_unknown: str) -> Bools:
    """Who passes all gates (columns of states): nothing is known against them (asks), or all are met (blocks)."""
    shut = (states == NOT_MET).any(axis=1)
    return ~shut if when_unknown == "asks" else ~shut & ~(states == UNKNOWN).any(axis=1)


def met(verdict: Verdict) -> Bools:
    """Which leads meet the framework."""
    return np.asarray(verdict.outcome == MET)


def read_scores(path: Path, lead_id: pa.Array, as_of: datetime) -> Scored:
    """The scores of a file that `ripelead score` wrote as of the same time, in the order of `lead_id`.

    Raises:
        ProjectFileError: no such file, not one of scores, of another time, or of several models.
    """
    table = read_score_file(path, SCORE_COLUMNS, as_of)
    versions = pc.unique(table["model_version"]).to_pylist()
    if len(versions) > 1:
        raise ProjectFileError(f"--scores {path}: expected scores of one model, got {', '.join(map(str, versions))}")
    return _aligned(table, positions_of(lead_id, table["lead_id"].combine_chunks()), versions[0] if versions else "")


def _aligned(table: pa.Table, at: np.ndarray, version: str) -> Scored:
    index = pa.array(at, mask=at < 0)
    numbers = {name: table[name].combine_chunks().take(index).cast(pa.float64()).to_numpy(zero_copy_only=False)
               for name in ("score", "propensity", "sales_qualified", "points")}  # fmt: skip
    qualified = np.nan_to_num(numbers["sales_qualified"]) > 0
    return Scored(numbers["score"], numbers["propensity"], qualified, numbers["points"], version)

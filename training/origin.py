"""Where a model comes from: its data, its settings, and which rows it has not seen."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelRefusedError
from features.project import Project
from features.windows import Bools, Ints
from training.dataset import Dataset
from training.settings import TrainingSettings

ORIGIN_SCHEMA = 1
NOT_LEARNED_FROM = frozenset({"gate", "tracking", "store", "serve"})
"""Sections of the project file that do not change what a training makes."""
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Origin:
    """`origin.json` of a run.

    `judged` is the bundle that was trained before the holdout, which begins at `split` (microseconds; None without
    times); `data_until` is the first moment that the shipped bundle knows nothing of. `seen` are the sha256 of the
    files that hold what each bundle was trained on.
    """

    schema_version: int
    bundle: str
    judged: str
    split: int | None
    data_until: int | None
    data: str
    settings: str
    seen_by_judged: str
    seen_by_shipped: str


def write_seen(path: Path, keys: Keys) -> str:
    """Write sorted keys as a plain numpy file and give its sha256."""
    content = BytesIO()
    np.save(content, np.unique(keys), allow_pickle=False)
    path.write_bytes(content.getvalue())
    return sha256(content.getvalue()).hexdigest()


def read_seen(path: Path, expected: str) -> Keys:
    """Keys of `write_seen`.

    Raises:
        ModelRefusedError: the file is gone or was changed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefusedError(f"{path}: cannot be read ({error.strerror or error}): train again") from error
    if sha256(content).hexdigest() != expected:
        raise ModelRefusedError(f"{path}: was changed after the training: restore it or train again")
    return np.asarray(np.load(BytesIO(content), allow_pickle=False), np.uint64)


def origin_json(origin: Origin) -> str:
    """Strict JSON, one newline at the end."""
    return json.dumps(asdict(origin), indent=1, sort_keys=True) + "\n"


def read_origin(directory: Path) -> Origin | None:
    """Origin of the model in a folder of the registry; None for one that was registered before there was any.

    Raises:
        ModelRefusedError: it is damaged.
    """
    path = directory / "origin.json"
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["schema_version"] != ORIGIN_SCHEMA:
            raise ModelRefusedError(
                f"{path}: schema {value['schema_version']!r}, expected {ORIGIN_SCHEMA}: train again"
            )
        return Origin(**value)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ModelRefusedError):
            raise
        raise ModelRefusedError(f"{path}: not readable ({error}): restore it or train again") from error


def keys_of(dataset: Dataset, rows: Ints) -> Keys:
    """Hashed names of the leads that some rows are of. Names are not kept: a registry is no list of leads."""
    return _keys(dataset)[np.unique(dataset.snapshots.lead[rows])]


def unseen(dataset: Dataset, rows: Ints, seen: Keys) -> Bools:
    """Whether each of some rows belongs to a lead that is not among `seen`, nor on one side of the folds with one."""
    lead, group = dataset.snapshots.lead, dataset.rows.group
    known = np.isin(_keys(dataset), seen)[lead]
    return ~np.isin(group[rows], group[known])


def _keys(dataset: Dataset) -> Keys:
    names = dataset.histories.lead_ids.astype(object)
    return np.asarray(pd.util.hash_array(names, categorize=False), np.uint64)


def settings_fingerprint(project: Project, settings: TrainingSettings) -> str:
    """Short sha256 of every setting that a training depends on, and of the version that trains."""
    sections: dict[str, Any] = {
        name: getattr(settings, name).model_dump(mode="json", exclude={"threads"})
        for name in settings.__slots__
        if name not in NOT_LEARNED_FROM
    }
    for name in ("snapshots", "features", "rules", "points", "hygiene"):
        sections[name] = getattr(project, name).model_dump(mode="json")
    sections["version"] = _version()
    return sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:16]


def _version() -> str:
    try:
        return version("ripelead")
    except PackageNotFoundError:
        return "unknown"

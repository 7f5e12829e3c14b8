"""A challenger before the gate: from a run that has just ended, or from the registry."""

from dataclasses import dataclass
from pathlib import Path

from features.errors import ModelRefusedError
from training.evaluation import Evaluation, from_json
from training.gate.suspects import Named, read_suspects


@dataclass(frozen=True, slots=True)
class Candidate:
    """Its bundle's id, the folder of its run or in the registry, how it did on its holdout, what the audit suspects."""

    version: str
    folder: Path
    evaluation: Evaluation
    suspects: tuple[Named, ...]


def registered(folder: Path) -> Candidate:
    """The candidate in a folder of the registry.

    Raises:
        ModelRefusedError: what belongs to it is damaged.
    """
    path = folder / "evaluation.json"
    try:
        evaluation = from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path}: not a readable evaluation: {error}") from error
    return Candidate(folder.name, folder, evaluation, read_suspects(folder))

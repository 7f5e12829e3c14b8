"""Champion and challenger as the gate meets them: a model that scores, and what it must not be judged on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.build import build_features
from features.histories import build_histories
from features.project import Project
from features.windows import Floats, Ints
from training.bundle import Bundle, load_bundle, parse_bundle
from training.bundle_files import read_contents
from training.dataset import Dataset
from training.origin import Keys, Origin, read_origin, read_seen, unseen

IN_SERVICE = (
    "Compared are the champion in service and the challenger as it was before its last refit, on rows that neither "
    "learned from."
)
BOTH_JUDGED = (
    "Compared are champion and challenger, each as it was before its last refit (the champion in service knows some of "
    "these rows), on rows that neither learned from."
)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model for comparison: it learned from nothing at or after `since` (microseconds; None without times), and from
    the leads `seen`.
    """

    bundle: Bundle
    directory: Path
    since: int | None
    seen: Keys

    @property
    def is_quick(self) -> bool:
        """Whether its explanation tables fit; without them exact reasons take a hundred times as long."""
        return self.bundle.tables is not None

    @property
    def size(self) -> int:
        """Bytes of the bundle."""
        return sum(path.stat().st_size for path in self.directory.iterdir())


def shipped(model: Path, origin: Origin) -> Contestant:
    """What is or would be in service: trained on all matured rows. `model` is its folder in the registry."""
    seen = read_seen(model / "seen_by_shipped.npy", origin.seen_by_shipped)
    return Contestant(load_bundle(model / "bundle"), model / "bundle", origin.data_until, seen)


def judged(model: Path, origin: Origin) -> Contestant:
    """What was trained before the holdout of the same run; it stands in the registry as a bundle of its own."""
    seen = read_seen(model / "seen_by_judged.npy", origin.seen_by_judged)
    fresh = model / "judged"
    if fresh.is_dir():  # the run that has just written it: nothing to probe
        return Contestant(parse_bundle(read_contents(fresh)), fresh, origin.split, seen)
    directory = model.parent / origin.judged / "bundle"
    return Contestant(load_bundle(directory), directory, origin.split, seen)


def opponents(champion: Path, challenger: Path) -> tuple[tuple[Contestant, Contestant], str] | None:
    """Champion and challenger to compare, and in words which they are; None where it is not known what one has seen.

    The challenger is judged by the model trained before its holdout. So is the champion, unless all it knows is older
    than that holdout: then the champion in service can be judged itself.
    """
    old, new = read_origin(champion), read_origin(challenger)
    if old is None or new is None:
        return None
    contender = judged(challenger, new)
    if old.data_until is not None and new.split is not None and old.data_until <= new.split:
        return (shipped(champion, old), contender), IN_SERVICE
    return (judged(champion, old), contender), BOTH_JUDGED


def later_rows(dataset: Dataset, contestants: tuple[Contestant, ...]) -> Ints:
    """Rows with a known outcome that none of the models learned from, by time and by lead."""
    rows = np.flatnonzero(dataset.matured)
    begins = [contestant.since for contestant in contestants if contestant.since is not None]
    if begins:
        rows = rows[dataset.rows.as_of[rows] >= max(begins)]
    for contestant in contestants:
        rows = rows[unseen(dataset, rows, contestant.seen)]
    return rows


def features_for(project: Project, dataset: Dataset, rows: Ints, contestant: Contestant) -> Floats:
    """Features of some rows as the model's own frozen catalog makes them."""
    catalog = contestant.bundle.catalog
    same = catalog.hygiene == project.hygiene
    histories = dataset.histories if same else build_histories(dataset.tables, catalog.hygiene)
    return build_features(histories, dataset.tables, dataset.snapshots.take(rows), catalog).values


def probability(contestant: Contestant, values: Floats) -> Floats:
    """Calibrated probabilities of feature rows."""
    return contestant.bundle.scale.calibration.probability(contestant.bundle.raw(values))

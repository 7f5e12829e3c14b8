"""Where the rows of a feature table lie, as files: the places of all rows, and of those that later updates moved."""

from pathlib import Path

import numpy as np

from features.engines.store.files import DamagedStoreError, load, save
from features.engines.store.touched import Places
from features.windows import Ints

MOST_FILES = 12
# Places are written anew when more than this share of them moved.
MOVED_SHARE = 0.1


def read_places(folder: Path, names: tuple[str, ...]) -> Places:
    """The places of all rows: those of the first file, and of the rows that the others name.

    Raises:
        DamagedStoreError: a file cannot be read, or names rows that are not there.
    """
    part, position = load(folder / names[0])
    if len(names) > 1:
        part, position = part.copy(), position.copy()
    for name in names[1:]:
        rows, to_part, to_position = load(folder / name)
        if rows.min(initial=0) < 0 or rows.max(initial=-1) >= len(part):
            raise DamagedStoreError(f"{name} has places of rows that are not there")
        part[rows], position[rows] = to_part, to_position
    return Places(part, position)


def write_places(path: Path, places: Places, so_far: tuple[str, ...], rows: Ints) -> tuple[str, ...]:
    """Write places to a new file; returns the names of all that are to be read.

    `so_far` are those that hold for all rows but `rows` (none: for no row).
    """
    if so_far and len(so_far) < MOST_FILES and len(rows) <= MOVED_SHARE * len(places):
        moved = np.stack([rows.astype(np.int32), places.part[rows], places.position[rows]])
        return (*so_far, save(path, moved))
    return (save(path, np.stack([places.part, places.position])),)

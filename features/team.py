"""The roles of a buying team as of a date, read from the job titles of an account's leads (row M24)."""

from collections.abc import Collection, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from features.attribute_points import TITLE, attribute_worth, points_at
from features.fit import word_of
from features.recorded import Recorded
from features.snapshots import Snapshots
from features.tables import Tables
from features.titles import Role, title_of
from features.windows import Floats, Ints

ROLES: tuple[Role, ...] = get_args(Role)
NO_ROLE = -1


def role_of(title: object) -> Role | None:
    """The role that a title says its bearer has now; former, retired and student jobs have none.

    >>> role_of("Leiterin Einkauf"), role_of("Former CEO"), role_of("Werkstudentin Einkauf"), role_of(None)
    ('purchaser', None, None, None)
    """
    word = word_of(title)
    said = None if word is None else title_of(word)
    return said.role if said is not None and said.standing in ("current", "freelance") else None


def recorded_roles(leads: pd.DataFrame, tables: Tables, tracked: Collection[str]) -> Floats | Recorded | None:
    """Place of each lead's role in `ROLES` (NaN: none), as exported or as its recordings where titles are tracked.

    `leads` has a row per lead in the order of their numbers. None where leads have no titles.
    """
    return attribute_worth(leads, tables, TITLE, _place, tracked)


def roles_at(roles: Floats | Recorded | None, snapshots: Snapshots) -> Ints:
    """Place of the role of each snapshot's lead as of its date, `NO_ROLE` where none is known."""
    if roles is None:
        return np.full(len(snapshots), NO_ROLE)
    known = points_at(roles, snapshots)[0]
    return np.where(np.isnan(known), NO_ROLE, known).astype(np.int64)


def role_counts(owner: Ints, role: Ints, n: int) -> Ints:
    """People by owner and role, shape (n, roles), from one owner (account) and role place per lead.

    >>> role_counts(np.array([0, 0, 1]), np.array([4, NO_ROLE, 0]), 2).tolist()
    [[0, 0, 0, 0, 1], [1, 0, 0, 0, 0]]
    """
    known = role >= 0
    flat = np.bincount(owner[known] * len(ROLES) + role[known], minlength=n * len(ROLES))
    return flat.reshape(n, len(ROLES)).astype(np.int64)


def roles_covered(counts: Ints, wanted: Mapping[Role, int]) -> Ints:
    """How many of the wanted roles have enough people, per owner."""
    enough = [counts[:, ROLES.index(role)] >= people for role, people in wanted.items()]
    return np.sum(enough, axis=0).astype(np.int64)


def missing_roles(counts: Ints, wanted: Mapping[Role, int]) -> tuple[Role, ...]:
    """Wanted roles of one owner that have too few people, those without anybody first, in the order of the settings."""
    people = {role: int(counts[ROLES.index(role)]) for role in wanted}
    short = [role for role, least in wanted.items() if people[role] < least]
    return tuple(sorted(short, key=lambda role: people[role] > 0))


def _place(title: object) -> float:
    role = role_of(title)
    return np.nan if role is None else float(ROLES.index(role))

"""Rows that no booster of the last fold has seen: young ones, none of a training lead, none that judge."""

from types import SimpleNamespace

import numpy as np

from training.folds import Fold, Rows
from training.unseen_rows import newest_rows

# Six rows of leads 0…4, as of 0, 1, …; each horizon takes 3. At 6 the first four are matured.
AS_OF = np.arange(6)
GROUP = np.array([0, 1, 2, 3, 1, 4])
DATA = SimpleNamespace(rows=Rows(AS_OF, AS_OF + 3, GROUP, AS_OF.astype(float)))
LAST = Fold(train=np.array([0, 1]), holdout=np.array([2, 3]))


def test_unmatured_rows_of_leads_that_the_last_booster_did_not_learn_from():
    # Row 4 is of lead 1, which is in training; row 5 is new.
    assert newest_rows(DATA, np.arange(4), LAST, known_until=6).tolist() == [5]


def test_nothing_after_the_date_is_used():
    assert newest_rows(DATA, np.arange(3), Fold(np.array([0]), np.array([1, 2])), known_until=5).tolist() == [3, 4]


def test_where_matured_rows_judge_nothing_is_added():
    assert newest_rows(DATA, np.array([0, 1, 2]), Fold(np.array([0, 1]), np.array([2])), known_until=6).tolist() == []

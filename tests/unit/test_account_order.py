"""The merge of leads' events gives the order that sorting all events of the accounts gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.account_order import merged_accounts
from features.histories import account_log
from features.windows import NEVER, starts

ACCOUNT = np.array([0, 0, 0, 1, 3])
N_ACCOUNTS = 4
NAMES = ("kind", "topic", "direction", "duration", "has_duration", "value")

# Lead −1: known by the account alone. Times are few, so that many are equal and many lie before creation.
events = st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 3), st.integers(0, 6), st.integers(0, 3)), max_size=40)
creations = st.lists(st.sampled_from([NEVER, 0, 2, 3, 7]), min_size=5, max_size=5)


def refuse_another_order(rows, created):
    lead, account, time, kind = np.array(rows, np.int64).reshape(-1, 4).T
    account = np.where(lead >= 0, np.append(ACCOUNT, -1)[lead], account)
    order = np.lexsort((kind, time, account, np.where(lead >= 0, lead, 9)))
    lead, account, time, kind = lead[order], account[order], time[order], kind[order]
    columns = {**dict.fromkeys(NAMES, np.zeros(len(lead), np.int64)), "time": time, "lead": lead, "kind": kind}
    want = account_log(columns, account, np.array(created), N_ACCOUNTS)

    own = int((lead >= 0).sum())
    where = (starts(lead[:own], 5), own + starts(account[own:], N_ACCOUNTS), starts(ACCOUNT, N_ACCOUNTS))
    start, moment, place = merged_accounts(time, where, np.array(created), lambda at: [lead[at], kind[at]])
    assert start.tolist() == want.start.tolist()
    assert moment.tolist() == want.time.tolist()
    assert (lead[place].tolist(), kind[place].tolist()) == (want.lead.tolist(), want.kind.tolist())


@given(events, creations)
def test_the_merge_is_the_total_order_of_the_accounts(rows, created):
    refuse_another_order(rows, created)


@pytest.mark.parametrize("latest", [5, 300, 10**6])
@pytest.mark.parametrize("seed", range(8))
def test_long_histories_of_colleagues_are_merged_from_both_ends(seed, latest):
    made = np.random.default_rng(seed)
    lead = made.choice(np.arange(-1, 5), 700, p=[0.05, 0.5, 0.25, 0.01, 0.15, 0.04])
    account, time, kind = (made.integers(0, most, 700) for most in (4, latest, 3))
    refuse_another_order(np.stack([lead, account, time, kind], axis=1), [NEVER, 0, latest // 2, 3, 7])

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.event_order import by_owner_and_time, total_order

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=60)


@given(pairs)
def test_the_order_by_owner_and_time_is_stable(rows):
    owner, time = np.array(rows, np.int64).reshape(-1, 2).T
    assert by_owner_and_time(owner, time, 4).tolist() == np.lexsort((time, owner)).tolist()


@given(pairs, st.randoms())
def test_the_total_order_does_not_depend_on_how_rows_came(rows, random):
    def in_order(given):
        owner, time, kind = np.array([(*row, i % 3) for i, row in given], np.int64).reshape(-1, 3).T
        order = total_order(owner, time, 4, lambda at: [kind[at]])
        return np.stack([owner, time, kind])[:, order].tolist()

    numbered = list(enumerate(rows))
    shuffled = random.sample(numbered, len(numbered))
    assert in_order(numbered) == in_order(shuffled)

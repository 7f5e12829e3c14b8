"""Token buckets against a slow oracle, and budgets that workers share."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from serving.identity.buckets import US_A_MINUTE, Grant, Rate, full, taken
from serving.identity.budget import Budget, portion_of, rate_of
from serving.store.rates import forget_full, give_back, take, take_one_of_each

STEPS = st.lists(st.tuples(st.integers(-5_000_000, 90_000_000), st.integers(1, 12)), max_size=40)


class Shared:
    """A bucket in memory, as the store keeps one."""

    def __init__(self, limit):
        self.rate, self.level = rate_of(limit), full(rate_of(limit), 0)

    def draw(self, wanted, now_us):
        self.level, grant = taken(self.level, self.rate, wanted, now_us)
        return grant


@given(STEPS, st.integers(1, 300), st.integers(1, 20))
def test_a_bucket_gives_what_exact_arithmetic_gives(steps, per_minute, burst):
    rate, now, tokens, newest = Rate(per_minute, burst), 0, Fraction(burst), 0
    level = full(rate, 0)
    for passed, wanted in steps:
        now = max(now + passed, 0)
        level, grant = taken(level, rate, wanted, now)
        tokens = min(tokens + Fraction(max(now - newest, 0) * per_minute, US_A_MINUTE), Fraction(burst))
        newest = max(newest, now)
        assert grant.tokens in {min(wanted, floor(tokens + d)) for d in (Fraction(-1, 10**6), 0, Fraction(1, 10**6))}
        tokens -= grant.tokens


@given(st.integers(1, 300), st.integers(1, 20))
def test_after_the_wait_there_is_a_token(per_minute, burst):
    rate = Rate(per_minute, burst)
    level, _ = taken(full(rate, 0), rate, burst, 0)
    level, refused = taken(level, rate, 1, 0)
    assert refused.tokens == 0
    assert taken(level, rate, 1, refused.wait_us - 1)[1].tokens == 0
    assert taken(level, rate, 1, refused.wait_us + 1)[1].tokens == 1


@given(
    st.integers(1, 2000),
    st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 2), st.integers(1, 60)), max_size=150),
)
def test_workers_together_never_exceed_the_stated_amount(limit, steps):
    shared, workers, now, spent = Shared(limit), [Budget(limit) for _ in range(3)], 0, []
    for passed, worker, requests in steps:
        now += passed
        for _ in range(requests):
            if workers[worker].spend("k", now, lambda wanted, at=now: shared.draw(wanted, at)) == 0:
                spent.append(now)
    most = limit + rate_of(limit).burst + 3 * portion_of(limit)
    for start in spent:
        assert sum(start <= at < start + US_A_MINUTE for at in spent) <= most


@given(st.integers(1, 2000), st.integers(0, 10**9))
def test_a_budget_says_when_to_come_back(limit, now):
    shared, worker = Shared(limit), Budget(limit)
    draw = lambda wanted: shared.draw(wanted, now)  # noqa: E731
    while (wait := worker.spend("k", now, draw)) == 0:
        pass
    assert 0 < wait <= US_A_MINUTE / limit + 1
    assert worker.spend("k", now + wait + 1, lambda wanted: shared.draw(wanted, now + wait + 1)) == 0


def test_a_budget_asks_the_store_once_in_a_portion_and_not_at_all_while_it_waits():
    asked = []

    def draw(wanted):
        asked.append(wanted)
        return Grant(wanted, 0) if len(asked) < 3 else Grant(0, 1000)

    budget = Budget(10_000)
    answers = [budget.spend("k", 0, draw) for _ in range(1000)]
    assert asked == [100, 100, 100]
    assert answers.count(0) == 200
    assert set(answers[200:]) == {1000}


def test_held_tokens_are_spent_without_asking():
    budget = Budget(1000)
    assert not budget.spend_held("a")
    assert budget.spend("a", 0, lambda wanted: Grant(3, 0)) == 0
    assert [budget.spend_held("a") for _ in range(3)] == [True, True, False]


def test_keys_have_budgets_of_their_own():
    budget = Budget(5)
    assert budget.spend("a", 0, lambda wanted: Grant(0, 7)) == 7
    assert budget.spend("b", 0, lambda wanted: Grant(1, 0)) == 0


def test_the_store_gives_each_token_once_to_many_workers(shared_store):
    def draw(_):
        with shared_store.writing() as connection:
            return take(connection, "b", Rate(60, 50), 7, 1_000).tokens

    with ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(draw, range(16)))
    assert sum(given_out) == 50
    with shared_store.writing() as connection:
        assert take(connection, "b", Rate(60, 50), 1, 1_000) == Grant(0, 1_000_000)
        assert take(connection, "b", Rate(60, 50), 9, 3_001_000) == Grant(3, 0)


def test_workers_on_one_store_never_exceed_the_limit(shared_store):
    limit, workers = 300, [Budget(300), Budget(300)]

    def draw(wanted):
        with shared_store.writing() as connection:
            return take(connection, "k", rate_of(limit), wanted, 1_000)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda number: workers[number % 2].spend("k", 1_000, draw), range(200)))
    assert waits.count(0) == rate_of(limit).burst == 30


def test_of_two_buckets_both_or_none_give(shared_store):
    rates = {"wide": Rate(60, 5), "narrow": Rate(60, 1)}
    with shared_store.writing() as connection:
        assert take_one_of_each(connection, rates, 0) == Grant(1, 0)
        assert take_one_of_each(connection, rates, 0) == Grant(0, 1_000_000)
        assert take(connection, "wide", rates["wide"], 9, 0).tokens == 4
        give_back(connection, {"narrow": rates["narrow"]}, 0)
        assert take(connection, "narrow", rates["narrow"], 9, 0).tokens == 1


def test_buckets_that_nobody_uses_are_forgotten(connection):
    take(connection, "old", Rate(1, 5), 5, 0)
    forget_full(connection, 86_400_000_001)
    assert take(connection, "old", Rate(1, 5), 9, 0).tokens == 5

"""Results come in the order of their items, whoever works them out, and nobody runs ahead of a slow reader."""

import threading
import time

import pytest

from features.engines.ordered_results import in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("number", [0, 1, 40])
def test_results_come_in_order(threads, number):
    def slow(item):
        time.sleep((item * 7 % 5) / 2000)
        return -item

    assert list(in_order(threads, slow, iter(range(number)), ahead=3)) == [-item for item in range(number)]


def test_workers_are_held_back_by_a_slow_reader():
    begun = []
    results = in_order(2, lambda item: begun.append(item) or item, range(20), ahead=3)
    assert next(results) == 0
    time.sleep(0.01)
    assert len(begun) <= 4
    assert list(results) == list(range(1, 20))
    assert sorted(begun) == list(range(20))


def test_the_reader_works_on_what_nobody_has_begun_while_it_waits():
    done_by = {}
    both = threading.Barrier(2, timeout=10)

    def work(item):
        done_by[item] = threading.current_thread()
        if item < 2:
            both.wait()  # only passed where two work at once
        return item

    assert list(in_order(2, work, range(4), ahead=3)) == [0, 1, 2, 3]
    assert threading.current_thread() in {done_by[0], done_by[1]}


def test_an_error_comes_in_its_turn_and_what_waits_is_not_begun():
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise ValueError("two")
        time.sleep(0.002)
        return item

    results = in_order(2, work, range(1000), ahead=5)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        list(results)
    assert len(begun) < 12


def test_a_reader_that_stops_waits_only_for_what_is_being_worked_on():
    begun = []
    results = in_order(2, lambda item: (begun.append(item), time.sleep(0.005)), range(1000), ahead=50)
    next(results)
    results.close()
    assert len(begun) < 12

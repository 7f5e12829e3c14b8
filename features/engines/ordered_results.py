"""Results in the order of what they are made of, worked out by several threads, of which the reader's is one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class _Task(Generic[T, R]):
    item: T
    result: Future[R]


def in_order(threads: int, function: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """`function` of each item, in their order, at most `ahead` results waiting: a slow reader holds the others back.

    The reader's own thread is one of the `threads`: while it waits for a result it works on what nobody has begun. A
    thread more would take turns with the one that reads, and those who work would be held back by it half the time.
    """
    if threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads - 1) as others:
        waiting: deque[_Task[T, R]] = deque()
        try:
            for item in items:
                waiting.append(_Task(item, others.submit(function, item)))
                if len(waiting) > ahead:
                    yield _first(waiting, function)
            while waiting:
                yield _first(waiting, function)
        finally:
            others.shutdown(wait=True, cancel_futures=True)


def _first(waiting: deque[_Task[T, R]], function: Callable[[T], R]) -> R:
    """The result of the first task; until it is there, others are worked on that nobody has begun."""
    while not waiting[0].result.done():
        idle = next((task for task in waiting if task.result.cancel()), None)
        if idle is None:
            break
        idle.result = _done(function, idle.item)
    return waiting.popleft().result.result()


def _done(function: Callable[[T], R], item: T) -> Future[R]:
    done: Future[R] = Future()
    try:
        done.set_result(function(item))
    except Exception as error:  # it comes in its turn, as from another thread
        done.set_exception(error)
    return done

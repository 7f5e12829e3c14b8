"""The outbox on both databases: one worker at a time, nothing lost, the same id again at worst."""

import threading
from collections import Counter

import numpy as np
import pytest
from hooks import hooks

from serving.delivery.outgoing import Way
from serving.delivery.schedule import DELAYS_S, SECOND
from serving.delivery.signing import secret_of, verified_id
from serving.delivery.targets import Rules
from serving.delivery.worker import Desk, Receiver, Until, deliver, forget
from serving.store import outbox
from serving.store.outbox import Message, Taker

SECRET = secret_of("whsec_" + "A" * 32, "S")
ONCE = Until(lambda: False, lambda: True)
T0 = 1_800_000_000 * SECOND


class Clock:
    """Microseconds that stand until somebody moves them."""

    def __init__(self):
        self.now = T0

    def __call__(self):
        return self.now


def messages(n, endpoint="crm", first=0):
    return [Message(f"msg_{endpoint}_{i}", "lead.sql", endpoint, f'{{"n":{i}}}') for i in range(first, first + n)]


def put(store, *rows, now=T0):
    with store.writing() as connection:
        return outbox.enqueue(connection, rows, now)


def counted(store):
    with store.reading() as connection:
        return outbox.counts(connection)


def desk_of(store, address, clock, worker="w1", **more):
    ways = {name: Receiver(f"{address}/{name}", (SECRET,)) for name in ("crm", "other", *more)}
    way = Way(Rules(frozenset({"127.0.0.1"})), 5)
    return Desk(store, ways, way, worker, clock, np.random.default_rng(1))


def take(store, worker, now, most=100, per_endpoint=100, full=()):
    with store.writing() as connection:
        return [one.id for one in outbox.lease(connection, Taker(worker, most, per_endpoint, full), now, now + SECOND)]


def test_what_the_transaction_undoes_is_not_sent(store):
    def action():
        with store.writing() as connection:
            outbox.enqueue(connection, messages(1), T0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        action()
    assert counted(store)["pending"] == 0


def test_a_message_that_is_told_again_is_the_same_message(store):
    assert put(store, *messages(501)) == 501
    assert put(store, *messages(502)) == 1


def test_a_lease_is_of_one_worker_and_ends(store):
    put(store, *messages(3))
    assert take(store, "a", T0, most=2) == ["msg_crm_0", "msg_crm_1"]
    assert take(store, "b", T0) == ["msg_crm_2"]
    assert take(store, "c", T0 + SECOND - 1) == []
    assert len(take(store, "c", T0 + SECOND)) == 3


def test_one_endpoint_does_not_take_all_places(store):
    put(store, *messages(9), now=T0 - 1)
    put(store, *messages(2, "other"))
    assert take(store, "a", T0, most=6, per_endpoint=4) == [
        *(f"msg_crm_{i}" for i in range(4)), "msg_other_0", "msg_other_1"
    ]  # fmt: skip
    assert take(store, "b", T0, full=["crm"]) == []


def test_workers_at_the_same_time_never_take_the_same(store):
    put(store, *messages(100))
    taken, start = [], threading.Barrier(4)

    def work(name):
        start.wait()
        while ids := take(store, name, T0, most=5):
            taken.extend(ids)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(taken) == len(set(taken))
    while ids := take(store, "last", T0):  # what was skipped while another one held it
        taken.extend(ids)
    assert len(taken) == len(set(taken)) == 100


def test_each_message_arrives_once_and_signed(store):
    put(store, *messages(30), *messages(5, "other"))
    with hooks() as server:
        done = deliver(desk_of(store, server.url, Clock()), ONCE)
    assert done == {"delivered": 35}
    assert counted(store) == {"pending": 0, "delivered": 35, "dead": 0}
    for path, headers, body in server.got:
        assert verified_id(headers, body, [SECRET], T0 // SECOND).startswith(f"msg_{path[1:]}_")


def test_two_workers_share_the_work(store):
    put(store, *messages(30))
    with hooks() as server:
        threads = [threading.Thread(target=deliver, args=(desk_of(store, server.url, Clock(), f"w{n}"), ONCE))
                   for n in range(2)]  # fmt: skip
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert Counter(headers["webhook-id"] for _, headers, _ in server.got) == {f"msg_crm_{i}": 1 for i in range(30)}


def test_who_is_killed_between_sending_and_noting_sends_the_same_again(store):
    put(store, *messages(1))
    clock = Clock()
    with hooks() as server:
        assert take(store, "killed", clock.now) == ["msg_crm_0"]
        assert deliver(desk_of(store, server.url, clock), ONCE) == {}
        clock.now += SECOND
        assert deliver(desk_of(store, server.url, clock), ONCE) == {"delivered": 1}
    assert server.ids() == ["msg_crm_0"]


def test_who_comes_late_does_not_undo_what_another_worker_noted(store):
    put(store, *messages(1))
    clock = Clock()
    take(store, "late", clock.now)
    clock.now += SECOND
    with hooks() as server:
        deliver(desk_of(store, server.url, clock), ONCE)
    with store.writing() as connection:
        failed = outbox.Noted("pending", 500, "answered 500", clock.now)
        assert not outbox.note(connection, "msg_crm_0", "late", failed, clock.now)
    assert counted(store)["delivered"] == 1


def test_the_schedule_ends_in_a_dead_letter_and_a_replay_begins_anew(store):
    put(store, *messages(1))
    clock, waits = Clock(), []
    with hooks(500) as server:
        for _ in range(len(DELAYS_S) + 1):
            deliver(desk_of(store, server.url, clock), ONCE)
            with store.reading() as connection:
                waits += [one.due_at - clock.now for one in outbox.listed(connection, "pending", 9)]
            clock.now += (waits[-1] if waits else 0) + 1
        assert counted(store)["dead"] == 1
        with store.writing() as connection:
            assert outbox.listed(connection, "dead", 9)[0].last_error == "answered 500"
            assert outbox.replay(connection, ["msg_crm_0", "msg_x"], clock.now) == 1
        server.status = 204
        assert deliver(desk_of(store, server.url, clock), ONCE) == {"delivered": 1}
    assert server.ids() == ["msg_crm_0"] * (len(DELAYS_S) + 2)
    assert all(abs(wait / SECOND / delay - 1) <= 0.11 for wait, delay in zip(waits, DELAYS_S, strict=True))


def test_an_endpoint_that_is_gone_gets_nothing_more_until_it_is_replayed(store):
    put(store, *messages(1))
    clock = Clock()
    with hooks(410) as server:
        assert deliver(desk_of(store, server.url, clock), ONCE) == {"dead": 1}
        put(store, *messages(5, first=1), *messages(1, "other"))
        server.status = 200
        assert deliver(desk_of(store, server.url, clock), ONCE) == {"dead": 5, "delivered": 1}
        assert server.ids() == ["msg_crm_0", "msg_other_0"]
        with store.writing() as connection:
            assert outbox.replay(connection, ["msg_crm_3"], clock.now) == 1
        assert deliver(desk_of(store, server.url, clock), ONCE) == {"delivered": 1}


def test_messages_of_an_endpoint_that_nobody_names_are_kept_as_dead(store):
    put(store, *messages(1, "former"))
    with hooks() as server:
        assert deliver(desk_of(store, server.url, Clock()), ONCE) == {"dead": 1}
    assert server.got == []


def test_a_receiver_that_does_not_answer_is_tried_again(store):
    put(store, *messages(1))
    assert deliver(desk_of(store, "http://127.0.0.1:9", Clock()), ONCE) == {"pending": 1}
    with store.reading() as connection:
        (row,) = outbox.listed(connection, "pending", 9)
    assert (row.attempts, row.last_status) == (1, None)
    assert row.last_error.startswith("http://127.0.0.1:9: ")  # the path may be a password


def test_delivered_messages_are_forgotten_after_their_days(store):
    put(store, *messages(2))
    clock = Clock()
    with hooks() as server:
        deliver(desk_of(store, server.url, clock), ONCE)
    put(store, *messages(1, first=7))
    for day, left in ((29, 2), (31, 0)):
        clock.now = T0 + day * 86_400 * SECOND
        forget(desk_of(store, "http://127.0.0.1:9", clock), 30)
        assert (counted(store)["delivered"], counted(store)["pending"]) == (left, 1)


def test_a_list_goes_on_where_it_ended(store):
    for number in range(5):
        put(store, *messages(1, first=number), now=T0 + number // 2)
    with store.reading() as connection:
        whole = [one.id for one in outbox.listed(connection, "pending", 9)]
        second = outbox.listed(connection, "pending", 2)[-1]
        rest = outbox.listed(connection, "pending", 9, (second.created_at, second.id))
    assert [one.id for one in rest] == whole[2:]


def test_a_stopped_worker_takes_nothing_new(store):
    put(store, *messages(50))
    with hooks() as server:
        stops = iter([False, *[True] * 99])
        done = deliver(desk_of(store, server.url, Clock()), Until(lambda: next(stops), lambda: True))
    assert 0 < done["delivered"] == len(server.got) < 50
    assert counted(store)["pending"] == 50 - done["delivered"]

"""Pages take turns, and an answer that shows a lead follows the line about it."""

import asyncio

import pytest

from features.errors import SinkError
from serving.identity.sightings import Sightings
from serving.store.audit import Line
from serving.web.looks import STATE, JointLog, LooksFirst
from serving.web.turns import Turns

LOOK = Line(1, "ann", "lead_seen", "L1")


def ask(app, method="GET", path="/leads"):
    """What an ASGI app sends for a request."""
    sent = []

    async def send(message):
        sent.append(message)

    return app({"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}, None, send), sent


class Slow:
    """An app that counts how many of its requests are being made, and answers when it is let go."""

    def __init__(self):
        self.inside, self.most, self.go, self.order = 0, 0, asyncio.Event(), []

    async def __call__(self, scope, receive, send):
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.order.append(scope["path"])
        await self.go.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})


@pytest.mark.parametrize(("method", "path", "most"), [
    ("GET", "/leads", 1), ("HEAD", "/leads", 1), ("POST", "/leads", 5), ("GET", "/health/live", 5),
    ("GET", "/static/x", 5),
])  # fmt: skip
def test_only_reading_waits_for_a_turn(method, path, most):
    async def five():
        app = Slow()
        turns = Turns(app, patience_s=60)
        asked = [asyncio.ensure_future(ask(turns, method, f"{path}/{n}")[0]) for n in range(5)]
        await asyncio.sleep(0.01)
        app.go.set()
        await asyncio.gather(*asked)
        assert app.order == [f"{path}/{n}" for n in range(5)]
        return app.most

    assert asyncio.run(five()) == most


def test_a_turn_ends_when_the_answer_begins_however_slowly_it_is_taken():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()  # the reader takes no more

    async def two():
        turns = Turns(app)
        (first, _), (second, sent) = ask(turns), ask(turns)
        tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        return sent

    assert [message["type"] for message in asyncio.run(two())] == ["http.response.start"]


def test_a_page_that_does_not_come_holds_nobody_up_for_long():
    async def three():
        app = Slow()
        turns = Turns(app, patience_s=0.001)
        asked = [asyncio.ensure_future(ask(turns)[0]) for _ in range(3)]
        while app.inside < 3:
            await asyncio.sleep(0.001)
        app.go.set()
        await asyncio.gather(*asked)

    asyncio.run(asyncio.wait_for(three(), 5))


def test_a_request_that_fails_gives_its_turn_back():
    async def app(scope, receive, send):
        raise ValueError("a defect")

    async def three():
        turns = Turns(app)
        for _ in range(3):
            with pytest.raises(ValueError, match="a defect"):
                await ask(turns)[0]

    asyncio.run(asyncio.wait_for(three(), 1))


def showing(lines):
    """An app whose page shows leads."""

    async def app(scope, receive, send):
        scope["state"][STATE] += lines
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    return app


def test_the_answer_begins_after_its_look_is_written():
    written = []
    asked, sent = ask(LooksFirst(showing([LOOK]), lambda lines: written.append((list(lines), list(sent))), Sightings()))
    asyncio.run(asked)
    assert written == [([LOOK], [])]
    assert [message.get("status") for message in sent] == [200, None]


def test_pages_without_a_look_write_nothing():
    asked, sent = ask(LooksFirst(showing([]), lambda lines: pytest.fail("written"), Sightings()))
    asyncio.run(asked)
    assert len(sent) == 2


def test_looks_that_come_while_others_are_written_share_a_transaction():
    batches = []

    async def ten():
        log = JointLog(lambda lines: batches.append(len(lines)))
        await asyncio.gather(*(log.add([LOOK]) for _ in range(10)))
        await log.add([LOOK])

    asyncio.run(ten())
    assert sum(batches) == 11
    assert len(batches) <= 3


def test_all_of_a_transaction_hear_that_it_failed_and_the_next_one_is_tried():
    states = iter([SinkError("full"), None])

    def write(_lines):
        if error := next(states):
            raise error

    async def several():
        log = JointLog(write)
        failed = await asyncio.gather(*(log.add([LOOK]) for _ in range(3)), return_exceptions=True)
        await log.add([LOOK])
        return failed

    assert [type(one) for one in asyncio.run(several())] == [SinkError] * 3

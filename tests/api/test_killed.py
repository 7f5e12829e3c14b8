"""A server that is killed between storing and answering: the same request again, with its key, does nothing twice."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sites import Clock, key_of

from serving.identity.roles import PERMISSIONS
from serving.web.site import open_site

ASK = """
import json, os, signal, sys
sys.path[:0] = [TESTS]
from pathlib import Path
from sqlalchemy import func, select
from sites import Clock, client_of
from serving.store.schema import IDEMPOTENCY, INTERACTION, LEAD_ACTION
from serving.web.api import once
from serving.web.app import create_app
from serving.web.site import open_site

folder, key, cases = json.loads(sys.stdin.read())
clock = Clock()
clock.passes(hours=9)

def apart(work):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            print(json.dumps(work()), flush=True)
        finally:
            os._exit(0)
    if os.waitpid(child, 0)[1] == signal.SIGKILL:
        print(json.dumps("killed"), flush=True)

def ask(number, path, body, dies):
    if dies:
        setattr(once, dies, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    headers = {"authorization": key, "idempotency-key": f"k{number}"}
    with client_of(create_app(open_site(Path(folder), clock))) as client:
        answer = client.post(path, json=body, headers=headers)
    return [answer.status_code, answer.headers.get("idempotency-replayed")]

def counts():
    with open_site(Path(folder), clock).store.reading() as connection:
        return [connection.scalar(select(func.count()).select_from(t)) for t in (INTERACTION, LEAD_ACTION, IDEMPOTENCY)]

apart(counts)
for number, (path, body) in enumerate(cases):
    for dies in ("keep_answer", "Response", None):
        apart(lambda: ask(number, path, body, dies))
        apart(counts)
"""


def lines_of(folder, key, cases):
    """What came of each case killed before the commit, killed after it, and not killed: answer, rows by table."""
    code = ASK.replace("TESTS", repr(str(Path(__file__).parents[1])))
    sent = json.dumps([str(folder), key["authorization"], cases])
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(served_folder, published, tmp_path):
    """A copy of the published project, without a model: what is stored needs none."""
    shutil.copy(served_folder / "ripelead.toml", tmp_path)
    shutil.copytree(served_folder / ".ripelead", tmp_path / ".ripelead")
    return tmp_path


def test_killed_before_and_after_the_commit(folder, published):
    lead_id = next(row["lead_id"] for row in published.values() if row["is_open"])
    event = {"lead_id": lead_id, "occurred_at": "2026-01-01T08:00:00Z", "kind": "page_view"}
    cases = [
        ("/v1/interactions", {"interactions": [event, {**event, "kind": "email_click"}]}),
        (f"/v1/leads/{lead_id}/decisions", {"kind": "note", "note": "a"}),
    ]
    start, *rest = lines_of(folder, key_of(open_site(folder, Clock()), *PERMISSIONS), cases)
    rows = [[after - before for before, after in zip(start, line, strict=True)] for line in rest[1::2]]
    assert rest[::2] == ["killed", "killed", [200, "true"], "killed", "killed", [201, "true"]]
    assert rows == [[0, 0, 0], [2, 0, 1], [2, 0, 1], [2, 0, 1], [2, 1, 2], [2, 1, 2]]

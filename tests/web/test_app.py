"""The app answers, also with errors, in one shape."""

from datetime import UTC, datetime

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from features.errors import InputContractError, SinkError
from serving.web import app as web_app
from serving.web.problems import Problem
from serving.web.site import open_site

PROJECT = '[project]\nname = "acme"\n[tables.leads]\nfile = "leads.csv"\n[label]\nhorizon_days = 90\n'
boom = APIRouter()
FAULTS = {
    "problem": Problem(409, "taken", lead="a"),
    "refused": InputContractError("expected a lead, got none"),
    "sink": SinkError("the store: gone"),
    "defect": RuntimeError("secret thing"),
}


@boom.get("/fault/{name}")
def fault(name: str, number: int = 0):
    raise FAULTS[name]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "ripelead.toml").write_text(PROJECT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web_app, "ROUTERS", (*web_app.ROUTERS, boom))
        app = web_app.create_app(open_site(folder, lambda: datetime(2026, 1, 1, tzinfo=UTC)))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as opened:
        yield opened


def test_health(client):
    assert client.get("/health/live").json() == {"status": "ok"}
    for _ in range(100):
        ready = client.get("/health/ready")
        if ready.status_code == 200:
            break
    assert ready.json() == {"status": "ok", "store": "ok", "model": "none"}


@pytest.mark.parametrize(("name", "status"), [("problem", 409), ("refused", 422), ("sink", 503), ("defect", 500)])
def test_errors_are_problems(client, name, status):
    answer = client.get(f"/fault/{name}")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_problem_names_its_own_members(client):
    assert client.get("/fault/problem").json()["lead"] == "a"


def test_wrong_parameters_name_their_place(client):
    body = client.get("/fault/problem?number=x").json()
    assert body["errors"][0]["pointer"] == "/number"


def test_a_person_gets_a_page(client):
    answer = client.get("/nothing", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")

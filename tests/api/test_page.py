"""The examples of docs/api.md are sent to a server, and every kind, metric and call is on the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from live_server import served
from servers import missing
from sites import key_of

from serving.identity.roles import PERMISSIONS
from serving.live.acts import MOVES, REMARKS
from serving.web.api.routers import API
from serving.web.app import create_app

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def address(site, published):
    with served(create_app(site)) as found:
        yield found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("RIPELEAD")[1][:24])
def test_examples_are_answered(example, address, site, published):
    if shutil.which("curl") is None:
        missing("curl is not installed")
    lead = next(row for row in published.values() if row["is_open"] and row["account_id"])
    text = example.replace("L-1042", lead["lead_id"]).replace("A-77", lead["account_id"])
    key = key_of(site, *PERMISSIONS)["authorization"].removeprefix("Bearer ")
    environment = {"RIPELEAD": address, "KEY": key, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-ec", text], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_every_kind_of_decision_is_explained():
    assert {kind for kind in (*MOVES, *REMARKS) if f"`{kind}`" not in PAGE} == set()


def test_every_call_has_an_example():
    paths = {route.path.replace("{lead_id:path}", "L-1042") for router in API for route in router.routes}
    assert {path for path in paths if f'"$RIPELEAD{path}' not in PAGE} == set()

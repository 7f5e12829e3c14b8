"""Whatever is sent to the API: no defect, and every answer is as its description says (more of it: `make soak`)."""

import pytest
from api_fuzzing import fuzz, operations_of, schema_of
from sites import key_of

from serving.identity.roles import PERMISSIONS
from serving.web.api.routers import API
from serving.web.app import create_app

NAMES = [f"{method} {route.path.replace(':path', '')}" for router in API for route in router.routes
         for method in sorted(route.methods)]  # fmt: skip
COSTLY = "POST /v1/score"  # the requests cost more to make than to answer
BY_CHANCE = "POST /v1/leads/{lead_id}/decisions"  # few bodies drawn by chance fit a lead's stage


@pytest.fixture(scope="module")
def key(site, published):
    return key_of(site, *PERMISSIONS)


@pytest.fixture(scope="module")
def operations(site, key):
    return operations_of(schema_of(create_app(site), key))


def test_the_description_has_all_routes_of_the_api(operations):
    assert {name for name in operations if "/health/" not in name} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_as_described(operations, key, published, name):
    seen = fuzz(operations[name], key, 8 if name == COSTLY else 25, known=next(iter(published)))
    assert max(seen) < 500
    assert min(seen) < 300 or name == BY_CHANCE

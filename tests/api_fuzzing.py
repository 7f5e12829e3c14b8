"""Requests made from the API's own description, right and wrong ones, and all that schemathesis checks of answers."""

import copy
from contextlib import suppress

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

FITTING = {"expected-statuses": ["2xx", "401", "403", "404", "409", "412", "422", "503"]}
"""Rules between values, such as that a reject needs a reason, are not in the description: 422 is right there."""
MOMENTS = ("2025-12-31T23:59:59Z", "2025-12-01T00:00:00.5+01:00", "2026-05-01T00:00:00-08:00")


def schema_of(app, headers):
    """The description of an app's API, to be asked with some headers."""
    schemathesis.openapi.format("date-time", st.sampled_from(MOMENTS))
    config = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": FITTING}})
    described = copy.deepcopy(app.openapi())
    if "authorization" not in headers:  # of people a cookie speaks: without a key they are signed in all the same
        for operation in (one for path in described["paths"].values() for one in path.values()):
            operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(described, config=config)
    schema.app = app
    return schema


def operations_of(schema):
    """All operations, by method and path."""
    return {f"{one.method.upper()} {one.path}": one for one in (found.ok() for found in schema.get_all_operations())}


def fuzz(operation, headers, examples, known=None):
    """Send as many right and as many wrong requests; answers by status. `known` is a lead's id, put in now and then.

    Raises:
        FailureGroup: an answer is not as the description says, or a check fails.
    """
    seen, headers = {}, {"host": "localhost", **{name.title(): value for name, value in headers.items()}}
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        strategy = operation.as_strategy(generation_mode=mode)

        @seed(7)
        @settings(max_examples=examples, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=strategy, at=st.booleans())
        def one(case, at):
            if at and known and "lead_id" in (case.path_parameters or {}):
                case.path_parameters["lead_id"] = known
            answer = case.call_and_validate(headers=headers)
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            one()
    return seen

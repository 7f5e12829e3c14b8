"""Errors as answers: problem+json (RFC 9457) for programs, a page for people; never a traceback."""

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from features.errors import InputContractError, ModelRefusedError, OverlapError, RefusedError, SinkError
from serving.web.validation import places

MEDIA_TYPE = "application/problem+json"
MOST_PLACES = 100
_STATUS: Mapping[type[RefusedError], int] = {
    InputContractError: 422,
    ModelRefusedError: 503,
    SinkError: 503,
    OverlapError: 409,
}
logger = logging.getLogger("ripelead.web")


class Problem(Exception):  # noqa: N818  (the name of RFC 9457)
    """An answer that is an error: `status`, a sentence, and members of its own."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:  # noqa: ANN401
        super().__init__(detail)
        self.status, self.detail, self.headers, self.members = status, detail, dict(headers or {}), members


def add_problems(app: FastAPI) -> None:
    """Answer every error of the app in one shape."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(RefusedError, _of_refused)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_defect)


def answer(request: Request, problem: Problem) -> Response:
    """The problem as the requester reads it: JSON, or a page where a person looks."""
    from serving.web.negotiation import wants_page
    from serving.web.pages.errors import error_page

    if wants_page(request):
        return error_page(request, problem)
    return problem_json(problem)


def problem_json(problem: Problem) -> Response:
    """The problem as RFC 9457 writes it."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


async def _of_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(request, error)


async def _of_refused(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
    return answer(request, Problem(status, str(error), {"Retry-After": "5"} if status == 503 else {}))


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = places(error.errors())
    said = "; ".join(f"{place['pointer']}: {place['detail']}" for place in found[:3])
    return answer(request, Problem(422, f"the request is not as expected: {said}", errors=found[:MOST_PLACES]))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(request, Problem(error.status_code, str(error.detail), error.headers))


async def _of_defect(request: Request, error: Exception) -> Response:
    """A defect is logged under a number that the answer names; the answer says nothing else of it."""
    number = secrets.token_hex(6)
    logger.error("defect %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return answer(request, Problem(500, f"a defect of ripelead: please report it with the number {number}"))

"""Errors as pages."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import escape

from serving.web.problems import Problem


def error_page(_request: Request, problem: Problem) -> Response:
    """A plain page that says what is wrong."""
    title = HTTPStatus(problem.status).phrase
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1><p>{escape(problem.detail)}</p>"
    )
    return HTMLResponse(body, problem.status, headers=problem.headers)

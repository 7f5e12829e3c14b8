"""Errors as pages."""

from fastapi import Request
from fastapi.responses import Response

from serving.identity.who import Identity
from serving.language.translations import Translation, msg, translation_to
from serving.web.problems import Problem
from serving.web.render import language_of, page

TITLES = {
    401: msg("Please sign in"),
    403: msg("You may not see this"),
    404: msg("There is nothing here"),
    405: msg("This cannot be done here"),
    409: msg("Something else came in between"),
    413: msg("That is too much at once"),
    422: msg("That cannot be read"),
    429: msg("Too many requests"),
    500: msg("Something went wrong on our side"),
    503: msg("Not available at the moment"),
}
OTHERWISE = msg("That did not work")


def error_page(request: Request, problem: Problem) -> Response:
    """A page that says what is wrong and where to go on."""
    who: Identity | None = getattr(request.state, "identity", None)
    to = translation_to(language_of(request, who))
    answer = page(
        request,
        "error.html",
        who,
        problem.status,
        title=title_of(to, problem.status),
        status_code=problem.status,
        detail=problem.detail,
    )
    answer.headers.update(problem.headers)
    return answer


def title_of(to: Translation, status: int) -> str:
    """What a status means for a person."""
    return to.text(TITLES.get(status, OTHERWISE))

"""How answers are described in OpenAPI: errors in one shape."""

from typing import Any

from serving.web.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
_PLACE = {
    "type": "object",
    "properties": {"pointer": {"type": "string"}, "in": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["pointer", "detail"],
}
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _PLACE},
    },
    "required": ["type", "title", "status", "detail"],
}
_SAID: dict[int, str] = {
    400: "the body is no JSON",
    401: "no key, and nobody is signed in",
    403: "the permission is missing, or the request came from another site's page",
    404: "there is no such thing, or none that the requester sees",
    409: "not possible as things stand now",
    412: "somebody changed it in the meantime",
    413: "the body is too large",
    415: "the body is not said to be JSON",
    422: "not as expected: `errors` names the places",
    429: "too many requests: see Retry-After",
    503: "no model, or the store is gone: see Retry-After",
}
ALWAYS = (401, 403, 429, 503)
WITH_BODY = (400, 413, 415, 422)


def problems(*statuses: int) -> Responses:
    """The errors of an operation as OpenAPI describes them."""
    content = {MEDIA_TYPE: {"schema": PROBLEM}}
    return {status: {"description": _SAID[status], "content": content} for status in sorted({*ALWAYS, *statuses})}

"""Scores into HubSpot: contacts by `batch/upsert` (a unique property) or `batch/update` (the Record ID).

Source: HubSpot, CRM API v3, objects, batch requests: at most 100 inputs; 207 with `errors` where some were refused,
each naming its inputs by `objectWriteTraceId` or id; 400 where one wrong input spoils the whole batch.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from features.crm_settings import HubSpotSettings
from features.errors import ProjectFileError, SinkError
from serving.crm.calls import MOST_SAID, Caller, Pushed, UnavailableError, json_of, said
from serving.crm.rows import CrmRows, Refused
from serving.delivery.outgoing import Answer, Request
from serving.language.plain_text import one_line

BATCH = 100
NAME = "HubSpot"
NOT_MENTIONED = "the answer does not say what became of it"
# Faults of every input alike: the project file or the CRM must be changed, and no smaller batch would pass.
_OF_ALL = ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE")


@dataclass(frozen=True, slots=True)
class Contact:
    """One input: the lead, the id by which HubSpot finds the contact, its properties as text."""

    lead_id: str
    id: str
    properties: Mapping[str, str]


def push(rows: CrmRows, settings: HubSpotSettings, url: str, caller: Caller) -> Pushed:
    """Send all rows, in batches; what cannot be sent now is named, to be tried again.

    Raises:
        ProjectFileError: HubSpot has no such property.
    """
    contacts = list(_contacts(rows, settings))
    found = Pushed((), ())
    for start in range(0, len(contacts), BATCH):
        try:
            found += _batch(contacts[start : start + BATCH], settings, url, caller)
        except (UnavailableError, SinkError) as error:
            rest = tuple(Refused(one.lead_id, str(error), NAME, again=True) for one in contacts[start:])
            return found + Pushed((), rest, str(error))
    return found


def _contacts(rows: CrmRows, settings: HubSpotSettings) -> Iterator[Contact]:
    """An empty text clears a property; an owner that is not known is left alone."""
    owner = settings.fields.get("owner")
    for lead, own, values in zip(rows.lead_ids, rows.ids, rows.values.to_pylist(), strict=True):
        kept = {name: _text(value) for name, value in values.items() if value is not None or name != owner}
        yield Contact(lead, own, kept)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def request_of(contacts: Sequence[Contact], settings: HubSpotSettings, url: str) -> Request:
    """The request for one batch; the place of an input is its trace id."""
    inputs: list[dict[str, object]] = [
        {"id": one.id, "properties": dict(one.properties), "objectWriteTraceId": str(number)}
        for number, one in enumerate(contacts)
    ]
    if settings.id_property is not None:
        for one in inputs:
            one["idProperty"] = settings.id_property
    verb = "update" if settings.id_property is None else "upsert"
    body = json.dumps({"inputs": inputs}, ensure_ascii=False).encode()
    address = f"{url.rstrip('/')}/crm/v3/objects/contacts/batch/{verb}"
    return Request("POST", address, {"content-type": "application/json"}, body)


def _batch(contacts: Sequence[Contact], settings: HubSpotSettings, url: str, caller: Caller) -> Pushed:
    answer = caller.call(request_of(contacts, settings, url))
    if answer.ok:
        return _read(contacts, json_of(answer))
    reason = said(answer)
    _refuse_fault_of_all(answer, reason)
    if len(contacts) == 1:
        return Pushed((), (Refused(contacts[0].lead_id, reason, NAME),))
    middle = len(contacts) // 2
    first, last = (_batch(part, settings, url, caller) for part in (contacts[:middle], contacts[middle:]))
    return first + last


def _refuse_fault_of_all(answer: Answer, reason: str) -> None:
    text = answer.body.decode(errors="replace")
    if answer.status == 404 or any(code in text for code in _OF_ALL):
        raise ProjectFileError(f"{NAME} refuses the request: {reason}: see the fields and url of [crm.hubspot]")


def _read(contacts: Sequence[Contact], found: Mapping[str, Any]) -> Pushed:
    """Which inputs were taken: those that results name, or all that no error names where their number says so."""
    errors = [one for one in found.get("errors") or [] if isinstance(one, dict)]
    refused: dict[int, str] = {}
    for error in errors:
        for place in _named(error, contacts):
            refused[place] = one_line(str(error.get("message") or "no reason given"), MOST_SAID)
    results = [one for one in found.get("results") or [] if isinstance(one, dict)]
    taken = {number for one in results if (number := _number(one.get("objectWriteTraceId"), contacts)) is not None}
    if len(taken) < len(results) and len(results) + len(refused) == len(contacts):
        taken = set(range(len(contacts))) - set(refused)
    left = set(range(len(contacts))) - taken - set(refused)
    return Pushed(
        tuple(contacts[number].lead_id for number in sorted(taken - set(refused))),
        tuple(Refused(contacts[number].lead_id, reason, NAME) for number, reason in sorted(refused.items()))
        + tuple(Refused(contacts[number].lead_id, NOT_MENTIONED, NAME, again=True) for number in sorted(left)),
    )


def _named(error: Mapping[str, Any], contacts: Sequence[Contact]) -> set[int]:
    """The inputs that an error is about: by trace id, else by id."""
    context = error.get("context") if isinstance(error.get("context"), dict) else {}
    traces = {_number(one, contacts) for one in _listed(context, "objectWriteTraceId", "objectWriteTraceIds")}
    ids = {one.casefold() for one in _listed(context, "ids", "id")}
    by_id = {place for place, one in enumerate(contacts) if one.id.casefold() in ids}
    return {place for place in traces if place is not None} or by_id


def _listed(context: Any, *keys: str) -> list[str]:  # noqa: ANN401  (JSON of others)
    values = [context.get(key) for key in keys]
    return [str(one) for value in values if value for one in (value if isinstance(value, list) else [value])]


def _number(trace: object, contacts: Sequence[Contact]) -> int | None:
    text = str(trace)
    return int(text) if text.isdecimal() and text.isascii() and int(text) < len(contacts) else None

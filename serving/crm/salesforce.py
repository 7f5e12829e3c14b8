"""Scores into Salesforce by Bulk API 2.0: a job, its CSV, and what became of each row.

Source: Salesforce, Bulk API 2.0 Developer Guide, ingest: create a job, upload CSV (at most 150 MB in base64), close the
upload, wait, read successfulResults, failedResults and unprocessedrecords; rows come back in any order.
"""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from features.crm_settings import SalesforceSettings
from features.errors import ProjectFileError, SinkError
from features.project import expand_environment
from serving.crm.calls import MOST_SAID, Caller, Pushed, UnavailableError, json_of, said
from serving.crm.rows import CrmRows, Refused
from serving.delivery.outgoing import Request
from serving.language.plain_text import one_line

NAME = "Salesforce"
MOST_BYTES = 90_000_000
FIRST_WAIT_S, MOST_WAIT_S = 1.0, 20.0
NOT_MENTIONED = "no result of the job names it"
UNPROCESSED = "the job did not come to it"
EMPTY = "#N/A"
"""What Bulk API 2.0 takes as: make this field empty (nothing at all leaves it alone)."""
# Errors of a moment, not of the row.
_OF_A_MOMENT = ("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT")
_ENDED = ("JobComplete", "Failed", "Aborted")


@dataclass(frozen=True, slots=True)
class Jobs:
    """Where jobs are made, by whom, and the clock (seconds, steady)."""

    settings: SalesforceSettings
    caller: Caller
    address: str
    clock: Callable[[], float] = time.monotonic
    most_bytes: int = MOST_BYTES


def signed_in(settings: SalesforceSettings, caller: Caller) -> Jobs:
    """Jobs of the organisation, after its token was fetched.

    Raises:
        ProjectFileError: a variable is not set.
        SinkError: Salesforce gives no token.
        UnavailableError: it cannot be reached.
    """
    url = expand_environment(settings.url).rstrip("/")
    form = {"grant_type": "client_credentials", "client_id": expand_environment(settings.client_id),
            "client_secret": expand_environment(settings.client_secret)}  # fmt: skip
    if settings.refresh_token is not None:
        form |= {"grant_type": "refresh_token", "refresh_token": expand_environment(settings.refresh_token)}
    kind = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    answer = caller.call(Request("POST", f"{url}/services/oauth2/token", kind, urlencode(form).encode()))
    found = json_of(answer)
    if not answer.ok or not found.get("access_token"):
        raise SinkError(f"{NAME} gives no token ({answer.status}: {said(answer)})")
    home = str(found.get("instance_url") or url).rstrip("/")
    address = f"{home}/services/data/v{settings.api_version}/jobs/ingest"
    return Jobs(settings, caller.signed_in(str(found["access_token"])), address)


def push(rows: CrmRows, jobs: Jobs) -> Pushed:
    """Send all rows, in as few jobs as there is room for; what cannot be sent now is named, to be tried again.

    Raises:
        ProjectFileError: Salesforce has no such object or field.
    """
    lead_of, found = dict(zip(rows.ids, rows.lead_ids, strict=True)), Pushed((), ())
    left = set(rows.lead_ids)
    for body, ids in bodies(rows, jobs.settings, jobs.most_bytes):
        try:
            found += _job(body, {one: lead_of[one] for one in ids}, jobs)
        except (UnavailableError, SinkError) as error:
            waiting = sorted(left - set(found.sent) - {one.lead_id for one in found.refused})
            return found + Pushed((), tuple(_again(lead, str(error)) for lead in waiting), str(error))
    return found


def bodies(rows: CrmRows, settings: SalesforceSettings, most_bytes: int) -> Iterator[tuple[bytes, list[str]]]:
    """CSV files of at most `most_bytes` bytes, each with the ids in it."""
    head = _line([settings.external_id, *rows.values.column_names])
    owner, parts, ids, size = settings.fields.get("owner"), [head], list[str](), len(head)
    for own, values in zip(rows.ids, rows.values.to_pylist(), strict=True):
        line = _line([own, *(_text(value, empty="" if name == owner else EMPTY) for name, value in values.items())])
        if ids and size + len(line) > most_bytes:
            yield b"".join(parts), ids
            parts, ids, size = [head], [], len(head)
        parts.append(line)
        ids.append(own)
        size += len(line)
    if ids:
        yield b"".join(parts), ids


def _line(cells: Sequence[str]) -> bytes:
    stream = io.StringIO()
    has_return = any("\r" in cell for cell in cells)  # csv before Python 3.13 forgets to quote it
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL).writerow(cells)
    return stream.getvalue().encode()


def _text(value: object, empty: str) -> str:
    if value is None or value == "":
        return empty
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)


def _job(body: bytes, lead_of: Mapping[str, str], jobs: Jobs) -> Pushed:
    wanted = {"object": jobs.settings.object, "operation": "upsert", "externalIdFieldName": jobs.settings.external_id,
              "contentType": "CSV", "lineEnding": "LF"}  # fmt: skip
    made = _json("POST", "", jobs, wanted).get("id")
    if not made:
        raise UnavailableError(f"{NAME} made no job: its answer has no id")
    job = quote(str(made), safe="")
    upload = Request("PUT", f"{jobs.address}/{job}/batches", {"content-type": "text/csv; charset=UTF-8"}, body)
    answer = jobs.caller.call(upload)
    if not answer.ok:
        raise SinkError(f"{NAME} does not take the data ({answer.status}: {said(answer)})")
    _json("PATCH", f"/{job}", jobs, {"state": "UploadComplete"})
    ended = _waited(job, jobs)
    return _results(job, ended, lead_of, jobs)


def _json(method: str, path: str, jobs: Jobs, body: Mapping[str, str] | None = None) -> dict[str, Any]:
    content = b"" if body is None else json.dumps(body).encode()
    kind = {"content-type": "application/json", "accept": "application/json"}
    answer = jobs.caller.call(Request(method, jobs.address + path, kind, content))
    if not answer.ok:
        raise ProjectFileError(f"{NAME} refuses the job ({answer.status}: {said(answer)}): see [crm.salesforce]")
    return json_of(answer)


def _waited(job: str, jobs: Jobs) -> Mapping[str, Any]:
    """The job once it has ended.

    Raises:
        UnavailableError: it takes longer than the settings allow; Salesforce goes on with it, and the same rows may be
            sent again.
    """
    end, wait = jobs.clock() + jobs.settings.wait_minutes * 60, FIRST_WAIT_S
    while True:
        found = _json("GET", f"/{job}", jobs)
        if found.get("state") in _ENDED:
            return found
        if jobs.clock() + wait > end:
            raise UnavailableError(f"{NAME}: job {job} is not done after {jobs.settings.wait_minutes:g} minutes")
        jobs.caller.sleep(wait)
        wait = min(wait * 1.5, MOST_WAIT_S)


def _results(job: str, ended: Mapping[str, Any], lead_of: Mapping[str, str], jobs: Jobs) -> Pushed:
    state, why = str(ended["state"]), one_line(str(ended.get("errorMessage") or "no reason given"), MOST_SAID)
    stopped = None if state == "JobComplete" else f"{NAME}: the job ended as {state}: {why}"
    sent = {one for one, _ in _rows(job, "successfulResults", jobs) if one in lead_of}
    refused = {one: error for one, error in _rows(job, "failedResults", jobs) if one in lead_of and one not in sent}
    unprocessed = {one for one, _ in _rows(job, "unprocessedrecords", jobs)}
    left = [one for one in lead_of if one not in sent and one not in refused]
    reasons = {one: stopped or (UNPROCESSED if one in unprocessed else NOT_MENTIONED) for one in left}
    return Pushed(
        tuple(lead_of[one] for one in lead_of if one in sent),
        tuple(Refused(lead_of[one], error, NAME, _is_of_a_moment(error)) for one, error in refused.items())
        + tuple(_again(lead_of[one], reason) for one, reason in reasons.items()),
        stopped,
    )


def _rows(job: str, name: str, jobs: Jobs) -> Iterator[tuple[str, str]]:
    """Id and error of each row of a result."""
    answer = jobs.caller.call(Request("GET", f"{jobs.address}/{job}/{name}", {"accept": "text/csv"}))
    if not answer.ok:
        raise UnavailableError(f"{NAME} gives no {name} ({answer.status}: {said(answer)})")
    text = answer.body.decode("utf-8-sig", errors="replace")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield row.get(jobs.settings.external_id) or "", one_line(row.get("sf__Error") or "", MOST_SAID)


def _is_of_a_moment(error: str) -> bool:
    return error.startswith(_OF_A_MOMENT)


def _again(lead_id: str, reason: str) -> Refused:
    return Refused(lead_id, reason, NAME, again=True)

"""CRMs on this machine that behave as their documents say: limits, errors per item, throttling, failing jobs."""

import csv
import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = "token-of-the-crm"


class Api(BaseHTTPRequestHandler):
    """A handler that gives each request to `server.crm.answer(method, path, headers, body)`."""

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.server.lock:
            status, headers, answer = self.server.crm.answer(self.command, self.path, self.headers, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(crm):
    """The CRM behind an address of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.crm, server.lock, server.daemon_threads = crm, threading.Lock(), True
    crm.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield crm
    finally:
        server.shutdown()
        server.server_close()


class HubSpot:
    """Contacts by Record ID and by e-mail address; `wrong` are property values that are not taken."""

    def __init__(self, contacts=(), properties=(), wrong=(), troubles=(), spoils=False):
        self.contacts = {str(one): {} for one in contacts}
        self.properties, self.wrong, self.spoils = set(properties), set(wrong), spoils
        self.troubles = list(troubles)  # (status, headers) that the next calls get
        self.calls = 0

    def answer(self, method, path, headers, body):
        self.calls += 1
        if self.troubles:
            status, more = self.troubles.pop(0)
            return status, more, {"status": "error", "message": "You have reached your ten_secondly_rolling limit."}
        if headers["authorization"] != f"Bearer {TOKEN}":
            return (
                401,
                {},
                {
                    "status": "error",
                    "message": "Authentication credentials not found.",
                    "category": "INVALID_AUTHENTICATION",
                },
            )
        kind = path.removeprefix("/crm/v3/objects/contacts/batch/")
        inputs = json.loads(body)["inputs"]
        if method != "POST" or kind not in ("update", "upsert"):
            return 404, {}, {"message": "no such resource"}
        return self._batch(kind, inputs)

    def _batch(self, kind, inputs):
        ids = [one["id"] for one in inputs]
        if len(inputs) > 100:
            return 400, {}, _fault("The maximum number of inputs supported in a batch request is 100.")
        if len(set(ids)) < len(ids):
            return 400, {}, _fault("Duplicate IDs found in batch input")
        if kind == "upsert" and any("idProperty" not in one for one in inputs):
            return 400, {}, _fault("idProperty is required")
        unknown = {name for one in inputs for name in one["properties"]} - self.properties
        if unknown:
            return 400, {}, _fault(f'Property "{min(unknown)}" does not exist', "PROPERTY_DOESNT_EXIST")
        faults = [(one, self._fault_of(kind, one)) for one in inputs]
        if self.spoils and any(fault for _, fault in faults):
            return 400, {}, _fault(next(fault for _, fault in faults if fault))
        return self._taken(faults)

    def _fault_of(self, kind, one):
        if kind == "update" and one["id"] not in self.contacts:
            return "Could not get some CONTACT objects, they may be deleted or not exist"
        bad = self.wrong & set(one["properties"].values())
        return f"Property values were not valid: {min(bad)}" if bad else None

    def _taken(self, faults):
        results, errors = [], []
        for one, fault in faults:
            if fault:
                errors.append({**_fault(fault), "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]}})
                continue
            self.contacts.setdefault(one["id"], {}).update(one["properties"])
            results.append({"id": one["id"], "properties": {}, "objectWriteTraceId": one["objectWriteTraceId"]})
        answer = {"status": "COMPLETE", "results": results}
        return (207, {}, {**answer, "numErrors": len(errors), "errors": errors}) if errors else (200, {}, answer)


def _fault(message, code="INVALID"):
    return {"status": "error", "category": "VALIDATION_ERROR", "message": message,
            "errors": [{"message": message, "code": code}]}  # fmt: skip


class Salesforce:
    """Records by external id; jobs need `polls` looks until they are done; `refuse` gives a row's error or None."""

    def __init__(self, fields=(), refuse=lambda row: None, polls=2, fails=None, most=150_000_000, secret="s3cret"):
        self.fields, self.refuse, self.polls, self.fails = set(fields), refuse, polls, fails
        self.most, self.secret, self.records, self.jobs, self.expired = most, secret, {}, {}, False
        self.grants = []

    def answer(self, method, path, headers, body):
        if path == "/services/oauth2/token":
            return self._token(parse_qs(body.decode()))
        if headers["authorization"] != f"Bearer {TOKEN}" or self.expired:
            return 401, {}, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        rest = path.removeprefix("/services/data/v60.0/jobs/ingest").strip("/").split("/")
        if rest == [""]:
            return self._create(json.loads(body))
        job = self.jobs[rest[0]]
        action = {("PUT", "batches"): self._upload, ("PATCH", ""): self._close, ("GET", ""): self._look}
        found = action.get((method, rest[1] if len(rest) > 1 else ""))
        return found(job, body) if found else (200, {}, self._results(job, rest[1]))

    def _token(self, form):
        self.grants.append(form["grant_type"][0])
        if form["client_secret"][0] != self.secret:
            return 400, {}, {"error": "invalid_client", "error_description": "invalid client credentials"}
        return 200, {}, {"access_token": TOKEN, "instance_url": self.url, "token_type": "Bearer"}

    def _create(self, wanted):
        if wanted["object"] != "Lead":
            return 400, {}, [{"errorCode": "INVALIDENTITY", "message": f"Unable to find object: {wanted['object']}"}]
        number = f"750{len(self.jobs)}"
        self.jobs[number] = {"id": number, "state": "Open", **wanted, "rows": None, "looks": 0}
        return 200, {}, {"id": number, "state": "Open"}

    def _upload(self, job, body):
        if job["state"] != "Open" or job["rows"] is not None:
            return 400, {}, [{"errorCode": "INVALIDJOBSTATE", "message": "upload not allowed"}]
        if len(body) * 4 / 3 > self.most:
            return 400, {}, [{"errorCode": "CLIENT_ERROR", "message": "exceeded max size"}]
        job["rows"] = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        return 201, {}, b""

    def _close(self, job, body):
        job["state"] = json.loads(body)["state"]
        job["looks"] = self.polls
        return 200, {}, {"id": job["id"], "state": job["state"]}

    def _look(self, job, _body):
        if job["state"] == "UploadComplete" and job["looks"] <= 0:
            self._process(job)
        job["looks"] -= 1
        return 200, {}, {"id": job["id"], "state": job["state"], "errorMessage": job.get("errorMessage")}

    def _process(self, job):
        key, rows, job["done"], job["failed"] = job["externalIdFieldName"], job["rows"], [], []
        unknown = set(rows[0]) - self.fields - {key}
        job["state"], job["errorMessage"] = "JobComplete", None
        if unknown or self.fails is not None:
            job["state"] = "Failed"
            job["errorMessage"] = f"InvalidBatch : Field name not found : {min(unknown)}" if unknown else "too long"
            rows = [] if unknown else rows[: self.fails]
        for row in rows:
            error = self.refuse(row)
            (job["failed"] if error else job["done"]).append((row, error))
            if not error:
                known = self.records.setdefault(row[key], {})
                known.update({name: "" if cell == "#N/A" else cell for name, cell in row.items() if cell})
        job["left"] = job["rows"][len(rows) :]

    def _results(self, job, name):
        own = list(job["rows"][0])
        if name == "unprocessedrecords":
            return _csv(own, [list(row.values()) for row in reversed(job["left"])])
        if name == "failedResults":
            rows = [["", error, *row.values()] for row, error in reversed(job["failed"])]
            return _csv(["sf__Id", "sf__Error", *own], rows)
        rows = [["00Q", "false", *row.values()] for row, _ in reversed(job["done"])]
        return _csv(["sf__Id", "sf__Created", *own], rows)


def _csv(head, rows):
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([head, *rows])
    return stream.getvalue().encode()

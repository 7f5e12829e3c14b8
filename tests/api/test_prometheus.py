"""Prometheus reads figures of the server with a key, and nobody without one."""

import subprocess
import sys

from sites import key_of

from serving.web.api.examples import HISTORY


def test_requests_and_scores_are_counted(client, site, may_score, published):
    body = {"as_of": "2026-01-01T00:00:00Z", "histories": [HISTORY, HISTORY, 3]}
    for _ in range(2):
        client.post("/v1/score", json=body, headers=may_score)
    client.get("/v1/nothing")
    text = client.get("/metrics", headers=key_of(site, "metrics")).text
    counted = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(counted['ripelead_scored_leads_total{by="request"}']) >= 4
    assert float(counted['ripelead_requests_total{method="POST",route="/v1/score",status="200"}']) >= 2
    assert float(counted['ripelead_requests_total{method="GET",route="none",status="404"}']) >= 1
    assert counted[f'ripelead_model_in_use{{version="{site.model.required().bundle.version[:12]}"}}'] == "1.0"
    assert float(counted["ripelead_publication_age_seconds"]) == 0
    assert counted['ripelead_outbox_messages{state="dead"}'] == "0.0"


def test_not_without_the_permission(client, site, may_score):
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=may_score).status_code == 403


TWO_WORKERS = """
import os
from serving.web.measuring import Metrics, shared_metrics
with shared_metrics():
    from prometheus_client import generate_latest
    for _ in range(2):
        if not (child := os.fork()):
            Metrics().scored.labels("request").inc(3)
            os._exit(0)
        os.waitpid(child, 0)
    text = generate_latest(Metrics().all_workers()).decode()
    assert 'ripelead_scored_leads_total{by="request"} 6.0' in text, text
"""


def test_workers_are_added_up():
    done = subprocess.run([sys.executable, "-c", TWO_WORKERS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""`GET /metrics`: what Prometheus reads, added up over all workers; the permission `metrics` is needed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.identity.who import Identity
from serving.render import VERSION_LENGTH
from serving.store import outbox
from serving.store.publications import current
from serving.web.access import needs
from serving.web.api.description import problems
from serving.web.measuring import Metrics
from serving.web.site import Site

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

TYPE = "text/plain; version=0.0.4; charset=utf-8"
US_A_SECOND = 1_000_000
router = APIRouter(tags=["health"])


class SiteState:
    """What holds for all workers alike, looked up when it is asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> "Iterable[Metric]":
        """The model in use, the age of the publication, and the messages in the outbox."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        model = GaugeMetricFamily("ripelead_model_in_use", "1 for the model that scores", labels=("version",))
        served, refused = self._site.model.served, self._site.model.refused
        if served is not None:
            model.add_metric([served.bundle.version[:VERSION_LENGTH]], 1)
        yield model
        yield GaugeMetricFamily("ripelead_model_refused", "1: the champion cannot be used", float(refused is not None))
        with self._site.store.reading() as connection:
            published, waiting = current(connection), outbox.counts(connection)
        if published is not None:
            age = (self._site.now - published.as_of) / US_A_SECOND
            yield GaugeMetricFamily("ripelead_publication_age_seconds", "Since the as-of time of the scores", age)
        messages = GaugeMetricFamily("ripelead_outbox_messages", "Messages to others", labels=("state",))
        for state, n in waiting.items():
            messages.add_metric([state], n)
        yield messages


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
def metrics(request: Request, _who: Annotated[Identity, needs("metrics")]) -> Response:
    """Figures of the server for Prometheus."""
    from prometheus_client import CollectorRegistry, generate_latest

    counted: Metrics = request.app.state.metrics
    state = CollectorRegistry()
    state.register(SiteState(request.app.state.site))
    return Response(generate_latest(counted.all_workers()) + generate_latest(state), media_type=TYPE)

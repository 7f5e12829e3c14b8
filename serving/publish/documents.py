"""Documents of a publication: figures of the whole project that pages show as they stand."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pandas as pd

from features.cells import instant
from features.errors import RefusedError
from serving.funnel_forecast import model_forecasts
from serving.funnel_stages import reached_with
from serving.funnel_words import funnel_table
from serving.lead.similar import PastLeads, past_leads
from serving.lead.what_if import actionable_kinds, usual_interactions
from serving.lifecycle.history import all_events
from serving.live.past_in_use import DOCUMENT, MOST_PUBLISHED, past_text
from serving.pages.what_if import usual_document
from serving.publish.drift import DRIFT, Drift
from serving.publish.gathered import Asked, Gathered
from serving.publish.histories import rows_of
from training.funnel.found import Forecast
from training.funnel.run import Ground, funnel_of
from training.settings import read_training_settings

Row = dict[str, Any]


def documents(asked: Asked, found: Gathered, drift: Drift) -> Iterator[Row]:
    """Rows of the table `document`: usual interactions and the drift; of dated leads closed ones and the funnel."""
    usual = usual_interactions(found.tables.interactions, actionable_kinds(asked.bundle))
    yield {"name": "usual", "body": usual_document(usual)}
    yield {"name": DRIFT, "body": json.dumps(asdict(drift))}
    if found.tables.timed:
        yield {"name": DOCUMENT, "body": past_text(_past(asked, found))}
        yield {"name": "funnel", "body": json.dumps(_funnel(asked, found))}


def _past(asked: Asked, found: Gathered) -> PastLeads:
    return past_leads(asked.bundle, found.tables, asked.as_of, asked.project.snapshots, MOST_PUBLISHED)


def _funnel(asked: Asked, found: Gathered) -> Row:
    """The figures of the command `funnel`, a row each; or why there are none."""
    settings = read_training_settings(asked.project)
    ground = Ground(asked.project, settings, found.tables, found.histories)
    end = pd.Timestamp(found.tables.data_end).to_pydatetime()
    until = min(instant(asked.as_of), instant(end) + 1)
    reached = reached_with(ground, all_events(asked.process, found.tables), until)
    if not len(reached.lead):
        return {"rows": [], "note": "no lead was created before this date"}
    forecasts: tuple[Forecast, ...] = ()
    note: str | None = None
    try:
        forecasts = model_forecasts(ground, reached, asked.bundle)
    except RefusedError as error:
        note = str(error)
    return {"rows": rows_of(funnel_table(funnel_of(ground, reached, forecasts))), "note": note}

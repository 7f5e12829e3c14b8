"""The logged MLflow model: loaded, and behind MLflow's own server, it gives what the batch gives."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scoring_table import SCORED_AT, feature_frame, scoring_table

from features.cli import read_checked
from features.project import read_project
from serving.language.phrases import phrases_of
from serving.render import render
from serving.score import score_leads
from serving.scoring import score_rows
from serving.scoring_rows import category_names, scoring_rows
from training.bundle import load_bundle
from training.registry import Registry
from training.tracking import SCORED

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def bundle(world):
    return load_bundle(Registry(world / "models").bundle_path("champion"))


@pytest.fixture(scope="module")
def table(world, bundle, tmp_path_factory):
    return scoring_table(world, bundle, tmp_path_factory.mktemp("rows") / "rows.parquet")


@pytest.fixture(scope="module")
def batch(world, bundle):
    tables = read_checked(read_project(world), untimed=False)
    return score_leads(bundle, tables, SCORED_AT).frame.set_index("lead_id")


@pytest.fixture(scope="module")
def model(world):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{world / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{world / 'mlflow.db'}")
    return mlflow.pyfunc.load_model("models:/simulated@champion")


def propensity(bundle, table):
    return score_rows(bundle, scoring_rows(table, bundle.catalog), 0).propensity


def test_loaded_model_scores_like_the_batch(model, table, batch):
    found = model.predict(feature_frame(table))
    expected = batch.loc[table["lead_id"].to_pylist()]
    np.testing.assert_allclose(found["propensity"], expected["propensity"], rtol=0, atol=1e-12)
    for name in ("score", "band", "sales_qualified"):
        assert found[name].tolist() == expected[name].tolist()
    assert found["worked_probability"].tolist() == expected["worked_probability"].tolist()
    assert found[["exploration", "reasons"]].isna().all(axis=None)


def test_with_ids_and_times_the_marks_of_exploration_are_those_of_the_batch(model, table, batch):
    keys = {"lead_id": table["lead_id"].to_pandas().astype(object), "as_of": SCORED_AT.replace(tzinfo=None)}
    found = model.predict(feature_frame(table).assign(**keys))["exploration"]
    assert found.tolist() == batch.loc[table["lead_id"].to_pylist(), "exploration"].tolist()
    assert 0 < sum(found) < len(found)


def rendered(bundle, table, most, language):
    scores = score_rows(bundle, scoring_rows(table, bundle.catalog), most)
    return render(bundle, scores, phrases_of(bundle, language))["reasons"].to_pylist()


@pytest.mark.parametrize(("explain", "most", "language"), [("top:8", 8, "en"), ("top:3", 3, "de"), ("all", 8, "da")])
def test_reasons_are_those_of_the_batch(model, bundle, table, explain, most, language):
    found = model.predict(feature_frame(table), params={"explain": explain, "language": language})
    reasons = [json.loads(text) for text in found["reasons"]]
    assert reasons == rendered(bundle, table, most, language)
    assert [sum(reason["points"] for reason in row) for row in reasons] == found["score"].tolist()


def first_of(bundle, kind):
    """Name of the model's first feature of a kind."""
    return next(feature.name for feature in bundle.catalog.features if feature.type == kind)


def test_absent_columns_are_not_known_and_unseen_categories_are_other(model, bundle):
    name = first_of(bundle, "category")
    column = bundle.catalog.names.index(name)
    values = np.full((2, len(bundle.catalog.features)), np.nan)
    values[0, column] = len(category_names(bundle.catalog, bundle.catalog.features[column]))
    expected = bundle.scale.calibration.probability(bundle.raw(values))
    found = model.predict(pd.DataFrame({name: ["never seen", None]}))
    np.testing.assert_allclose(found["propensity"], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["int32", "float32", "float64"])
def test_numbers_of_any_kind_that_double_holds(model, bundle, kind):
    name = first_of(bundle, "number")
    found = model.predict(pd.DataFrame({name: np.array([0, 3, 7], kind)}))
    expected = model.predict(pd.DataFrame({name: [0.0, 3.0, 7.0]}))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"explain": "some"}, "expected none, all, or top:N"),
        ({"explain": "all", "language": "fr"}, "expected en, de, da"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(model, table, params, message):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=message):
        model.predict(feature_frame(table).iloc[:1], params=params)


def test_signature_names_every_feature_the_outputs_and_the_parameters(model, bundle):
    signature = model.metadata.signature
    assert tuple(signature.inputs.input_names()) == (*bundle.catalog.names, "lead_id", "as_of")
    assert not signature.inputs.required_input_names()
    assert signature.outputs.input_names() == list(SCORED)
    assert {spec.name: spec.default for spec in signature.params} == {"explain": "none", "language": "en"}


# Behind MLflow's server ----------------------------------------------------------------------------------------------
def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    port, folder = free_port(), tmp_path_factory.mktemp("server")
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": f"sqlite:///{world / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/simulated@champion"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/ping", process, folder / "log")
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(url, process, log, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"the server did not answer:\n{log.read_text()[-3000:]}")


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["predictions"]


def split(frame):
    """The frame as `dataframe_split`, numbers with all their digits."""
    cells = frame.astype(object).to_numpy().tolist()
    return {"columns": list(frame), "data": [[None if pd.isna(cell) else cell for cell in row] for row in cells]}


def test_the_server_scores_like_the_batch(server, bundle, table, batch):
    some = table.slice(0, 20)
    found = post(server, {"dataframe_split": split(feature_frame(some)), "params": {"explain": "top:8"}})
    expected = batch.loc[some["lead_id"].to_pylist()]
    np.testing.assert_allclose([row["propensity"] for row in found], expected["propensity"], rtol=0, atol=1e-12)
    assert [json.loads(row["reasons"]) for row in found] == rendered(bundle, some, 8, "en")


def test_the_server_takes_a_missing_value_and_an_unseen_category(server, bundle, table):
    category, number = (first_of(bundle, kind) for kind in ("category", "number"))
    edited = table.slice(0, 2).to_pandas()
    edited[category] = pd.Series(["never seen", None], dtype=object)
    edited[number] = [None, 2.0]
    expected = propensity(bundle, pa.Table.from_pandas(edited, preserve_index=False))
    found = post(server, {"dataframe_split": split(edited[list(bundle.catalog.names)])})
    np.testing.assert_allclose([row["propensity"] for row in found], expected, rtol=0, atol=1e-12)


def test_the_server_answers_wrong_parameters_with_a_message(server, bundle):
    body = {"dataframe_split": {"columns": [bundle.catalog.names[0]], "data": [[None]]}, "params": {"explain": "some"}}
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(server, body)
    assert refused.value.code == 400
    assert "expected none, all, or top:N" in refused.value.read().decode()

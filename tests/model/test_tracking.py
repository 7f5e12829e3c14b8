"""The MLflow run of a training: what is in it, and what must not be."""

import pytest
from mlflow import MlflowClient
from mlflow.models import get_model_info

from training.registry import Registry
from training.tracking import SCORED

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def client(world):
    return MlflowClient(f"sqlite:///{world / 'mlflow.db'}", f"sqlite:///{world / 'mlflow.db'}")


@pytest.fixture(scope="module")
def tracked(client):
    (experiment,) = (e for e in client.search_experiments() if e.name == "simulated")
    (run,) = client.search_runs([experiment.experiment_id])
    return run


def test_run_has_parameters_metrics_fingerprint_and_commit(tracked):
    assert float(tracked.data.metrics["model.roc_auc"]) > 0.5
    assert tracked.data.metrics["model.roc_auc.low"] < tracked.data.metrics["model.roc_auc"]
    assert tracked.data.params["label.horizon_days"] == "90"
    assert {"data_fingerprint", "git_commit", "bundle", "verdict"} <= set(tracked.data.tags)


def test_run_has_figures_and_report(client, tracked):
    names = {file.path for file in client.list_artifacts(tracked.info.run_id)}
    assert {"figures", "evaluation.json", "report.html"} <= names
    assert "figures/gain.svg" in {file.path for file in client.list_artifacts(tracked.info.run_id, "figures")}


def test_aliases_follow_the_projects_own_registry(world, client):
    own = Registry(world / "models").aliases()
    for alias in ("champion", "challenger"):
        assert client.get_model_version_by_alias("simulated", alias).tags["bundle"] == own[alias]


def test_model_has_an_explicit_signature_and_no_example(world, client):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{world / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{world / 'mlflow.db'}")
    info = get_model_info("models:/simulated@champion")
    assert tuple(column.name for column in info.signature.outputs) == tuple(SCORED)
    assert info.saved_input_example_info is None


def test_loaded_model_scores_like_the_bundle(world):
    import mlflow
    import numpy as np
    import pandas as pd

    from training.bundle import load_bundle

    mlflow.set_tracking_uri(f"sqlite:///{world / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{world / 'mlflow.db'}")
    bundle = load_bundle(Registry(world / "models").bundle_path("champion"))
    numbers = {f.name: [1.0, 2.0] for f in bundle.catalog.features if f.type != "category"}
    values = np.full((2, len(bundle.catalog.features)), np.nan)
    for column, feature in enumerate(bundle.catalog.features):
        values[:, column] = numbers.get(feature.name, [np.nan, np.nan])
    loaded = mlflow.pyfunc.load_model("models:/simulated@champion").predict(pd.DataFrame(numbers))
    expected = bundle.scale.calibration.probability(bundle.raw(values))
    np.testing.assert_allclose(loaded["propensity"], expected, rtol=0, atol=1e-12)


def test_no_pickle_among_the_artefacts(world):
    kinds = {path.suffix for path in (world / "mlartifacts").rglob("*") if path.is_file()}
    assert not kinds & {".pkl", ".pickle", ".joblib", ".cloudpickle"}

"""MLflow: one run per training with parameters, metrics, figures, fingerprints and the bundle as a registered model.

The only module that imports mlflow. Scoring never needs it: the project's own registry is what serving reads.
"""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.catalog import Catalog
from features.errors import ProjectFileError
from features.project import Project
from training.closing import HORIZONS
from training.evaluation import Estimate, Evaluation
from training.settings import TrackingSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

DATABASE = "mlflow.db"
SQLITE = "sqlite:///"
ARTIFACTS = "mlartifacts"
# Columns that the logged model gives.
SCORED = {
    "propensity": "double",
    "propensity_low": "double",
    "propensity_high": "double",
    "familiar": "boolean",
    "score": "long",
    "band": "string",
    "sales_qualified": "boolean",
    **{f"propensity_{days}d": "double" for days in HORIZONS},
    "expected_close": "string",
    "exploration": "boolean",
    "worked_probability": "double",
    "reasons": "string",
}
KEYS = {"lead_id": "string", "as_of": "datetime"}
"""Of the input: whose row it is, for the draw of the exploration alone."""
# MLflow refuses / and : in the name of a model; a quote would end the text of a filter.
_NOT_IN_A_MODEL_NAME = re.compile(r"[/:'\"]")
_PASSWORD = re.compile(r"(?<=://)[^/\s]*@")


@dataclass(frozen=True, slots=True)
class Store:
    """Where MLflow keeps this project: tracking URI, and the artefact folder of a local store (None: the server's)."""

    uri: str
    artifacts: str | None
    experiment: str
    model: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is logged of a run: flat parameters, tags, figure texts by file name, its folder, and further metrics."""

    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    figures: Mapping[str, str]
    run: Path
    version: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def store_of(project: Project, settings: TrackingSettings) -> Store:
    """The project's store: SQLite inside the project folder unless the settings name another."""
    folder = project.directory.resolve()
    local = settings.uri is None
    return Store(
        uri=f"{SQLITE}{folder / DATABASE}" if local else str(settings.uri),
        artifacts=(folder / ARTIFACTS).as_uri() if local else None,
        experiment=settings.experiment or project.project.name,
        model=_NOT_IN_A_MODEL_NAME.sub("_", project.project.name),
    )


def log_run(store: Store, tracked: Tracked, evaluation: Evaluation, catalog: Catalog) -> str:
    """Log a run, register its bundle and point the alias `challenger` at it; gives the MLflow run id.

    Raises:
        ProjectFileError: the tracking store cannot be reached.
    """
    with _connected(store) as client:
        import mlflow

        with mlflow.start_run(experiment_id=_experiment(client, store), tags=dict(tracked.tags)) as run:
            mlflow.log_params(dict(tracked.parameters))
            mlflow.log_metrics({**dict(flat_metrics(evaluation)), **tracked.metrics})
            for name, text in tracked.figures.items():
                mlflow.log_text(text, f"figures/{name}")
            for path in sorted((*tracked.run.glob("*.json"), tracked.run / "report.html")):
                mlflow.log_artifact(str(path))
            model_uri = _log_model(tracked.run / "bundle", catalog)
        _register(client, store, model_uri, str(run.info.run_id), tracked.version)
        return str(run.info.run_id)


def log_tuning(store: Store, parameters: Mapping[str, str], metrics: Mapping[str, float], trials: Path) -> None:
    """Log a tuning as one run: its best settings, what they gain, and all trials as a file.

    Raises:
        ProjectFileError: the tracking store cannot be reached.
    """
    with _connected(store) as client:
        import mlflow

        with mlflow.start_run(experiment_id=_experiment(client, store), run_name="tuning", tags={"kind": "tuning"}):
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics(dict(metrics))
            mlflow.log_artifact(str(trials))


def mirror_aliases(store: Store, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Point MLflow's aliases at the versions of these bundles; gives in words what was not as it should be.

    A server that is away is given up after seconds: the project's own registry is what counts.

    Raises:
        ProjectFileError: the tracking store cannot be reached.
    """
    if store.uri.startswith(SQLITE) and not Path(store.uri.removeprefix(SQLITE)).exists():
        return ()  # nothing was ever logged: a rollback does not wait for a new database
    with _impatient(), _connected(store) as client:
        if not (models := client.search_registered_models(f"name = '{store.model}'")):
            return ()
        versions = client.search_model_versions(f"name = '{store.model}'")
        bundle_of = {str(version.version): version.tags.get("bundle", "") for version in versions}
        pointing = {alias: bundle_of.get(str(at)) for alias, at in models[0].aliases.items()}
        wrong = {alias: bundle for alias, bundle in wanted.items() if pointing.get(alias) != bundle}
        return tuple(_pointed(client, store, bundle_of, alias, bundle) for alias, bundle in wrong.items())


def flat_metrics(evaluation: Evaluation) -> Iterator[tuple[str, float]]:
    """Every measured number as (name, value): `model.roc_auc`, `model.roc_auc.low`, …"""
    for system, metrics in evaluation.systems.items():
        for one in fields(metrics):
            value = getattr(metrics, one.name)
            if isinstance(value, Estimate):
                named = {"": value.value, ".low": value.low, ".high": value.high}
                yield from ((f"{system}.{one.name}{end}", v) for end, v in named.items() if v is not None)


def _register(client: "MlflowClient", store: Store, model_uri: str, run_id: str, bundle: str) -> None:
    if not client.search_registered_models(f"name = '{store.model}'"):
        client.create_registered_model(store.model)
    version = client.create_model_version(store.model, model_uri, run_id, tags={"bundle": bundle})
    client.set_registered_model_alias(store.model, "challenger", version.version)


def _pointed(client: "MlflowClient", store: Store, bundle_of: Mapping[str, str], alias: str, bundle: str) -> str:
    found = [int(version) for version, tag in bundle_of.items() if tag == bundle]
    if not found:
        return f"MLflow has no version of {bundle[:12]}: its alias {alias} is left as it is"
    client.set_registered_model_alias(store.model, alias, str(max(found)))
    return f"MLflow: {alias} is {bundle[:12]} (version {max(found)})"


@contextmanager
def _impatient() -> Iterator[None]:
    """A server that does not answer is asked twice and not for minutes."""
    limits = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
    before = {name: os.environ.get(name) for name in limits}
    os.environ.update(limits)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _connected(store: Store) -> "Iterator[MlflowClient]":
    # Set before the import: MLflow reads them then.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import logging

    import mlflow
    from mlflow.exceptions import MlflowException

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        mlflow.set_tracking_uri(store.uri)
        mlflow.set_registry_uri(store.uri)
        yield mlflow.MlflowClient()
    except (MlflowException, ImportError, OSError) as error:
        answer = (str(error).splitlines() or [type(error).__name__])[0]
        raise ProjectFileError(
            without_password(f"[tracking]: MLflow at {store.uri} answered: {answer}; ")
            + "check uri, or set enabled = false to train without MLflow"
        ) from error


def without_password(text: str) -> str:
    """`text` whose addresses name neither user nor password.

    >>> without_password("http://ann:secret@example.com/x")
    'http://***@example.com/x'
    """
    return _PASSWORD.sub("***@", text)


def _experiment(client: "MlflowClient", store: Store) -> str:
    found = client.get_experiment_by_name(store.experiment)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(store.experiment, artifact_location=store.artifacts))


def _log_model(bundle: Path, catalog: Catalog) -> str:
    import mlflow

    spec = find_spec("serving.pyfunc")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("serving.pyfunc: the ripelead installation is incomplete")
    # Swallows advice to add an example (rows about real people in the artefact store) and type hints; the signature
    # is explicit instead.
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("ignore")
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=spec.origin,
            artifacts={"bundle": str(bundle)},
            signature=signature(catalog),
            pip_requirements=["ripelead"],
        )
    return str(info.model_uri)


def signature(catalog: Catalog) -> "ModelSignature":
    """What goes in and comes out, explicitly: MLflow's own guess fails on text columns.

    Input: one optional column per feature, text for categories, double for all others; lead_id and as_of, which may
    be absent. Output: what
    `serving.pyfunc` gives. Parameters: how many reasons (`none`, `all`, `top:N`) and in which language.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    inputs: list[Any] = [
        ColSpec("string" if feature.type == "category" else "double", feature.name, required=False)
        for feature in catalog.features
    ]
    inputs += [ColSpec(kind, name, required=False) for name, kind in KEYS.items()]
    outputs: list[Any] = [ColSpec(kind, name) for name, kind in SCORED.items()]
    params = ParamSchema([ParamSpec("explain", "string", "none"), ParamSpec("language", "string", "en")])
    return ModelSignature(Schema(inputs), Schema(outputs), params)


def server_command(store: Store, port: int) -> tuple[list[str], dict[str, str]]:
    """Arguments after `python -m` and environment that open MLflow's page on this store, on this machine only."""
    arguments = ["mlflow", "server", "--backend-store-uri", store.uri, "--host", "127.0.0.1", "--port", str(port)]
    if store.artifacts is not None:
        arguments += ["--default-artifact-root", store.artifacts]
    return arguments, {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

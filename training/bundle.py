"""The bundle: a folder without pickle that holds everything a score needs, named by the sha256 of its files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.build import FeatureTable
from features.catalog import Catalog
from features.deals import DealsOfAccount
from features.errors import ModelRefusedError
from features.files import replaced_directory
from features.rule_settings import PointSettings, RuleSettings
from features.windows import Bools, Floats
from training.calibration import Calibration
from training.closing import ClosingCurve, curve_from_json, curve_json
from training.contributions import Scale, checked_tables, contributions
from training.drift import NO_REFERENCE, Reference, reference_columns, reference_from
from training.evaluation import Learned, learned_from
from training.evidence import NO_EVIDENCE, Evidence, evidence_from_json, evidence_json
from training.exploration import NO_EXPLORATION, ExplorationSettings
from training.leaf_sums import from_left, with_leaves
from training.path_file import read_path_tables, write_path_tables
from training.path_tables import PathTables
from training.policy_values import Option, Unfamiliar, option_from
from training.uncertainty import NOTHING_KNOWN, Limits, Uncertainty, uncertainty_from_json, uncertainty_json

if TYPE_CHECKING:
    from lightgbm import Booster

    from training.bundle_files import Contents

SCHEMA = 2
MANIFEST = "manifest.json"
FILES = ("model.txt", "paths.npz", "catalog.json", "encoder.json", "calibration.json", "policy.json",
         "learned.json", "uncertainty.json", "evidence.json", "reference.parquet", "golden.parquet",
         "card.md")  # fmt: skip
GOLDEN_ROWS = 64
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
ENCODER_KEYS = ("attributes", "kinds", "topics", "criteria", "points", "met_from")


@dataclass(frozen=True, slots=True)
class Policy:
    """How scores become classes, and the rules that stand beside them; frozen when the model was trained.

    `tracked` names the fields of leads that had a change history then: the rules read them as of a date.
    """

    threshold: float
    capacity_share: float
    bands: Mapping[str, float]
    max_reasons: int
    rules: RuleSettings
    points: PointSettings
    deals_of_account: DealsOfAccount
    repeat: bool
    outcome_column: str | None
    tables: tuple[str, ...]
    tracked: tuple[str, ...] = ()
    exploration: ExplorationSettings = NO_EXPLORATION
    unfamiliar: Unfamiliar = "flag"
    colleague_weight: float | None = None
    """Share of a further lead's chance that adds to its account's; None where it was not fitted."""
    expected: Option | None = None
    """The choice that set the threshold, and what it was expected to bring."""

    def qualifies(self, propensity: Floats, familiar: Bools | None = None) -> Bools:
        """Who is sales qualified; with `unfamiliar = "never_qualify"` only leads like those of training."""
        reached = np.asarray(propensity >= self.threshold)
        return reached if familiar is None or self.unfamiliar == "flag" else reached & familiar


@dataclass(frozen=True, slots=True)
class Trained:
    """What was learned: the booster, the features it reads, the scale of its scores, their limits and closing times."""

    booster: "Booster"
    catalog: Catalog
    scale: Scale
    uncertainty: Uncertainty = NOTHING_KNOWN
    closing: ClosingCurve | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A loaded and verified bundle."""

    version: str
    booster: "Booster"
    catalog: Catalog
    scale: Scale
    policy: Policy
    tables: PathTables | None
    """What makes contributions fast; None where they did not fit, and LightGBM computes them."""
    evidence: Evidence = NO_EVIDENCE
    uncertainty: Uncertainty = NOTHING_KNOWN
    widths: "Booster | None" = None
    """The booster with the leaf numbers of `uncertainty.ranges`; None where nothing is known."""
    beside: Floats | None = None
    """These numbers as `tables` take them; None where nothing is known, or without tables."""
    closing: ClosingCurve | None = None
    learned: Learned | None = None
    """What kind of model it is, and why."""
    reference: Reference = NO_REFERENCE
    """How leads were spread over each feature in training."""

    def raw(self, values: Floats, threads: int = 0) -> Floats:
        """Raw scores (log-odds before calibration) of feature rows."""
        return np.asarray(self.booster.predict(values, raw_score=True, num_threads=threads))

    def explain(self, values: Floats, threads: int = 1) -> tuple[Floats, Floats]:
        """Contributions (n, features + 1; raw log-odds, bias last) and raw scores (n) of feature rows, float64."""
        if self.tables is not None:
            return self.tables.explain(np.ascontiguousarray(values), threads)
        return contributions(self.booster, values, threads), self.raw(values, threads)

    def explain_with_sums(self, values: Floats, threads: int = 1) -> tuple[Floats, Floats, Floats]:
        """Contributions and raw scores as `explain` gives them, and the leaf sums that `limits` wants."""
        if self.tables is not None and self.beside is not None:
            return self.tables.explain_beside(np.ascontiguousarray(values), self.beside, threads)
        return *self.explain(values, threads), self.leaf_sums(values, threads)

    def leaf_sums(self, values: Floats, threads: int = 0) -> Floats:
        """Sums of the leaf numbers of `uncertainty.ranges` of feature rows."""
        if self.widths is None or not len(values):
            return np.zeros(len(values))
        return np.asarray(self.widths.predict(values, raw_score=True, num_threads=threads))

    def limits(self, values: Floats, raw: Floats, sums: Floats) -> Limits:
        """Ranges of the propensities and whether leads are familiar, of feature rows, raw scores and leaf sums."""
        return self.uncertainty.limits(values, self.scale.calibration.log_odds(raw), sums)


def write_bundle(
    directory: Path, model: Trained, table: FeatureTable, policy: Policy, card: str, evidence: Evidence = NO_EVIDENCE
) -> str:
    """Write the bundle and give its id (64 hex digits).

    `table` is the training table, of which only aggregates are kept. Nothing that depends on the machine goes in.
    """
    with replaced_directory(directory) as folder:
        (folder / "model.txt").write_text(_portable(model.booster.model_to_string()), encoding="utf-8")
        whole = model.catalog.to_json()
        _write_json(folder / "encoder.json", {key: whole[key] for key in ENCODER_KEYS})
        _write_json(folder / "catalog.json", {k: v for k, v in whole.items() if k not in ENCODER_KEYS})
        _write_json(folder / "calibration.json", _calibration_json(model))
        _write_json(folder / "policy.json", _policy_json(policy))
        _write_json(folder / "uncertainty.json", uncertainty_json(model.uncertainty))
        _write_json(folder / "learned.json", None if model.learned is None else asdict(model.learned))
        _write_json(folder / "evidence.json", evidence_json(evidence))
        reference = _reference(table, model.catalog)
        pq.write_table(pa.Table.from_pandas(reference, preserve_index=False), folder / "reference.parquet")
        golden = _golden(model.booster, reference, model.catalog)
        pq.write_table(golden, folder / "golden.parquet")
        write_path_tables(folder / "paths.npz", checked_tables(model.booster, _values_of(golden, model.catalog)))
        (folder / "card.md").write_text(card, encoding="utf-8")
        hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
        _write_json(folder / MANIFEST, {"schema_version": SCHEMA, "id": _identity(hashes), "files": hashes})
    return _identity(hashes)


def load_bundle(directory: Path) -> Bundle:
    """Verified bundle of a folder.

    Hashes are checked before anything is parsed, and the bytes that were hashed are those that are parsed. A bundle
    that is new to this user is loaded in a child process first (a damaged model file can kill the process).

    Raises:
        ModelRefusedError: not a bundle, damaged, tampered with, or scoring differently from when it was made.
    """
    from training.bundle_files import read_contents
    from training.probe import probe

    contents = read_contents(directory)
    probe(contents)
    return parse_bundle(contents)


def parse_bundle(contents: "Contents") -> Bundle:
    """The bundle of files that the probe found sound; the golden rows must give their recorded scores.

    Raises:
        ModelRefusedError: they do not, or a file is not as `write_bundle` writes it.
    """
    try:
        return _parsed(contents)
    except ModelRefusedError:
        raise
    except Exception as error:  # each library has its own way to say that a file is damaged
        what = f"{type(error).__name__}: {error}"
        raise ModelRefusedError(f"{contents.where}: damaged ({what}): restore it or retrain") from error


def _parsed(contents: "Contents") -> Bundle:
    import lightgbm as lgb

    where = Path(contents.where)
    read = {name: contents.json(f"{name}.json") for name in ("catalog", "encoder", "calibration", "policy")}
    calibration = read["calibration"]
    tables = read_path_tables(contents.files["paths.npz"])
    model, uncertainty = contents.text("model.txt"), uncertainty_from_json(contents.json("uncertainty.json"))
    explained, leaves = (None if isinstance(tables, str) else tables), uncertainty.ranges.leaves
    bundle = Bundle(
        version=contents.version,
        booster=lgb.Booster(model_str=model),
        catalog=_catalog({**read["catalog"], **read["encoder"]}, where),
        scale=Scale(Calibration(calibration["slope"], calibration["intercept"]), calibration["base_rate"]),
        policy=_policy_from_json(read["policy"]),
        tables=explained,
        evidence=evidence_from_json(contents.json("evidence.json")),
        uncertainty=uncertainty,
        widths=with_leaves(model, leaves) if leaves else None,
        beside=explained.beside(from_left(model, leaves)) if leaves and explained is not None else None,
        closing=curve_from_json(calibration.get("closing_curve")),
        learned=learned_from(contents.json("learned.json")),
        reference=reference_from(_columns_of(contents)),
    )
    read_by_model, named = bundle.booster.num_feature(), len(bundle.catalog.features)
    if read_by_model != named:
        raise ModelRefusedError(f"{where}: the model reads {read_by_model} features, its catalog has {named}: retrain")
    _check_golden(bundle, contents)
    return bundle


def _columns_of(contents: "Contents") -> Mapping[str, list[Any]]:
    names = ("edges", "shares", "leads", "mean")
    table = pq.read_table(pa.BufferReader(contents.files["reference.parquet"]))
    return {name: table[name].to_pylist() for name in names if name in table.column_names}


def _catalog(value: Mapping[str, Any], directory: Path) -> Catalog:
    try:
        return Catalog.from_json(value)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelRefusedError(f"{directory}: made by another version of ripelead ({error}): retrain") from error


def verify_files(directory: Path) -> str:
    """Id of the bundle in `directory`, after every file's sha256 agreed with the manifest.

    Raises:
        ModelRefusedError: something is missing, added or changed.
    """
    from training.bundle_files import read_contents

    return read_contents(directory).version


def _identity(hashes: Mapping[str, str]) -> str:
    return sha256("".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()).hexdigest()


def _portable(model: str) -> str:
    """Model text without what differs between machines."""
    return "".join(line for line in model.splitlines(keepends=True) if not line.startswith("[num_threads:"))


def json_text(value: object) -> str:
    """A value as it stands in the JSON files of a bundle: the same value is the same text."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"


def _write_json(path: Path, value: object) -> None:
    path.write_text(json_text(value), encoding="utf-8")


def _calibration_json(model: Trained) -> dict[str, Any]:
    scale = model.scale
    return {
        **asdict(scale.calibration),
        "base_rate": scale.base_rate,
        "closing_curve": curve_json(model.closing),
    }


def _policy_json(policy: Policy) -> dict[str, Any]:
    plain = {name: getattr(policy, name) for name in Policy.__slots__}
    return {
        **plain,
        "rules": policy.rules.model_dump(mode="json"),
        "points": policy.points.model_dump(mode="json"),
        "exploration": policy.exploration.model_dump(mode="json"),
        "expected": None if policy.expected is None else asdict(policy.expected),
    }


def _policy_from_json(value: Mapping[str, Any]) -> Policy:
    rules, points = RuleSettings.model_validate(value["rules"]), PointSettings.model_validate(value["points"])
    exploration = ExplorationSettings.model_validate(value["exploration"])
    expected = None if value.get("expected") is None else option_from(value["expected"])
    read = {"rules": rules, "points": points, "exploration": exploration, "expected": expected}
    named = {name: tuple(value.get(name, ())) for name in ("tables", "tracked")}
    return Policy(**{**value, **read, **named})


def _reference(table: FeatureTable, catalog: Catalog) -> pd.DataFrame:
    """Aggregates of the training features: share not known, mean, quantiles, shares of bins; never a row."""
    rows = []
    for column, feature in enumerate(catalog.features):
        values = table.values[:, column]
        known = values[~np.isnan(values)]
        quantiles = np.quantile(known, QUANTILES, method="nearest") if len(known) else np.zeros(len(QUANTILES))
        rows.append({"feature": feature.name, "not_known": 1 - len(known) / max(len(values), 1),
                     "mean": float(known.mean()) if len(known) else 0.0,
                     **{f"q{q:g}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)}})  # fmt: skip
    return pd.DataFrame(rows).assign(**reference_columns(table.values, table.snapshots.lead))


def _golden(booster: "Booster", reference: pd.DataFrame, catalog: Catalog) -> pa.Table:
    """Made-up rows (each feature drawn by itself between its 1 % and 99 % quantile) with their raw scores."""
    rng = np.random.default_rng(0)
    low, high = reference["q0.01"].to_numpy(), reference["q0.99"].to_numpy()
    values = rng.uniform(low, high, (GOLDEN_ROWS, len(reference)))
    whole = [i for i, feature in enumerate(catalog.features) if feature.type != "number"]
    values[:, whole] = np.rint(values[:, whole])
    values[rng.random(values.shape) < reference["not_known"].to_numpy()] = np.nan
    columns = {name: values[:, i] for i, name in enumerate(catalog.names)}
    return pa.table({**columns, "__raw": booster.predict(values, raw_score=True)})


def _values_of(golden: pa.Table, catalog: Catalog) -> Floats:
    return np.stack([golden[name].to_numpy() for name in catalog.names], axis=1)


def _check_golden(bundle: Bundle, contents: "Contents") -> None:
    golden = pq.read_table(pa.BufferReader(contents.files["golden.parquet"]))
    worst = np.abs(bundle.raw(_values_of(golden, bundle.catalog)) - golden["__raw"].to_numpy()).max()
    if not worst <= 1e-9:
        raise ModelRefusedError(
            f"{contents.where}: the model scores its golden rows differently here (by {worst:.3g}): retrain"
        )

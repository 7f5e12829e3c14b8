"""Settings of the training layer: what is learned, how it is judged, where runs are tracked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from features.deals import DealsOfAccount
from features.project import Project, read_project
from features.sections import AwareTime, Section
from training.exploration import ExplorationSettings
from training.gate.settings import GateSettings
from training.tuning.settings import TuneSettings


class LabelSettings(Section):
    """`[label]`: what counts as a conversion."""

    horizon_days: int | None = Field(None, description="won within this many days after the as-of date", ge=1, le=3650)
    until: str | None = Field(None, description="attribute of leads with the end of each lead's own horizon")
    column: str | None = Field(None, description="outcome column of leads, for a flat table without deals")
    positive: tuple[str, ...] = Field(
        ("1", "true", "yes", "y", "won", "converted"), description="values of `column` that are a conversion"
    )
    repeat: bool = Field(False, description="a won deal does not close the lead: repeat business, expansion")
    deals_of_account: DealsOfAccount = Field(
        "all",
        description="leads that a deal known only by its account counts for: all, primary or last_touch",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [name for name in ("horizon_days", "until", "column") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give only one of horizon_days, until and column (got {' and '.join(given)})")
        return self


class FoldSettings(Section):
    """`[folds]`: which rows judge the model."""

    kind: Literal["time", "rows", "random", "group"] = Field(
        "time", description="time: the newest as-of dates; rows: the last rows by order_by; random; group"
    )
    holdout_from: AwareTime | None = Field(None, description="first as-of date of the holdout (kind = time)")
    holdout_share: float = Field(0.3, description="share of rows in the holdout", gt=0, lt=1)
    gap_days: int | None = Field(
        None, description="days between training and holdout; default: the horizon", ge=0, le=3650
    )
    order_by: str | None = Field(None, description="attribute of leads that gives the order (kind = rows)")
    group: tuple[str, ...] | Literal["identical"] = Field(
        (), description="attributes whose equal values stay on one side, or identical rows (kind = group)"
    )
    folds: int | None = Field(None, description="cross-validate with this many folds (random, group)", ge=2, le=20)
    purge: Literal["lead", "account"] = Field("lead", description="what never stands on both sides")
    walk_forward: int = Field(
        4,
        description="further forward folds before the holdout, to see whether the result is stable; 0: none",
        ge=0,
        le=12,
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "rows" and self.order_by is None:
            raise ValueError('kind = "rows" needs order_by = "column"')
        if self.kind == "group" and not self.group:
            raise ValueError('kind = "group" needs group = ["column"] or group = "identical"')
        if self.folds and self.kind in ("time", "rows"):
            raise ValueError(f'folds goes with kind = "random" or "group", not {self.kind!r}')
        return self


class ModelSettings(Section):
    """`[model]`: gradient boosting inside the explanation budget."""

    seed: int = Field(7, ge=0, le=2**31 - 1)
    kind: Literal["auto", "boosted", "additive", "points"] = Field(
        "auto", description="auto: the richest of points, additive and boosted that there are enough wins for"
    )
    additive_from: int = Field(
        20, description="winning (and other) leads below which auto learns from interest points alone", ge=0
    )
    boosted_from: int = Field(
        80, description="winning (and other) leads below which auto learns one feature at a time (additive)", ge=0
    )
    max_trees: int = Field(600, description="most trees; forward folds choose how many", ge=10, le=5000)
    learning_rate: float = Field(0.05, gt=0, le=1)
    max_depth: int | None = Field(
        None, description="part of the explanation budget; default: 4, below 2,000 rows 2", ge=1, le=8
    )
    leaves: int | None = Field(None, description="most leaves of a tree; default: 16, below 2,000 rows 4", ge=2, le=255)
    min_leaf: int | None = Field(None, description="least rows in a leaf; default: by the number of rows", ge=1)
    feature_fraction: float | None = Field(
        None, description="share of features tried per tree; default: 0.5, below 2,000 rows 0.3", gt=0, le=1
    )
    bagging_fraction: float = Field(0.8, description="share of rows drawn for each tree", gt=0, le=1)
    lambda_l2: float = Field(10.0, description="shrinks leaf values", ge=0)
    cat_smooth: float = Field(20.0, description="shrinks rare categories towards the rest", ge=0)
    exclude: tuple[str, ...] = Field((), description="attributes of leads that must not become features")
    monotone: dict[str, Literal[-1, 1]] = Field({}, description="feature or pattern = 1 (more is riper) or -1")
    threads: int = Field(0, description="0: all cores; does not change the model", ge=0)
    unfamiliar_share: float = Field(
        0.01, description="share of leads like those of training that are called unfamiliar all the same", gt=0, lt=0.5
    )


class TrackingSettings(Section):
    """`[tracking]`: where MLflow keeps runs and models."""

    enabled: bool = True
    uri: str | None = Field(None, description="default: SQLite inside the project folder")
    experiment: str | None = Field(None, description="default: the project's name")


class PolicySettings(Section):
    """`[policy]`: who is classified as sales qualified; frozen in the bundle."""

    choose: Literal["capacity", "value", "precision", "bant_volume"] = Field(
        "capacity",
        description="what sets the threshold: capacity of sales; value (a contact must pay); precision; bant_volume "
        "(as many as BANT qualifies)",
    )
    capacity_share: float = Field(0.1, description="share of open leads that sales can work", gt=0, lt=1)
    leads_per_week: float | None = Field(
        None, description="newly qualified leads that sales can work in a week; goes before capacity_share", gt=0
    )
    precision: float = Field(0.3, description="share of qualified leads that should be won", gt=0, lt=1)
    deal_value: float | None = Field(None, description="what a won deal brings; default: mean of won deals", gt=0)
    cost_of_contact: float | None = Field(None, description="what working one lead costs", ge=0)
    unfamiliar: Literal["flag", "never_qualify"] = Field(
        "flag", description="leads that are not like those the model learned from: flag them, or also never_qualify"
    )
    bands: dict[str, float] = Field(
        {"A": 65, "B": 50, "C": 35}, description="band = least score; below all of them: D", min_length=1
    )
    max_reasons: int = Field(8, description="reasons shown per lead, besides start and remainder", ge=1, le=20)


class ReportSettings(Section):
    """`[report]`: what a training looks at beside the holdout as a whole."""

    segments: tuple[str, ...] | None = Field(
        None,
        description="attributes whose values are judged one by one, [] for none; default: those of the model with few "
        "values. `owner`, a person, only when named here",
        examples=[["source", "country", "account_size"]],
    )
    learning_curve: bool = Field(True, description="train on shares of the leads to see what more data would bring")
    frameworks: tuple[str, ...] | None = Field(
        None,
        description="frameworks whose verdicts are compared with the model's class, [] for none; default: all of "
        "[rules] frameworks",
        examples=[["bant", "sales_qualified"]],
    )


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """All sections of the training layer."""

    label: LabelSettings
    folds: FoldSettings
    model: ModelSettings
    tune: TuneSettings
    policy: PolicySettings
    exploration: ExplorationSettings
    tracking: TrackingSettings
    gate: GateSettings
    report: ReportSettings


SECTIONS: Mapping[str, type[Section]] = {
    "label": LabelSettings,
    "folds": FoldSettings,
    "model": ModelSettings,
    "tune": TuneSettings,
    "policy": PolicySettings,
    "exploration": ExplorationSettings,
    "tracking": TrackingSettings,
    "gate": GateSettings,
    "report": ReportSettings,
}


def read_training_settings(project: Project) -> TrainingSettings:
    """All sections of the training layer; raises `ProjectFileError` naming the key at fault."""
    return TrainingSettings(
        label=project.section("label", LabelSettings),
        folds=project.section("folds", FoldSettings),
        model=project.section("model", ModelSettings),
        tune=project.section("tune", TuneSettings),
        policy=project.section("policy", PolicySettings),
        exploration=project.section("exploration", ExplorationSettings),
        tracking=project.section("tracking", TrackingSettings),
        gate=project.section("gate", GateSettings),
        report=project.section("report", ReportSettings),
    )


def read_all(directory: Path) -> tuple[Project, TrainingSettings]:
    """The whole project file, checked; raises `ProjectFileError` naming the key at fault."""
    project = read_project(directory)
    return project, read_training_settings(project)

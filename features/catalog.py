"""The feature catalog: what each feature is, frozen in the bundle when a model is trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isnan
from typing import Any, Literal

from features.project import NO_HYGIENE, HygieneSettings

Family = Literal[
    "count",
    "days_since_last",
    "days_since_first",
    "interest",
    "active_days",
    "sessions",
    "dwell_s",
    "dwell_mean_s",
    "value",
    "trend",
    "trend_ratio",
    "variety",
    "entropy",
    "gap_mean_days",
    "gap_std_days",
    "gap_max_days",
    "first_kind",
    "last_kind",
    "colleagues",
    "colleagues_active",
    "seniorities_active",
    "attribute",
    "profile_filled",
    "lead_age_days",
    "weekday",
    "month",
    "criterion_met",
    "criterion_age_days",
    "criteria_met",
    "criteria_known",
]
Owner = Literal["lead", "account"]
Group = Literal["Interest", "Timing", "Fit", "Buying team", "Qualification", "Source", "Data quality"]
ValueType = Literal["number", "boolean", "category"]
CATALOG_SCHEMA = 2
OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class FeatureDef:
    """One feature: `name` carries the unit, `family` the formula, the rest its parameters.

    `of` restricts a count to `kind:…`, `topic:…` or `direction:…`, or names the attribute or criterion.
    """

    name: str
    family: Family
    group: Group
    words: str
    owner: Owner = "lead"
    of: str | None = None
    days: int | None = None
    type: ValueType = "number"
    actionable: bool = False


@dataclass(frozen=True, slots=True)
class AttributeCode:
    """How an attribute of a lead (or `account_…` of its account) becomes a number.

    Numbers stay, booleans become 0/1, categories their position in `categories`; what is not listed there gets the
    code `len(categories)`, so a category never seen in training is "other", and not known is NaN. A `tracked`
    attribute has a recorded change history, and only that history counts.
    """

    name: str
    type: ValueType
    categories: tuple[str, ...] = ()
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """All features of a model in column order, with the vocabulary they rest on and the events that count."""

    features: tuple[FeatureDef, ...]
    attributes: tuple[AttributeCode, ...]
    kinds: tuple[str, ...]
    topics: tuple[str, ...]
    criteria: tuple[str, ...]
    points: Mapping[str, float] = field(default_factory=dict)
    met_from: float = 0.5
    hygiene: HygieneSettings = NO_HYGIENE

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in column order."""
        return tuple(feature.name for feature in self.features)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Columns that hold category codes."""
        return tuple(i for i, feature in enumerate(self.features) if feature.type == "category")

    def attribute(self, name: str) -> AttributeCode:
        """Code of the attribute `name`."""
        return next(code for code in self.attributes if code.name == name)

    def shown(self, feature: FeatureDef, value: float) -> str | None:
        """`value` of a feature as people read it; None when it is not known."""
        if isnan(value):
            return None
        if feature.type == "category":
            names = self.attribute(feature.of or "").categories if feature.family == "attribute" else self.kinds
            return names[int(value)] if int(value) < len(names) else OTHER
        if feature.type == "boolean":
            return "yes" if value else "no"
        return f"{value:.0f}" if value == int(value) else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"

    def keep(self, names: frozenset[str]) -> "Catalog":
        """The catalog with only the named features, each with the value it had in the whole catalog."""
        from dataclasses import replace

        features = tuple(feature for feature in self.features if feature.name in names)
        used = {feature.of for feature in features if feature.family == "attribute"}
        if any(feature.family == "profile_filled" for feature in features):
            # The share counts all attributes, also those that are no feature of their own.
            used |= {code.name for code in self.attributes}
        return replace(self, features=features, attributes=tuple(code for code in self.attributes if code.name in used))

    def to_json(self) -> dict[str, Any]:
        """Plain values for `catalog.json`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["features"] = [asdict(feature) for feature in self.features]
        values["attributes"] = [asdict(code) for code in self.attributes]
        values["hygiene"] = self.hygiene.model_dump(mode="json")
        return {"schema_version": CATALOG_SCHEMA, **values}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Catalog":
        """Catalog from `to_json`'s value; raises `ValueError` for another schema."""
        if value.get("schema_version") != CATALOG_SCHEMA:
            raise ValueError(f"catalog schema {value.get('schema_version')!r}, expected {CATALOG_SCHEMA}")
        return Catalog(
            features=tuple(FeatureDef(**feature) for feature in value["features"]),
            attributes=tuple(
                AttributeCode(code["name"], code["type"], tuple(code["categories"]), code["tracked"])
                for code in value["attributes"]
            ),
            kinds=tuple(value["kinds"]),
            topics=tuple(value["topics"]),
            criteria=tuple(value["criteria"]),
            points=dict(value["points"]),
            met_from=value["met_from"],
            hygiene=HygieneSettings.model_validate(value["hygiene"]),
        )

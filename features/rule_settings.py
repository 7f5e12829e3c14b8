"""Settings of the rules: `[rules]`, the BANT baseline and the frameworks, and `[points]`."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from features.sections import PositiveDays, Section


class RuleSettings(Section):
    """`[rules]`: the BANT baseline: k of n criteria over dated evidence."""

    criteria: tuple[str, ...] = Field(
        ("budget", "authority", "need", "timing"), description="what assessments are asked about", min_length=1
    )
    at_least: int = Field(3, description="criteria that must be met", ge=1)
    met_from: float = Field(0.5, description="an assessment of at least this much counts as met", gt=0, le=1)
    max_age_days: PositiveDays | None = Field(None, description="older evidence counts as unknown", examples=[365])
    frameworks: tuple[str, ...] = Field(
        ("bant", "minimum", "sal", "sales_qualified"),
        description="frameworks that `ripelead qualify` judges by: shipped ones by name, own ones as files beside this "
        "one; the keys above are those of bant",
        examples=[["bant", "meddic", "frameworks/ours.toml"]],
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.at_least > len(self.criteria):
            raise ValueError(f"at_least = {self.at_least}, but there are only {len(self.criteria)} criteria")
        return self


DEFAULT_POINTS: Mapping[str, float] = {
    "content_download": 10,
    "newsletter_signup": 5,
    "webinar_attended": 20,
    "webinar_registered": 10,
    "faq_view": 1,
    "article_view": 1,
    "page_view": 1,
    "product_page_view": 3,
    "pricing_page_view": 5,
    "price_calculator_used": 8,
    "product_comparison_view": 6,
    "case_study_view": 5,
    "references_view": 4,
    "reviews_view": 4,
    "data_sheet_download": 6,
    "email_open": 1,
    "email_click": 3,
    "email_reply": 8,
    "social_interaction": 2,
    "ad_impression": 0,
    "ad_click": 2,
    "form_submitted": 10,
    "demo_requested": 25,
    "call_requested": 25,
    "discovery_call": 15,
    "demo_attended": 25,
    "personal_conversation": 15,
    "contract_review_planned": 40,
    "event_attended": 15,
    "unsubscribe": -15,
}

RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
"""A range of numbers among the values of an attribute: `50..250` is 50 and more, but less than 250."""
POINT_UNIT = 0.001
LARGEST_POINTS = 1e6
Points = Annotated[float, Field(ge=-LARGEST_POINTS, le=LARGEST_POINTS)]
Cap = Annotated[float, Field(gt=0, le=LARGEST_POINTS)]
DEFAULT_ATTRIBUTE_POINTS: Mapping[str, Mapping[str, float]] = {
    "competitor": {"true": -100},
    "title_standing": {"student": -20},
}


def _falling(steps: tuple[float, ...]) -> tuple[float, ...]:
    if len(steps) != 3 or not steps[0] > steps[1] > steps[2]:
        raise ValueError("expected three falling numbers such as [100, 50, 20]")
    return steps


def _readable(attributes: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    for name, values in attributes.items():
        for value in values:
            if ".." in value and (RANGE.fullmatch(value) is None or value == ".."):
                raise ValueError(f'{name}: expected a range of numbers such as "50..250" or "250..", got "{value}"')
    return attributes


Steps = Annotated[tuple[float, ...], AfterValidator(_falling)]


class PointSettings(Section):
    """`[points]`: points per interaction and attribute, added up; whole thousandths count."""

    kinds: dict[str, Points] = Field(
        dict(DEFAULT_POINTS), description="points per interaction of a kind; replaces the whole default table"
    )
    topics: dict[str, Points] = Field(
        {},
        description="further points of an interaction about a topic, where its kind gives points",
        examples=[{"pricing": 5}],
    )
    attributes: Annotated[dict[str, dict[str, Points]], AfterValidator(_readable)] = Field(
        {name: dict(values) for name, values in DEFAULT_ATTRIBUTE_POINTS.items()},
        description="points by attribute and value, a range of numbers (50..250) or * for any other; title_authority, "
        "title_role and title_standing are what the job title says; replaces the whole default table",
    )
    half_life_days: PositiveDays | None = Field(
        None, description="points of interactions fade by half in this time; default: never", examples=[30]
    )
    cap_per_kind: Cap | None = Field(None, description="most points one kind can give or cost", examples=[100])
    caps: dict[str, Cap] = Field(
        {}, description="most points a kind can give or cost, instead of cap_per_kind", examples=[{"email_open": 10}]
    )
    cap_total: Cap | None = Field(None, description="most points in total", examples=[200])
    repeats: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="most interactions of a kind that count; default: ten opens count ten times",
        examples=[{"email_open": 3}],
    )
    repeat_days: PositiveDays | None = Field(
        None, description="repeats are counted within so many days; default: in the whole history", examples=[30]
    )
    threshold: float = Field(50, description="points from which a lead counts as marketing qualified")
    fit_steps: Steps = Field((20, 10, 0), description="fit points from which a lead is graded A, B or C; below: D")
    engagement_steps: Steps = Field(
        (100, 50, 20), description="points of interactions from which a lead is graded 1, 2 or 3; below: 4"
    )

"""Settings of nurturing: `[nurture]`, what content is, and `[audience]`, who may be shown advertisements again."""

from typing import Annotated

from pydantic import Field

from features.sections import PositiveDays, Section


class NurtureSettings(Section):
    """`[nurture]`: the content that leads are offered next, by what won leads consumed at the same point."""

    content: tuple[str, ...] = Field(
        (
            "article_view", "faq_view", "content_download", "webinar_attended", "case_study_view", "references_view",
            "reviews_view", "data_sheet_download", "product_comparison_view", "price_calculator_used",
        ),
        description="kinds of interaction that consume content",
        min_length=1,
    )  # fmt: skip
    least: int = Field(20, description="won leads that must have consumed it, or it is not shown", ge=5)
    most: int = Field(3, description="content offered to a lead at most", ge=1, le=10)
    topic_days: PositiveDays = Field(90, description="a lead's topic is its most frequent one of so many days")


class AudienceSettings(Section):
    """`[audience]`: whose e-mail address may go, hashed, to an advertising platform; without known consent nobody's."""

    consent: str = Field("consent", description="attribute of leads that tells who agreed to it", min_length=1)
    consent_values: tuple[str, ...] = Field(
        ("true", "yes", "y", "1", "granted", "opt-in"),
        description="its values that are a yes; any other value is a no, a missing one is no consent either",
        min_length=1,
    )
    kinds: tuple[str, ...] = Field(
        (
            "page_view", "product_page_view", "pricing_page_view", "faq_view", "article_view", "case_study_view",
            "references_view", "reviews_view", "price_calculator_used", "product_comparison_view", "content_download",
            "data_sheet_download", "social_interaction", "ad_click",
        ),
        description="kinds of interaction that touch the site or social channels",
        min_length=1,
    )  # fmt: skip
    within_days: Annotated[int, Field(ge=1, le=540)] = Field(180, description="the last touch is at most so old")
    against: tuple[str, ...] = Field(("unsubscribe",), description="kinds that end it, whenever they happened")

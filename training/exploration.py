"""Exploration: a share of open leads that is worked regardless of score, so that later evaluations can be unbiased."""

from pydantic import Field

from features.sections import Every, Section
from features.windows import DAY_US


class ExplorationSettings(Section):
    """`[exploration]`: leads to be worked whatever their score, drawn at random; frozen in the bundle."""

    share: float = Field(0.0, description="share of open leads that is drawn; 0: none", ge=0, le=0.5, examples=[0.05])
    period: Every = Field("4w", description="a lead is drawn anew after this time (weeks start on Mondays, UTC)")
    salt: str = Field("exploration", description="another text draws other leads", min_length=1, max_length=200)

    @property
    def period_us(self) -> int:
        """The period in microseconds."""
        return int(self.period[:-1]) * (7 if self.period.endswith("w") else 1) * DAY_US


NO_EXPLORATION = ExplorationSettings.model_validate({})

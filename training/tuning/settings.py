"""Settings of tuning."""

from typing import Literal

from pydantic import Field

from features.sections import Section

Objective = Literal["log_loss", "pr_auc"]


class TuneSettings(Section):
    """`[tune]`: the search for better `[model]` settings on the folds inside the training rows."""

    objective: Objective = Field("log_loss", description="what is made better: log_loss, or pr_auc (only the ranking)")
    trials: int = Field(60, description="settings tried in all, those of earlier calls included", ge=1, le=10_000)
    minutes: float = Field(10, description="time that one call may take", gt=0, le=10_000)
    explanation_mib: float = Field(
        8.0, description="most size of the tables of exact reasons; what explaining a lead costs grows with it", gt=0
    )

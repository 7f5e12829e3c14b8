"""The section `[gate]`: what a challenger has to show before it becomes champion."""

from pydantic import Field

from features.sections import Section


class GateSettings(Section):
    """`[gate]`: what a challenger must show, on later rows, before it takes over from the champion."""

    margin: float = Field(0.01, description="PR-AUC that a challenger may be worse by, at most", gt=0, lt=1)
    confidence: float = Field(0.9, description="how sure it must be that no margin is passed", ge=0.8, lt=1)
    log_loss_margin: float = Field(0.01, description="share of the champion's log loss that may be added", gt=0, lt=1)
    slope_margin: float = Field(0.1, description="calibration slope: how much further from 1", gt=0, lt=5)
    rate_margin: float = Field(
        0.1, description="mean prediction: how much further from the observed rate, as a share of it", gt=0, lt=5
    )
    segment_margin: float = Field(0.02, description="PR-AUC that no large segment may be proven worse by", gt=0, lt=1)
    least_wins: int = Field(40, description="winning (and other) leads among the later rows, at least", ge=10)
    most_gain: float = Field(
        0.15, description="PR-AUC gained at once above which a leak is likelier than progress", gt=0, le=1
    )
    least_overlap: float | None = Field(
        None, description="share of the top list that must stay; default: only a warning below one half", gt=0, le=1
    )
    most_time: float = Field(3.0, description="time to score and explain, as a multiple of the champion's", gt=1)
    most_bytes: float = Field(4.0, description="size of the bundle, as a multiple of the champion's", gt=1)
    accepted_suspects: tuple[str, ...] = Field(
        (), description='what the leakage audit suspects although you know better, such as "leads.segment"'
    )

"""Engagement features: what a history shows before an as-of date, one family of formulas a module.

Every function takes a `View` (the events of leads or accounts, and the snapshots) and gives one float64 value per
snapshot. Sums run over integers or in each owner's own event order, so values are bit-identical however the leads are
cut into blocks, whoever calls.
"""

from features.engagement.activity import active_days, sessions
from features.engagement.counts import count, selection
from features.engagement.interest import interest
from features.engagement.movement import trend, trend_ratio
from features.engagement.recency import days_by_code, days_since_first, days_since_last
from features.engagement.rhythm import gap_max_days, gap_mean_days, gap_std_days
from features.engagement.sight import Sight, sight
from features.engagement.totals import dwell_mean_s, dwell_s, value
from features.engagement.touches import first_kind, last_kind
from features.engagement.variety import entropy, variety
from features.engagement.view import Column, View

__all__ = [
    "Column",
    "Sight",
    "View",
    "active_days",
    "count",
    "days_by_code",
    "days_since_first",
    "days_since_last",
    "dwell_mean_s",
    "dwell_s",
    "entropy",
    "first_kind",
    "gap_max_days",
    "gap_mean_days",
    "gap_std_days",
    "interest",
    "last_kind",
    "selection",
    "sessions",
    "sight",
    "trend",
    "trend_ratio",
    "value",
    "variety",
]

"""Engagement features: what a history shows before an as-of date, one family of formulas a module.

Every function takes a `View` (the events of leads or accounts, and the snapshots) and gives one value per snapshot:
whole numbers in int32, all others in float64. Sums run over integers or in each owner's own event order, so values are
bit-identical however the leads are cut into blocks, whoever calls.
"""

from features.engagement.activity import active_days, sessions
from features.engagement.counts import CountTable, count, count_table, fill_counts, selection
from features.engagement.interest import fill_interest
from features.engagement.movement import trend, trend_ratio
from features.engagement.recency import days_since_first, days_since_last, fill_days_since_last
from features.engagement.rhythm import gap_max_days, gap_mean_days, gap_std_days
from features.engagement.sight import Sight, Windows, sight
from features.engagement.totals import dwell_mean_s, dwell_s, value
from features.engagement.touches import first_kind, last_kind
from features.engagement.variety import different, entropy, variety
from features.engagement.view import Column, View

__all__ = [
    "Column",
    "CountTable",
    "Sight",
    "View",
    "Windows",
    "active_days",
    "count",
    "count_table",
    "days_since_first",
    "days_since_last",
    "different",
    "dwell_mean_s",
    "dwell_s",
    "entropy",
    "fill_counts",
    "fill_days_since_last",
    "fill_interest",
    "first_kind",
    "gap_max_days",
    "gap_mean_days",
    "gap_std_days",
    "last_kind",
    "selection",
    "sessions",
    "sight",
    "trend",
    "trend_ratio",
    "value",
    "variety",
]

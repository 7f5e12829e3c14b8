"""The text of `ripelead points fit`: proposed points beside the configured ones, and TOML lines to paste."""

import math
from collections.abc import Iterator

from features.rule_settings import PointSettings
from training.bootstrap import Interval
from training.points_fit import CONFIGURED, PROPOSED, ProposedPoints, ranked, toml_lines


def proposed_text(proposed: ProposedPoints, configured: PointSettings) -> str:
    """What was learned, how both tables do on the holdout, and the lines for the project file."""
    return "\n".join([*_head(proposed, configured), "", *_table(proposed, configured), "", *toml_lines(proposed)])


def _head(proposed: ProposedPoints, configured: PointSettings) -> Iterator[str]:
    half_life = "no" if configured.half_life_days is None else f"{configured.half_life_days} days"
    yield (
        f"learned from {proposed.rows:,} training snapshots with {proposed.wins:,} conversions; half-life "
        f"{proposed.half_life_days} days (configured: {half_life})"
    )
    configured_auc, proposed_auc = (_interval(proposed.auc[name]) for name in (CONFIGURED, PROPOSED))
    yield (
        f"ROC-AUC on {proposed.held:,} holdout rows: configured {configured_auc}, proposed {proposed_auc}, "
        f"difference {_interval(proposed.gain, '+')}: {_verdict(proposed)}"
    )


def _verdict(proposed: ProposedPoints) -> str:
    gain = proposed.gain
    if gain.low > 0:
        return "the proposed points rank better"
    return "the configured points rank better: keep them" if gain.high < 0 else "no clear difference"


def _interval(found: Interval, sign: str = "") -> str:
    if math.isnan(found.value):
        return "not defined"
    return f"{found.value:{sign}.3f} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"


def _table(proposed: ProposedPoints, configured: PointSettings) -> Iterator[str]:
    wide = max((len(kind) for kind in proposed.points), default=4)
    yield f"{'kind':{wide}}  {'events':>10}  configured  proposed"
    for kind, worth in ranked(proposed.points):
        given = configured.kinds.get(kind, 0.0)
        yield f"{kind:{wide}}  {proposed.events[kind]:>10,}  {given:>10g}  {worth:>8}"

"""Groups of leads against their ranges, by hand."""

import numpy as np
import pytest

from training.range_check import range_groups
from training.range_section import RangeReport, range_section
from training.uncertainty import Limits


def limits(low, high, n):
    return Limits(np.full(n, low), np.full(n, high), np.ones(n, bool))


def test_groups_are_tenths_of_the_propensity():
    propensity = np.linspace(0.01, 0.5, 1000)
    groups = range_groups(propensity, limits(0.0, 1.0, 1000), np.zeros(1000, np.int8), 1.0)
    assert [group.rows for group in groups] == [100] * 10
    assert groups[0].propensity < groups[-1].propensity


@pytest.mark.parametrize(("low", "high", "holds"), [(0.2, 0.4, True), (0.01, 0.1, False), (0.5, 0.6, False)])
def test_a_group_holds_where_chance_meets_the_range(low, high, holds):
    label = np.tile([1, 0, 0, 0], 10).astype(np.int8)
    (group,) = range_groups(np.full(40, 0.2), limits(low, high, 40), label, 1.0)
    assert group.rate == 0.25
    assert group.holds == holds


def test_fewer_leads_than_rows_leave_more_to_chance():
    label = np.array([1, 0, 0, 0, 0] * 6, np.int8)
    alone, twins = (range_groups(np.full(30, 0.2), limits(0.1, 0.3, 30), label, share)[0] for share in (1.0, 0.25))
    assert twins.least_rate < alone.least_rate < 0.2 < alone.most_rate < twins.most_rate


def test_no_win_at_all_is_a_group_too():
    (group,) = range_groups(np.full(20, 0.01), limits(0.001, 0.05, 20), np.zeros(20, np.int8), 1.0)
    assert (group.rate, group.least_rate, group.holds) == (0.0, 0.0, True)


def test_the_section_draws_every_group():
    groups = range_groups(np.linspace(0.01, 0.5, 90), limits(0.1, 0.3, 90), np.tile([0, 1], 45).astype(np.int8), 1.0)
    report = RangeReport(1, 90, 0.05, 0.1, 0.2, 2, 0.0, 0.01, (), groups)
    section = range_section(report)
    assert "<svg" in section.pictures["ranges"].svg

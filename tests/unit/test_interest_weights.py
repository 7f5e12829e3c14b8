import numpy as np
import pytest
from scipy.special import expit
from worlds import World, day, event, lead, snapshots

from training.folds import Fold
from training.interest_weights import decayed_counts, learn_interest_weights

KINDS = ("demo", "visit", "noise")
N = 900


def planted(rng, half_life=30):
    """A log of N leads over 100 days, and wins that follow 1.5 per demo and 0.5 per visit, halved every half-life."""
    who = np.repeat(np.arange(N), 9)
    kind, at = np.tile([0, *[1] * 4, *[2] * 4], N), rng.uniform(0, 100, 9 * N)
    z = np.bincount(who, np.array([1.5, 0.5, 0.0])[kind] * 2 ** (-(100 - at) / half_life))
    names = [f"L{i:04}" for i in range(N)]
    events = tuple(event(t, KINDS[k], names[w]) for w, k, t in zip(who, kind, at, strict=True))
    world = World(tuple(lead(name) for name in names), events)
    return world, (rng.random(N) < expit(z - 1.5)).astype(np.int8)


def forward():
    return [Fold(np.arange(cut), np.arange(cut, cut + 200)) for cut in (500, 700)]


def test_planted_weights_and_half_life_are_found():
    world, label = planted(np.random.default_rng(1))
    histories = world.histories()
    seen = snapshots(histories, [(row["lead_id"], day(100)) for row in world.leads])
    counts = decayed_counts(histories, world.tables(), seen, KINDS, (5, 30, 180))
    found = learn_interest_weights(counts, label, forward(), KINDS, {})
    assert found.half_life_days == 30
    assert found.points == pytest.approx({"demo": 1.5, "visit": 0.5, "noise": 0.0}, abs=0.2)


def test_points_get_the_total_and_the_signs_of_the_configured_ones():
    rng = np.random.default_rng(2)
    counts = rng.poisson(1.0, (N, 3)).astype(float)
    label = (rng.random(N) < expit(counts @ [1.0, 1.0, 1.0] - 3)).astype(np.int8)
    configured = {"demo": 6.0, "visit": 2.0, "noise": -0.5}
    found = learn_interest_weights({7: counts, 30: counts / 2}, label, forward(), KINDS, configured)
    points = np.array(list(found.points.values()))
    assert points == pytest.approx([points[1], points[1], 0], rel=0.2)
    assert (counts @ points).sum() == pytest.approx((counts @ [6.0, 2.0, -0.5]).sum(), rel=1e-6)


def test_a_kind_that_hardly_occurs_gets_hardly_any_points():
    rng = np.random.default_rng(3)
    counts = np.column_stack([rng.poisson(1.0, N), np.arange(N) < 2]).astype(float)
    label = (rng.random(N) < expit(counts @ [1.0, 0.0] - 1)).astype(np.int8)
    label[:2] = 0
    found = learn_interest_weights({30: counts}, label, forward(), KINDS[:2], {"visit": -15.0})
    assert -0.5 < found.points["visit"] < 0


def test_outcomes_of_one_kind_are_refused():
    with pytest.raises(ValueError, match="both outcomes"):
        learn_interest_weights({7: np.ones((N, 3))}, np.zeros(N, np.int8), forward(), KINDS, {})

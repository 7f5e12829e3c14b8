"""The page of the benchmark of forecasts: shares held, ratios and widths by hand."""

from benchmarks.funnel import Check
from benchmarks.funnel_page import page
from training.evaluation import Estimate


def test_the_page_counts_intervals_that_held():
    checks = [
        Check("steady", 1, 12, "sql", 30, "stages", Estimate(10.0, 5.0, 15.0), 10),
        Check("steady", 2, 12, "sql", 30, "stages", Estimate(30.0, 25.0, 35.0), 10),
        Check("drifting", 3, 12, "won", 30, "model", Estimate(None, None, None), 10),
    ]
    text = page(checks, 6000)
    assert "| sql within 30 days, by stages | 2 | 1 of 2 (50%) | 2.00 | 50% | 100% |" in text
    assert "won within 30 days, by the model | 1 | no interval: too few past dates" in text

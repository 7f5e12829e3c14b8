"""Settings for all tests: property tests draw the same examples in every run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ripelead",
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("ripelead")

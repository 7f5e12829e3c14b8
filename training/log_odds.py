"""The logistic function and its inverse, of scipy, which is imported when something is scored: it takes long."""

from features.windows import Floats


def expit(log_odds: Floats) -> Floats:
    """Probabilities of log-odds."""
    from scipy import special

    return special.expit(log_odds)


def logit(probability: Floats) -> Floats:
    """Log-odds of probabilities; −∞ of 0 and ∞ of 1."""
    from scipy import special

    return special.logit(probability)

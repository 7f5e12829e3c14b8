"""Numbers as people read them: rates, multiples and ranges, the same in verdict, report and figures."""

from training.evaluation import Estimate


def percent(rate: float) -> str:
    """A rate as '9.1 %' below ten percent, '23 %' from there; what is not 0 or 1 is never shown as such.

    >>> percent(0.0912), percent(0.231), percent(0), percent(1)
    ('9.1 %', '23 %', '0 %', '100 %')
    >>> percent(0.0004), percent(0.9996)
    ('< 0.1 %', '> 99 %')
    """
    hundred = 100 * rate
    if rate > 0 and round(hundred, 1) == 0:
        return "< 0.1 %"
    if rate < 1 and round(hundred) >= 100:
        return "> 99 %"
    return f"{hundred:.1f} %" if 0 < round(abs(hundred), 1) < 10 else f"{hundred:.0f} %"


def percentage_points(difference: float) -> str:
    """A difference of two rates with its sign: '+4.2', '−0.3', '0.0'."""
    shown = round(100 * difference, 1)
    return f"{shown:+.1f}".replace("-", "−") if shown else "0.0"


def fixed(number: float, digits: int) -> str:
    """A number with so many decimals and a true minus sign."""
    return f"{number:.{digits}f}".replace("-", "−")


def percent_range(found: Estimate) -> str:
    """Value and interval of a rate: '23 % (21–25)'; 'not known' without a value."""
    if found.value is None:
        return "not known"
    if found.low is None or found.high is None:
        return percent(found.value)
    return f"{percent(found.value)} ({percent(found.low)[:-2]}–{percent(found.high)[:-2]})"


def number_range(found: Estimate, digits: int = 2) -> str:
    """Value and interval of a number: '0.81 (0.79–0.83)'; '–' without a value."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.{digits}f}"
    link = " to " if found.low < 0 else "–"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f}{link}{found.high:.{digits}f})".replace("-", "−")


def count(number: float) -> str:
    """A whole number with thousands separated: '12,480'."""
    return f"{round(number):,}"

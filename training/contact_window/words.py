"""What the examination found, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.contact_window.found import Clock, ClockName, ContactWindow, Wait

HOURS_A_DAY = 24
TITLES = {"creation": "After a lead was created", "interest": "After a lead last did something"}
NAMES = {"too_early": "too early", "now": "now", "going_cold": "going cold", "gone": "interest is gone"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the section of the report shows: `spans` are the waiting times of each clock in words."""

    found: ContactWindow
    half_life: str
    names: Mapping[str, str]
    titles: Mapping[str, str]
    spans: Mapping[ClockName, tuple[str, ...]]


def half_life_sentence(found: ContactWindow) -> str:
    """Which half-life tells wins best, and whether to change the configured one."""
    best, low = found.learned_half_life_days, found.gain.low
    if best == found.half_life_days:
        return "No other half-life that was tried tells wins better."
    if low is None or low <= 0:
        return f"One of {best} days tells wins no better than chance would have it."
    return f"One of {best} days tells wins better: [contact_window] half_life_days = {best}."


def duration(hours: int) -> str:
    """Whole days above one, else hours.

    >>> duration(4), duration(24), duration(72), duration(100)
    ('4 h', '24 h', '3 d', '100 h')
    """
    return f"{hours // HOURS_A_DAY} d" if hours > HOURS_A_DAY and hours % HOURS_A_DAY == 0 else f"{hours} h"


def span(wait: Wait) -> str:
    """A waiting time in words: `< 24 h`, `24 h–3 d`, `60 d and more`."""
    if wait.to_hours is None:
        return f"{duration(wait.from_hours)} and more"
    start = f"{duration(wait.from_hours)}–" if wait.from_hours else "< "
    return f"{start}{duration(wait.to_hours)}"


def wait_words(clock: Clock) -> str:
    """The picture in a sentence."""
    after = "creation" if clock.since == "creation" else "the lead last did something"
    return f"Chance of a win by how long after {after} the lead was contacted, as observed and with leads made alike."

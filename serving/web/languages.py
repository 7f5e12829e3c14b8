"""The language of a page for somebody of whom nothing is known yet."""

from serving.language.translations import LANGUAGES

_MOST = 20


def language_asked(accept_language: str) -> str:
    """The first of our languages in an Accept-Language header by its weights; English where it names none.

    >>> language_asked("sv, da-DK;q=0.8, de;q=0.9"), language_asked("*"), language_asked("x;q=y, da")
    ('de', 'en', 'da')
    """
    weighted = [_weighed(part) for part in accept_language.split(",")[:_MOST]]
    known = [(weight, name) for weight, name in weighted if name in LANGUAGES and weight > 0]
    return max(known, key=lambda pair: pair[0])[1] if known else LANGUAGES[0]


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = part.strip().lower().partition(";q=")
    try:
        return float(weight or 1), tag.partition("-")[0]
    except ValueError:
        return 0.0, ""

"""Translations: English messages in German and Danish from Babel catalogues, numbers as each language writes them.

English sentences stand in the code, as arguments of `text` or marked with `msg` and `msgs`, so that Babel finds them:
`pybabel extract -k text -k msg -k msgs:1,2 serving`. Each language's `ripelead.po` is read once a process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from math import floor, log10
from typing import TYPE_CHECKING, Any

from features.errors import ProjectFileError

if TYPE_CHECKING:
    from gettext import NullTranslations

    from babel import Locale

DOMAIN = "ripelead"
SECONDS_A_MINUTE, SECONDS_AN_HOUR = 60, 3600
LARGEST = 1e15
"""Numbers from here on are written with a power of ten."""


class Language(StrEnum):
    """Languages of the sentences."""

    en = "en"
    de = "de"
    da = "da"


LANGUAGES = tuple(map(str, Language))


@dataclass(frozen=True, slots=True)
class Counted:
    """A message for one thing and for several."""

    one: str
    many: str


def msg(text: str) -> str:
    """`text` itself, marked as a message of the catalogues."""
    return text


def msgs(one: str, many: str) -> Counted:
    """A message with a plural, marked as a message of the catalogues."""
    return Counted(one, many)


@dataclass(frozen=True, slots=True)
class Translation:
    """Messages and numbers in one language; made by `translation_to`."""

    language: str
    locale: "Locale" = field(repr=False)
    messages: "NullTranslations" = field(repr=False)
    signs: Mapping[int, str] = field(repr=False)
    """What stands for the thousands' comma, the point and the minus of English numbers."""

    def text(self, message: str, **values: object) -> str:
        """`message` in this language, its `{placeholders}` filled in; values are never read as a format."""
        return self.messages.gettext(message).format(**values)

    def counted(self, message: Counted, n: float, **values: object) -> str:
        """The form of `message` for `n` things, with `n` filled in as a number of this language."""
        whole = int(n) if n == int(n) else 2  # "1.5 days"
        chosen = self.messages.ngettext(message.one, message.many, abs(whole))
        return chosen.format(n=self.number(n), **values)

    def number(self, value: float) -> str:
        """A number with three significant digits, whole from 100 on: `1,234`, `1.25`; German and Danish `1.234`."""
        if abs(value) >= LARGEST:
            return f"{value:.3g}"
        if value == int(value) or abs(value) >= 100:
            return f"{value:,.0f}".translate(self.signs)
        places = 2 - floor(log10(abs(value)))
        return f"{value:.{places}f}".rstrip("0").rstrip(".").translate(self.signs)

    def multiple(self, ratio: float) -> str:
        """A ratio with two significant digits: `2.4`, `0.35`, `12`."""
        places = max(1 - floor(log10(ratio)), 0) if ratio > 0 else 0
        return f"{ratio:,.{places}f}".translate(self.signs)

    def percent(self, share: float) -> str:
        """A share of 1 in whole percent."""
        pattern: str = self.locale.percent_formats[None].pattern
        return pattern.replace("#,##0", self.number(round(100 * share)))

    def duration(self, seconds: float) -> str:
        """Seconds below a minute, whole minutes below an hour, else hours."""
        from babel.units import format_unit

        if round(seconds) < SECONDS_A_MINUTE:
            return str(format_unit(round(seconds), "duration-second", locale=self.locale))
        if round(seconds / SECONDS_A_MINUTE) < SECONDS_A_MINUTE:
            return str(format_unit(round(seconds / SECONDS_A_MINUTE), "duration-minute", locale=self.locale))
        hours = seconds / SECONDS_AN_HOUR
        pattern = None if hours < LARGEST else "0E0"
        return str(
            format_unit(round(hours, 1 if hours < 10 else 0), "duration-hour", locale=self.locale, format=pattern)
        )

    def month_of_year(self, text: str) -> str:
        """A month such as `2026-09` in words: `September 2026`."""
        from babel.dates import format_date

        return str(format_date(date.fromisoformat(f"{text}-01"), "MMMM y", locale=self.locale))

    def weekday(self, number: int) -> str:
        """Name of a weekday, 0 Monday … 6 Sunday."""
        return str(self.locale.days["stand-alone"]["wide"][number])

    def month(self, number: int) -> str:
        """Name of a month, 1 … 12."""
        return str(self.locale.months["stand-alone"]["wide"][number])


@cache
def translation_to(language: str) -> Translation:
    """Translation to one of `LANGUAGES`.

    Raises:
        ProjectFileError: another language.
    """
    from gettext import NullTranslations

    from babel import Locale
    from babel.numbers import get_decimal_symbol, get_group_symbol, get_minus_sign_symbol

    if language not in LANGUAGES:
        raise ProjectFileError(f"language {language!r}: expected one of {', '.join(LANGUAGES)}")
    messages = NullTranslations() if language == "en" else _read(language)
    locale = Locale.parse(language)
    signs = {",": get_group_symbol(locale), ".": get_decimal_symbol(locale), "-": get_minus_sign_symbol(locale)}
    return Translation(language, locale, messages, str.maketrans(signs))


def catalogue_of(language: str) -> Any:  # noqa: ANN401 - Babel's catalogue, which has no types here
    """The Babel catalogue of a language other than English, as it stands in its `.po` file."""
    from importlib.resources import files  # also where the package is an archive, as on Spark executors

    from babel.messages.pofile import read_po

    with (files("serving.language") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


def _read(language: str) -> "NullTranslations":
    from gettext import GNUTranslations
    from io import BytesIO

    from babel.messages.mofile import write_mo

    compiled = BytesIO()
    write_mo(compiled, catalogue_of(language))
    compiled.seek(0)
    return GNUTranslations(compiled)

"""Titles: the authority and the buying-team role that a job title says, in English, German and Danish.

The vocabulary is data, `titles.toml`; a title that it does not know is unknown, never a guess.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from features.windows import Ints

Grade = Literal["decides", "influences", "works_on_it", "unknown"]
Role = Literal["purchaser", "specialist", "team_lead", "production_manager", "management"]
Standing = Literal["current", "former", "student", "freelance", "outside"]
GRADES: tuple[Grade, ...] = ("unknown", "works_on_it", "influences", "decides")
LONGEST = 200
_GENDERS = re.compile(
    r"\((?:[mwfdx]\s*[/|,]\s*)+[mwfdx]\)|\(all genders\)|(?<=\w)(?:[:*_·]|/-?)(?:in(?:nen)?|[rne])\b|\(in\)"
)
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
_CLAUSE = re.compile(r"([,;|/•–()]+)")
_AND = re.compile(r"\s(?:and|und|og|&|\+)\s|[&+]")
_TRAINED_ON = "student job"


@dataclass(frozen=True, slots=True)
class Title:
    """What a title says; `rule` names the rule of the vocabulary that said it, for people to check."""

    grade: Grade
    role: Role | None = None
    standing: Standing = "current"
    rule: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    grade: Grade
    role: Role | None
    standing: Standing
    carries: bool
    words: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    rules: tuple[_Rule, ...]
    standing: tuple[tuple[Standing, re.Pattern[str]], ...]
    functions: tuple[tuple[Role, re.Pattern[str]], ...]


UNKNOWN = Title("unknown")


def title_of(text: str | None) -> Title:
    """What a job title says.

    Of several jobs in one title ("Owner / Managing Director") the one with the most authority counts.

    >>> title_of("Leiterin Einkauf (m/w/d)")
    Title(grade='decides', role='purchaser', standing='current', rule='heads a function')
    >>> title_of("Assistenz der Geschäftsführung").grade, title_of("Former CEO").grade, title_of("Ninja").grade
    ('works_on_it', 'unknown', 'unknown')
    """
    return _title_of(text[:LONGEST]) if text else UNKNOWN


def titles_of(titles: pd.Series) -> tuple[Ints, tuple[Title, ...]]:
    """The number of each row's title in the tuple of different ones; each is read once."""
    code, different = pd.factorize(titles)
    return code.astype(np.int64), (*(title_of(str(text)) for text in different), UNKNOWN)


@lru_cache(2**14)
def _title_of(text: str) -> Title:
    best, carried = UNKNOWN, False
    for separator, clause in _clauses(_plain(text)):
        carried &= separator.startswith(",")
        for found, carries in _of_clause(clause, assists=carried):
            carried |= carries
            best = max(best, found, key=_rank)
    return best


def _rank(title: Title) -> tuple[int, bool]:
    """Authority first; that somebody has left or studies is worth knowing where nothing else is."""
    return GRADES.index(title.grade), title.standing != "current"


def _plain(text: str) -> str:
    """Lower case without accents, gender marks and dots."""
    composed = unicodedata.normalize("NFC", text).lower()
    spelled = _GENDERS.sub("", composed).translate(_SPELLED)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(sign))
    return re.sub(r"[.’'\"`]", " ", bare)


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    pieces = ["", *_CLAUSE.split(text)]
    yield from zip(pieces[::2], pieces[1::2], strict=True)


def _of_clause(clause: str, *, assists: bool) -> Iterator[tuple[Title, bool]]:
    """What each job of a clause says, and whether what follows it is somebody else's job."""
    vocabulary = _vocabulary()
    for item in _AND.split(clause):
        words = f" {' '.join(re.findall(r'[a-z0-9]+', item))} "
        rule = next((rule for rule in vocabulary.rules if _fits(rule, words)), None)
        if standing := _left(vocabulary, words, rule):
            yield Title("unknown", standing=standing, rule=standing), False
            return
        if rule is None or (assists and rule.grade != "works_on_it"):
            continue
        yield Title(rule.grade, _role(vocabulary, words, rule), rule.standing, rule.name), rule.carries
        assists |= rule.carries


def _fits(rule: _Rule, words: str) -> bool:
    return bool(rule.words.search(words)) and not (rule.unless and rule.unless.search(words))


def _left(vocabulary: _Vocabulary, words: str, rule: _Rule | None) -> Standing | None:
    if rule is not None and rule.name == _TRAINED_ON:
        return None
    return next((standing for standing, pattern in vocabulary.standing if pattern.search(words)), None)


def _role(vocabulary: _Vocabulary, words: str, rule: _Rule) -> Role | None:
    if rule.role == "management" or rule.carries:
        return rule.role
    of_function = next((role for role, pattern in vocabulary.functions if pattern.search(words)), None)
    if of_function == "production_manager" and rule.grade == "works_on_it":
        of_function = None
    return of_function or rule.role or ("management" if rule.grade == "decides" else None)


@cache
def _vocabulary() -> _Vocabulary:
    text = (resources.files("features") / "titles.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    return _Vocabulary(
        rules=tuple(_rule(rule) for rule in given["rules"]),
        standing=tuple((cast(Standing, name), _pattern(words)) for name, words in given["standing"].items()),
        functions=tuple((cast(Role, name), _pattern(words)) for name, words in given["functions"].items()),
    )


def _rule(given: dict[str, Any]) -> _Rule:
    return _Rule(
        name=given["name"],
        grade=given["grade"],
        role=given.get("role"),
        standing=given.get("standing", "current"),
        carries=given.get("carries", False),
        words=_pattern(given["words"]),
        unless=_pattern(given["unless"]) if "unless" in given else None,
    )


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words as a whole word, in the female form too; a star is any letters of the same word."""
    any_of = "|".join(re.escape(word).replace(r"\*", "[a-z0-9]*").replace(r"\ ", " ") for word in words)
    return re.compile(f" (?:{any_of})(?:in|innen)? ")

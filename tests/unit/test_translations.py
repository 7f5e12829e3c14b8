"""Catalogues: complete, without stale entries, placeholders as in English; numbers as each language writes them."""

from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.numbers import format_decimal

import serving
from features.errors import ProjectFileError
from serving.language.translations import LANGUAGES, Counted, catalogue_of, translation_to

OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def in_code():
    # In the store `text` is SQL.
    kinds = [("store/**.py", "ignore"), ("**.py", "python"), ("web/templates/**.html", "jinja2")]
    found = extract_from_dir(Path(serving.__file__).parent, kinds, keywords={"text": None, "msg": None, "msgs": (1, 2)})
    return {message for _, _, message, _, _ in found}


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_no_entry_is_stale(language, in_code):
    catalogue = [message for message in catalogue_of(language) if message.id]
    entries = {tuple(m.id) if isinstance(m.id, list | tuple) else m.id: m.string for m in catalogue}
    assert set(entries) == in_code
    assert not [message.id for message in catalogue if message.fuzzy]
    assert not catalogue_of(language).obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_all_plurals_and_the_same_placeholders(language):
    catalogue = catalogue_of(language)
    for message in catalogue:
        if not message.id:
            continue
        plural = isinstance(message.id, list | tuple)
        texts = message.string if plural else (message.string,)
        assert len(texts) == (catalogue.num_plurals if plural else 1)
        assert all(text.strip() for text in texts), message.id
        wanted = placeholders(message.id[-1] if plural else message.id)
        assert placeholders(texts[-1]) == wanted, message.id
        assert placeholders(texts[0]) <= wanted, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_zero_and_several_have_the_plural(language):
    things = Counted("{n} visit", "{n} visits")
    one, several = {"en": ("visit", "visits"), "de": ("Besuch", "Besuche"), "da": ("besøg", "besøg")}[language]
    to = translation_to(language)
    assert [to.counted(things, n).split()[1] for n in (0, 1, 2, 1.5, 21)] == [several, one, several, several, several]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [0, 7, -3, 999, 1234, 1_234_567, 12.5, -0.25, 3.14, 0.00123])
def test_numbers_are_those_of_babel(language, value):
    pattern = "#,##0" if value == int(value) else "0.#####"
    assert translation_to(language).number(value) == format_decimal(value, pattern, locale=language)


def test_amounts_by_hand():
    de, da, en = (translation_to(language) for language in ("de", "da", "en"))
    assert (de.number(12345.6), da.number(1e16), en.number(1e16)) == ("12.346", "1e+16", "1e+16")
    assert (de.multiple(2.4), da.multiple(12.3), en.multiple(0.35)) == ("2,4", "12", "0.35")
    assert (en.duration(59.6), de.duration(3599), da.duration(36_000)) == ("1 minute", "1 Stunde", "10 timer")
    assert (en.percent(0.825), de.percent(0.825)) == ("82%", "82\u00a0%")


def test_another_language_is_refused():
    with pytest.raises(ProjectFileError, match="language 'fr': expected one of en, de, da"):
        translation_to("fr")


def test_a_catalogue_is_read_once():
    assert translation_to("de") is translation_to("de")

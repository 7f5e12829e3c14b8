"""Words and numbers of the pages, as a language writes them."""

import pytest

from serving.language.page_words import group
from serving.language.translations import translation_to


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("en", "0.6–0.8 %", "0.6–0.8%"),
        ("de", "14.4–32.0 %", "14,4–32,0\xa0%"),
        ("da", "0.6–0.8 %", "0,6–0,8\xa0%"),
        ("de", "2025-06", "2025-06"),
        ("de", "v1.2–v1.3 %", "v1.2–v1.3 %"),
    ],
)
def test_ranges_of_percentages_are_written_as_the_language_does(language, name, said):
    assert group(translation_to(language), name) == said

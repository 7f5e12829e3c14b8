"""Text of the customer's own data, made fit for a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.language.plain_text import MOST, capitalised, one_line, spoken


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Trade \t fair\r\n2026 ", "Trade fair 2026"),
        ("a\u2028b\u2029c\x85d\x00e", "a b c d e"),
        ("abc\u202edef\u2066\u200f", "abcdef"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800broken", "broken"),
        ("", "?"),
        ("\u202e\x00", "?"),
        ("x" * 100, "x" * (MOST - 1) + "…"),
    ],
)
def test_one_line(text, line):
    assert one_line(text) == line


@given(st.text(st.characters()))
def test_one_line_is_short_single_and_writable(text):
    line = one_line(text)
    assert 1 <= len(line) <= MOST
    assert len(line.splitlines()) == 1
    assert one_line(line) == line
    line.encode()


def test_a_megabyte_costs_nothing():
    assert one_line("y" * 10_000_000).endswith("…")


def test_words_from_names():
    assert spoken("it_services") == "it services"
    assert spoken("IT_services") == "IT_services"
    assert capitalised("øl") == "Øl"
    assert capitalised("") == ""

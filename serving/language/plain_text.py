"""Plain text: names and values of the customer's own data made fit to stand in a sentence."""

import re
import unicodedata

MOST = 60
"""Characters of a name or value in a sentence; more is cut."""
UNNAMED = "?"
_SNAKE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
_JOINERS = "‌‍"  # without them Persian words fall apart, and pictures of several signs


def one_line(text: str, most: int = MOST) -> str:
    """`text` on one line: without control and direction characters, white space as one blank each, cut at `most`.

    >>> one_line("Trade\\nfair\\u202e 2026")
    'Trade fair 2026'
    >>> one_line("abcdefgh", 5)
    'abcd…'
    """
    # Far more than can be shown is not looked at: a cell of megabytes costs nothing.
    line = text[: 8 * most]
    if not line.isprintable():  # most are, and have nothing to leave out
        line = "".join(_kept(character) for character in line)
    line = " ".join(line.split())
    return (line if len(line) <= most else line[: most - 1].rstrip() + "…") or UNNAMED


def spoken(name: str) -> str:
    """A name of the data in words: `it_services` as "it services"; anything else as it stands.

    >>> spoken("demo_requested"), spoken("SAP_R3")
    ('demo requested', 'SAP_R3')
    """
    line = one_line(name)
    return line.replace("_", " ") if _SNAKE.fullmatch(line) else line


def capitalised(sentence: str) -> str:
    """`sentence` with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def _kept(character: str) -> str:
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs") else character

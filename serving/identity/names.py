"""Names of users: one spelling each, so that nobody can be mistaken for somebody else."""

import re
import unicodedata

MOST = 100
_SIGNS = re.compile(r"[\w.@+-]+")


def user_name(text: str) -> str:
    """The one spelling of a user's name: NFKC, lower case, without spaces around it.

    Raises:
        ValueError: empty, too long, or with other characters than letters, digits and . _ @ + -.

    >>> user_name(" Ann@Example.COM ")
    'ann@example.com'
    """
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())
    if not _SIGNS.fullmatch(name) or len(name) > MOST:
        raise ValueError(f"expected a name of 1 to {MOST} letters, digits and . _ @ + -, such as ann@example.com")
    return name

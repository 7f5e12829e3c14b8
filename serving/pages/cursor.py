"""Cursors: the place after which the next page begins, as a text for an address."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import get_args

from features.errors import InputContractError
from serving.store.lead_keys import Key, Sort

_NUMBERS: tuple[Sort, ...] = tuple(sort for sort in get_args(Sort) if sort != "company")


def cursor_of(sort: Sort, key: Key) -> str:
    """The place after a key of an order.

    >>> cursor_of("score", (61, "L7"))
    'WyJzY29yZSIsIDYxLCAiTDciXQ'
    """
    return urlsafe_b64encode(json.dumps([sort, *key]).encode()).decode().rstrip("=")


def key_of(sort: Sort, cursor: str) -> Key:
    """The key that a cursor of this order names.

    Raises:
        InputContractError: it is none, or of another order.
    """
    try:
        found = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        its_sort, value, lead_id = found
        text = f"{value}{lead_id}"
        text.encode()  # half of a surrogate pair is no text that a store could hold
    except (ValueError, TypeError):
        raise _unknown(cursor) from None
    kind = (int, float) if sort in _NUMBERS else (str,)
    if its_sort != sort or type(value) not in kind or type(lead_id) is not str or "\0" in text:
        raise _unknown(cursor)
    return value, lead_id


def _unknown(cursor: str) -> InputContractError:
    return InputContractError(f"after: expected the `next` of a page of this order, got {cursor[:80]!r}")

"""LightGBM without its classes for scikit-learn, which nobody here uses: their import costs a second."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "sklearn"


@contextmanager
def without_sklearn() -> Iterator[None]:
    """Inside, libraries that are imported find no scikit-learn, and leave out what they have for it.

    For commands and servers only: who works with LightGBM's own classifiers in the same process would miss them. A
    process that has imported scikit-learn already is left as it is.
    """
    hidden = NAME not in sys.modules
    if hidden:
        sys.modules[NAME] = None  # type: ignore[assignment]  # Python's own way to say that it is not to be had
    try:
        yield
    finally:
        if hidden:
            del sys.modules[NAME]

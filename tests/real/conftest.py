"""The folder with the public data sets: without it these tests skip, but never on CI."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from benchmarks.real import CASES, VARIABLE, Result, measure


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get(VARIABLE)
    if folder and Path(folder).is_dir():
        return Path(folder)
    reason = f"{VARIABLE} does not name a folder (got {folder!r}): set it to the one with the public data sets"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def measured(data: Path) -> Callable[[str], Result]:
    """Measures a case by name, once per session."""
    by_name = {case.name: case for case in CASES}
    return cache(lambda name: measure(by_name[name], data))

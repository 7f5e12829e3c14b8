import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import serving.pages

TEXT = (Path(__file__).parents[2] / "docs" / "page-contexts.md").read_text(encoding="utf-8")
INNER = {
    *(
        "Counted",
        "Sparkline",
        "Reader",
        "Telling",
        "Ground",
        "Found",
        "Packing",
        "Model",
        "Past",
        "Plot",
        "Mark",
        "Tick",
        "Dot",
        "Happened",
        "History",
        "Around",
    )
}
"""What pages are made with beside what is asked for, but do not show."""


def contexts():
    modules = [import_module(f"serving.pages.{one.name}") for one in iter_modules(serving.pages.__path__)]
    own = [(m, c) for m in modules for c in vars(m).values() if is_dataclass(c) and c.__module__ == m.__name__]
    return {
        c.__name__: [f.name for f in fields(c)]
        for _, c in own
        if c.__name__ not in INNER and not c.__name__.startswith("Asked")
    }


def test_the_documented_contexts_are_those_of_the_code():
    sections = re.split(r"^### ", TEXT, flags=re.M)[1:]
    documented = {re.match(r"`(\w+)`", s)[1]: re.findall(r"^\| `(\w+)` \|", s, flags=re.M) for s in sections}
    assert documented == contexts()

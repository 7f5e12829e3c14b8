import re
from pathlib import Path

from serving.nurture.next_content import LISTED

TEXT = (Path(__file__).parents[2] / "docs" / "nurture.md").read_text(encoding="utf-8")


def test_every_column_of_the_offers_is_named():
    assert ", ".join(LISTED.names) in re.sub(r",\s+", ", ", TEXT)

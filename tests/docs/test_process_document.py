import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "process.md").read_text(encoding="utf-8")
ROWS = {f"M{n}" for n in range(1, 28)}


def rows_of(cell: str) -> set[str]:
    """`M4` or `M13–M18` as rows."""
    first, *last = (int(number) for number in re.findall(r"\d+", cell))
    return {f"M{n}" for n in range(first, (last or [first])[0] + 1)}


def test_every_row_of_the_source_documents_is_listed_once():
    listed = [row for cell in re.findall(r"^\| (M[\d–M]+) \|", TEXT, flags=re.M) for row in rows_of(cell)]
    assert sorted(listed) == sorted(ROWS)
    assert "planned" not in TEXT


def test_every_row_has_a_test_of_its_name():
    named = {
        f"M{int(number)}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for line in re.findall(r"^def test_m\d.*", path.read_text(encoding="utf-8"), flags=re.M)
        for number in re.findall(r"(?<=_m)\d\d(?=_)", line)
    }
    assert named >= ROWS

"""The worked stories of the source documents (rows M20 and M21): from raw events to the hand-over."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from handovers import handed_over
from trained import command

from serving.handover.as_json import handover_from_json

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "stories.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL)


def commands(story):
    """Commands of a story with the output that the document shows for each."""
    parts = re.split(r"^\$ ripelead (.*)\n", "".join(BLOCKS), flags=re.MULTILINE)[1:]
    return [(line, shown) for line, shown in zip(parts[::2], parts[1::2], strict=True) if story in line]


def told(story, example, folder, capsys):
    """Run the commands of a story on a copy of its project; whatever the document shows must be printed, in order."""
    shutil.copytree(ROOT / "examples" / "stories" / example, folder / story)
    for line, shown in commands(story):
        arguments = shlex.split(line.replace(story, str(folder / story)))
        capsys.readouterr()
        assert command(*arguments) == 0
        printed = capsys.readouterr().out.replace(str(folder / story), story)
        position = 0
        for piece in re.split(r"^…\n", shown, flags=re.MULTILINE):
            assert piece in printed[position:], line
            position = printed.index(piece, position) + len(piece)
    return folder / story


def test_m20_ebook_newsletter_social_media_accepted_by_sales_and_qualified(tmp_path, capsys):
    story = told("story-a", "ebook", tmp_path, capsys)
    found = handover_from_json(handed_over(story, lead="A-17", as_of="2026-03-25T08:00:00"))
    assert (found.standing.stage, found.standing.owner) == ("sql", "Jonas")
    assert found.frameworks[0].outcome == "met"
    assert [one.kind for one in found.content][-2:] == ["content_download", "article_view"]


def test_m21_webinar_need_budget_introduction_to_the_cfo_and_contract_review(tmp_path, capsys):
    story = told("story-b", "introduction", tmp_path, capsys)
    found = handover_from_json(handed_over(story, lead="B-04", as_of="2026-05-22T12:00:00"))
    evidence = {one.name: one.evidence for one in found.frameworks[0].criteria}
    assert (found.standing.stage, evidence["budget"][0].amount, evidence["budget"][0].note) == (
        "sql",
        10000,
        "EUR, for Q3",
    )
    assert f"{evidence['authority'][0].at:%Y-%m-%d}" == "2026-05-21"
    assert {member.role for member in found.team.members} == {"team_lead", "management"}


def test_m20_no_page_of_the_story_sees_what_comes_later(tmp_path):
    story = shutil.copytree(ROOT / "examples" / "stories" / "ebook", tmp_path / "story-a")
    early = handover_from_json(handed_over(story, lead="A-17", as_of="2026-03-05T00:00:00"))
    assert (early.standing.stage, early.points.total) == ("lead", 16)
    assert max(one.at for one in early.timeline) < early.as_of


@pytest.mark.parametrize("story", ["story-a", "story-b"])
def test_the_document_tells_both_stories(story):
    assert len(commands(story)) > 3

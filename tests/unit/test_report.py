import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from holdouts import synthetic_holdout

from training.canvas import svg
from training.evaluate import evaluate
from training.evaluation import DESCRIBES
from training.figures import Beeswarm, beeswarm_figure, draw_figures, save_png
from training.report import Facts, FeatureFact, FoldFact, render_report, tiles

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "br", "img", "link", "input", "hr"}


def evaluated(holdout):
    rng = np.random.default_rng(0)
    return evaluate(holdout, groups=None, train_base_rate=0.14, capacity_share=0.2, rng=rng)


def facts(**changes):
    day = datetime(2026, 1, 1, tzinfo=UTC)
    known = Facts(
        project="Acme",
        data_end=datetime(2026, 6, 30, tzinfo=UTC),
        outcome="a deal won within 90 days",
        n_train=12_345,
        folds=(FoldFact("holdout", day, day, day, None, 12_345, 600),),
        gap_days=90,
        dropped={"horizon not over": 77},
        features=(FeatureFact("webinars_attended_30d", "Webinars attended, 30 days", "Interest", 2.5),),
        parameters={"max_depth": 4},
        bundle_id="0123456789abcdef",
        fingerprints={"Data": "fedcba"},
        notes=("128 rows quarantined",),
    )
    return replace(known, **changes)


def swarm(n=40, names=("Pricing pages viewed", "Source")):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.integers(0, 5, n).astype(float), np.full(n, np.nan)])
    return Beeswarm(rng.normal(size=(n, 2)), values, names)


@pytest.fixture(scope="module")
def case():
    holdout = synthetic_holdout(600)
    found = evaluated(holdout)
    return holdout, found, draw_figures(holdout, found, swarm())


@pytest.fixture(scope="module")
def page(case):
    _, found, figures = case
    return render_report(found, figures, facts())


class Tags(HTMLParser):
    """Collects ids and checks that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    tags = Tags()
    tags.feed(page)
    return tags


def test_every_figure_is_well_formed_and_the_same_each_time(case):
    holdout, found, figures = case
    names = ("gain", "lift", "precision", "reliability", "months", "scores", "quadrants", "beeswarm")
    assert tuple(figures) == names
    for text in figures.values():
        ET.fromstring(text)
    assert draw_figures(holdout, found, swarm()) == figures


def test_the_beeswarm_shows_names_as_they_are():
    text = svg("beeswarm", lambda: beeswarm_figure(swarm(names=(EVIL, "Spend in $ per seat_$"))))
    assert "&lt;script&gt;" in text
    assert EVIL not in text
    assert "Spend in $ per seat_$" in text


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.zeros((1, 2)), np.zeros((5, 2))])
def test_a_beeswarm_of_nothing_is_drawn(points):
    empty = Beeswarm(points, points, ("a", "b" * 200))
    assert "b" * 47 + "…" in svg("beeswarm", lambda: beeswarm_figure(empty))


def test_the_png_is_large_enough_for_the_readme(case, tmp_path):
    _, found, _ = case
    save_png(found, tmp_path / "gain.png")
    header = (tmp_path / "gain.png").read_bytes()[:24]
    width, height = int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
    assert (width, height) == (1280, 900)


def test_the_page_is_whole_and_asks_for_nothing(page):
    tags = parsed(page)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)
    assert "<script" not in page
    assert not re.search(r"@import|url\((?!#)", page)


def test_every_reference_of_the_page_has_its_target(page):
    tags = parsed(page)
    used = set(re.findall(r"url\(#([^)]+)\)", page)) | {a[1:] for a in tags.addresses if a.startswith("#")}
    assert used <= set(tags.ids)


def test_the_page_says_the_verdict_and_which_model_it_is_about(case, page):
    _, found, _ = case
    plain = page.replace("\u00a0", " ")
    assert found.verdict.headline in plain
    assert DESCRIBES in plain


def test_facts_are_on_the_page(page):
    for told in ("Acme", "2026-06-30", "12,345", "webinars_attended_30d", "horizon not over", "max_depth", "fedcba"):
        assert told in page


@pytest.mark.parametrize(
    "changes",
    [
        {"project": EVIL},
        {"features": (FeatureFact(EVIL, EVIL, EVIL, 1.0),)},
        {"notes": (EVIL,)},
        {"dropped": {EVIL: 1}},
        {"parameters": {EVIL: EVIL}},
        {"fingerprints": {EVIL: EVIL}},
        {"outcome": EVIL, "bundle_id": EVIL},
    ],
)
def test_untrusted_texts_are_escaped(case, changes):
    page = render_report(case[1], {}, facts(**changes))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_drifted_world_is_warned_of_on_the_first_screen():
    found = evaluated(synthetic_holdout(3000, drift=-1.0))
    page = render_report(found, {}, facts())
    assert 0 < page.index("Calibration moved") < page.index('id="rules"')
    assert "Not at their face value" in page


@pytest.mark.parametrize(
    "holdout",
    [
        synthetic_holdout(1),
        synthetic_holdout(20),
        synthetic_holdout(100).assign(label=0),
        synthetic_holdout(100).assign(label=1),
        synthetic_holdout(200, evidence=False).assign(points=0.0, logistic=np.nan, as_of=pd.NaT),
        synthetic_holdout(200).assign(propensity=0.1),
    ],
    ids=["one row", "20 rows", "no wins", "all won", "no rules", "all tied"],
)
def test_degenerate_evaluations_have_a_page(holdout):
    found = evaluated(holdout)
    page = render_report(found, draw_figures(holdout, found), facts(data_end=None, gap_days=None, features=()))
    assert parsed(page).open == []
    assert "None" not in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


def test_the_tiles_are_the_numbers_of_the_evaluation(case):
    _, found, _ = case
    shown = {tile.title: tile.value for tile in tiles(found)}
    at, rate = found.systems["model"].precision_at_capacity.value, found.calibration.observed.value
    assert shown["Working the top 20 % finds"] == f"{100 * at * 0.2 / rate:.0f} %"
    row = found.equal_volume[0]
    assert shown["Wins found at BANT's volume"] == f"{row.model_precision.value * row.count:.0f}"


def test_without_rules_the_lift_takes_their_place():
    found = evaluated(synthetic_holdout(300, evidence=False).assign(points=1.0))
    assert next(tile.title for tile in tiles(found)) == "Wins in the top 10 %"

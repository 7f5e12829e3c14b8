"""Sections of the report on periods, segments and more data: hostile names, and what is shown when little is known."""

import json

import numpy as np
from holdouts import synthetic_holdout
from test_report import EVIL, evaluated, facts
from test_walk_forward_words import period

from training.evaluation import NOTHING, Estimate
from training.learning_curve.figures import curve
from training.learning_curve.found import CURVE_SCHEMA, Growth, LearningCurve, Size
from training.report import render_report
from training.sections import Picture, Section
from training.segments.found import SEGMENTS_SCHEMA, Segments
from training.segments.groups import Grouping
from training.segments.measure import Judged, measured
from training.segments.run import section_of
from training.segments.words import headline, sentences
from training.walk_forward.figures import timeline

HOSTILE = (EVIL, "$x_1^2$ & \"quoted\" 'name' " * 9)


def page(section):
    return render_report(evaluated(synthetic_holdout(300)), {}, facts(), [section])


def hostile_segments():
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.05, 0.6, 2000)
    judged = Judged((rng.random(2000) < probability).astype(np.int64), probability, np.arange(2000), 0.5)
    attributes = measured(judged, [Grouping(EVIL, False, HOSTILE, np.arange(2000) % 2)], rng)
    return Segments(SEGMENTS_SCHEMA, 0.9, 200, 2, attributes, headline(attributes), sentences(attributes))


def test_hostile_names_of_segments_stay_text_in_page_and_picture():
    shown = page(section_of(hostile_segments(), 0.3))
    assert "<script" not in shown
    assert "&lt;script" in shown
    assert shown.count("<svg") == 1


def sizes(*pr_auc):
    shares = (0.25, 0.5, 1.0)
    return tuple(
        Size(s, 1, round(1000 * s), 90, Estimate(v, v - 0.02, v + 0.02), NOTHING)
        for s, v in zip(shares, pr_auc, strict=True)
    )


def test_a_curve_is_drawn_as_far_as_twice_the_rows():
    growth = Growth("pr_auc", 0.5, 0.5, Estimate(0.03, 0.01, 0.05))
    found = LearningCurve(
        CURVE_SCHEMA, 0.9, 200, 50, sizes(0.3, 0.35, 0.4), None, NOTHING, (growth,), "More", ("Half",)
    )
    drawn = curve(found)
    assert ">2,000<" in drawn
    assert drawn == curve(found)
    section = Section(
        "more-data", "More?", "sections/learning_curve.html", found, {"curve": Picture(drawn, "A curve.")}
    )
    assert "<strong>More</strong>" in page(section)


def test_without_a_curve_the_section_says_why():
    found = LearningCurve(CURVE_SCHEMA, 0.9, 0, 50, (), None, NOTHING, (), "Too little.", ())
    shown = page(Section("more-data", "More?", "sections/learning_curve.html", found))
    assert "Too little." in shown
    assert "<svg" not in shown


def test_the_timeline_shows_years_of_the_data_and_is_the_same_every_time():
    drawn = timeline([period("fold 1"), period("holdout")])
    assert "1970" not in drawn
    assert ">holdout<" in drawn
    assert drawn == timeline([period("fold 1"), period("holdout")])


def test_segments_are_strict_json():
    from training.examine import strict_json

    content = json.loads(strict_json(hostile_segments()))
    assert content["attributes"][0]["segments"][0]["value"] == EVIL

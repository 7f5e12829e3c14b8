"""Literal timelines for each rule on the log, and random ones against the oracle."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from logs import ALL_OFF, KINDS, any_rules, at, expected, log_of, timelines

from features.hygiene import LOG_RULES, Unwanted, unwanted, without
from features.project import HygieneSettings


def judged(*timeline, **rules) -> Unwanted:
    return unwanted(log_of(timeline), KINDS, HygieneSettings(**rules))


def left_out(*timeline, **rules) -> list[bool]:
    return judged(*timeline, **rules).mask.tolist()


def test_an_answer_sooner_than_five_seconds_after_the_mail_is_a_scanner_s():
    mail, opened, click, read = (
        at(10, "email_sent"),
        at(11, "email_open"),
        at(14.9, "email_click"),
        at(15, "email_open"),
    )
    found = judged(mail, opened, click, read)
    assert found.mask.tolist() == [False, True, True, False]
    assert found.counts == dict.fromkeys(LOG_RULES, 0) | {"mail scanner": 2}


def test_a_click_at_the_time_of_the_mail_comes_after_it():
    assert left_out(at(10, "email_sent"), at(10, "email_click")) == [True, False]


def test_the_latest_mail_of_the_lead_counts():
    mails = at(10, "email_sent"), at(20, "email_sent", lead=1), at(30, "email_sent")
    assert left_out(*mails, at(21, "email_open"), at(31, "email_open")) == [False, False, False, True, False]


def test_mail_kinds_are_settings():
    assert left_out(at(10, "page_view"), at(11, "unsubscribe"), sent_kinds=["page_view"]) == [False, True]
    assert left_out(at(10, "email_sent"), at(11, "email_click"), click_kinds=[]) == [False, False]


def test_the_third_click_of_a_burst_and_all_later_ones_are_left_out():
    clicks = [at(seconds, "email_click", topic=n) for n, seconds in enumerate([1, 2, 3.9, 5.8, 7.8])]
    assert left_out(*clicks) == [False, False, True, True, False]


def test_clicks_of_two_leads_are_no_burst():
    assert not any(left_out(*(at(1 + n / 10, "email_click", lead=n) for n in range(3))))


def test_a_stream_of_clicks_is_not_left_out_as_a_whole():
    stream = [at(0.5 + second, "email_click") for second in range(180)]
    kept = np.flatnonzero(~judged(*stream, duplicate_seconds=0).mask)
    assert kept.tolist() == [0, 1, 60, 61, 120, 121]


def test_a_copy_within_a_second_is_left_out():
    assert left_out(at(1), at(1.2), at(2)) == [False, True, False]


@pytest.mark.parametrize("other", [{"topic": 3}, {"duration": 0}, {"duration": 8}, {"lead": 1}, {"kind": "email_open"}])
def test_what_differs_in_any_column_is_no_copy(other):
    assert left_out(at(1, duration=9), at(1, **{"duration": 9, **other})) == [False, False]


def test_a_stream_of_copies_keeps_one_in_each_window():
    stream = [at(0.5 + n / 2) for n in range(7)]
    assert left_out(*stream, duplicate_seconds=1.5) == [False, True, True, False, True, True, False]


def test_a_copy_of_what_was_left_out_counts():
    mail, scan, click = at(1, "email_sent"), at(5.9, "email_click"), at(6.1, "email_click")
    assert left_out(mail, scan, click) == [False, True, False]


def test_an_original_may_stand_before_others_of_its_time():
    views = [at(1, topic=n) for n in range(50)]
    assert left_out(*views, at(1.5, topic=0))[-1:] == [True]


@pytest.mark.parametrize("seconds", [0, 60, 3600, 86_399, 86_399.9, 899])
def test_times_that_may_be_rounded_are_left_alone(seconds):
    timeline = at(seconds, "email_sent"), at(seconds, "email_click"), at(seconds), at(seconds)
    assert not any(left_out(*timeline))
    assert sum(left_out(*timeline, exact_minutes=True)) == 2


def test_the_first_rule_that_hits_has_the_event():
    clicks = [at(n / 2, "email_click") for n in range(1, 5)]
    counts = judged(at(0.4, "email_sent"), *clicks).counts
    assert counts == dict.fromkeys(LOG_RULES, 0) | {"mail scanner": 4}


def test_an_answer_before_any_mail_is_left_out_where_asked():
    timeline = at(1, "email_click"), at(10, "email_sent"), at(30, "email_click")
    assert left_out(*timeline) == [False, False, False]
    assert left_out(*timeline, mail_before_answer=True) == [True, False, False]


@settings(max_examples=200)
@given(timelines, any_rules)
def test_oracle(timeline, rules):
    found, rule = unwanted(log_of(timeline), KINDS, rules), expected(timeline, rules)
    assert found.mask.tolist() == [name is not None for name in rule]
    assert found.counts == {name: Counter(rule)[name] for name in LOG_RULES}


@given(timelines)
def test_nothing_is_left_out_when_all_is_off(timeline):
    assert not any(left_out(*timeline, enabled=False, mail_before_answer=True))
    assert not any(left_out(*timeline, **ALL_OFF))


@given(timelines, any_rules)
def test_each_lead_alone_is_as_in_the_batch(timeline, rules):
    alone = [unwanted(log_of([e for e in timeline if e.lead == lead]), KINDS, rules).mask for lead in range(3)]
    assert np.concatenate(alone).tolist() == unwanted(log_of(timeline), KINDS, rules).mask.tolist()


def test_a_log_without_what_is_left_out():
    log = log_of([at(1), at(2, lead=1), at(3, lead=1), at(4, lead=2)])
    kept = without(log, np.array([True, False, True, False]))
    assert kept.start.tolist() == [0, 0, 1, 2]
    assert kept.time.tolist() == log.time[[1, 3]].tolist()
    assert without(log, np.zeros(4, bool)) is log


def test_a_log_without_events_or_kinds():
    assert not unwanted(log_of([]), (), HygieneSettings()).mask.size


def test_owners_with_several_leads_are_refused():
    log = log_of([at(1), at(2, lead=1)])
    object.__setattr__(log, "start", np.array([0, 2]))
    with pytest.raises(ValueError, match="owners are single leads"):
        unwanted(log, KINDS, HygieneSettings())


def test_settings_go_through_json():
    rules = HygieneSettings(scanner_seconds=20, internal_domains=("acme.com",))
    assert HygieneSettings.model_validate(json.loads(json.dumps(rules.model_dump()))) == rules

"""Tuning: inside the explanation budget and the training rows, bounded, and the same after a kill as without."""

import json
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import lesson, task
from projects import CLOCK, write_project

from features.errors import ProjectFileError
from features.tables import read_tables
from training.boosting import OutOfFold
from training.dataset import load_dataset
from training.evaluation import Estimate
from training.settings import ModelSettings, read_training_settings
from training.tuning.measure import OverBudgetError, measured, scores_of
from training.tuning.result import compare, conclude, model_lines, to_json
from training.tuning.search import fingerprint_of, search, task_of
from training.tuning.settings import TuneSettings
from training.tuning.space import rounded, space_of, toml_lines, with_values
from training.tuning.study import Trial, best_trial, finished_trials, open_study
from training.tuning.words import Compared, sentences


def run(path, work, clock=lambda: 0.0, name="one"):
    study, _ = open_study(path, name, work.tune.objective)
    assert search(work, study, clock, lambda _: None)
    return study


def known(study):
    return [(one.number, one.state, one.values, one.objective) for one in finished_trials(study)]


# The budget ----------------------------------------------------------------------------------------------------------
@given(depth=st.none() | st.integers(1, 8), leaves=st.none() | st.integers(2, 255))
def test_what_may_be_tried_is_not_deeper_and_has_no_more_leaves_than_the_project_file_allows(depth, leaves):
    space = space_of(ModelSettings(max_depth=depth, leaves=leaves), lesson())
    assert "max_depth" in space or depth == 1
    assert "leaves" in space or leaves == 2
    assert "max_depth" not in space or space["max_depth"].high == (depth or 4)
    assert "leaves" not in space or space["leaves"].high == (leaves or 16)


def test_no_trial_is_deeper_or_has_more_leaves_than_the_project_file_allows(tmp_path):
    work = task(TuneSettings(trials=12), max_depth=2, leaves=3)
    trials = finished_trials(run(tmp_path / "study.db", work))
    assert {one.values["max_depth"] for one in trials} == {1, 2}
    assert {one.values["leaves"] for one in trials} == {2, 3}


def test_trees_stop_where_the_tables_of_reasons_would_be_too_large():
    model = ModelSettings(threads=1, max_trees=60, learning_rate=0.02, max_depth=4, min_leaf=5)
    free = measured(lesson(), model, 8.0)
    cut = measured(lesson(), model, free.table_mib * 0.8)
    assert not free.limited
    assert cut.limited
    assert cut.table_mib <= free.table_mib * 0.8
    assert cut.trees < free.trees
    with pytest.raises(OverBudgetError, match="first 10 trees"):
        measured(lesson(), model, 1e-9)


def test_a_cut_candidate_is_written_with_its_number_of_trees():
    cut = Trial(3, "measured", {"max_depth": 2}, 0.4, {"trees": 17, "limited": True})
    assert toml_lines(model_lines(cut)) == ("max_depth = 2", "max_trees = 17")


def test_the_settings_as_they_are_are_measured_whatever_explaining_them_costs(tmp_path):
    work = task(TuneSettings(trials=3, explanation_mib=1e-9))
    first, *others = finished_trials(run(tmp_path / "study.db", work))
    assert first.state == "measured"
    assert [one.state for one in others] == ["stopped early"] * 2


# Trials --------------------------------------------------------------------------------------------------------------
def test_the_first_trial_is_the_settings_as_they_are(tmp_path):
    work = task(TuneSettings(trials=1))
    (first,) = finished_trials(run(tmp_path / "study.db", work))
    scores = measured(work.lesson, work.model, 8.0).scores
    assert first.objective == scores.value("log_loss")
    assert first.results["pr_auc"] == scores.value("pr_auc")
    assert first.values["max_depth"] == 2  # the default below 2,000 rows


@pytest.mark.parametrize("objective", ["log_loss", "pr_auc"])
def test_the_best_trial_is_the_one_with_the_best_objective(tmp_path, objective):
    trials = finished_trials(run(tmp_path / "study.db", task(TuneSettings(trials=6, objective=objective))))
    whole = [one.objective for one in trials if one.objective is not None]
    assert best_trial(trials, objective).objective == (min if objective == "log_loss" else max)(whole)


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path):
    at_once = run(tmp_path / "one.db", task(TuneSettings(trials=12)))
    run(tmp_path / "two.db", task(TuneSettings(trials=4)))
    study, _ = open_study(tmp_path / "two.db", "one", "log_loss")
    study.ask()  # a trial that is under way when the process is killed
    resumed = run(tmp_path / "two.db", task(TuneSettings(trials=12)))
    assert known(resumed) == known(at_once)
    assert len(known(at_once)) == 12


def test_another_seed_tries_other_settings(tmp_path):
    found = [run(tmp_path / f"{seed}.db", task(TuneSettings(trials=3), seed=seed)) for seed in (1, 2)]
    assert known(found[0])[1][2] != known(found[1])[1][2]


def test_the_time_is_a_bound_and_the_first_trial_is_finished_all_the_same(tmp_path):
    ticks = count()
    study = run(tmp_path / "study.db", task(TuneSettings(trials=1000, minutes=0.5)), lambda: float(next(ticks)))
    assert len(finished_trials(study)) == 1
    assert next(ticks) < 100


def test_a_stop_by_the_user_keeps_what_is_finished(tmp_path):
    study, _ = open_study(tmp_path / "study.db", "one", "log_loss")
    steps = iter(range(10_000))

    def clock():
        if next(steps) == 60:
            raise KeyboardInterrupt
        return 0.0

    assert not search(task(TuneSettings(trials=500)), study, clock, lambda _: None)
    before = known(study)
    assert 1 <= len(before) < 500
    assert known(open_study(tmp_path / "study.db", "one", "log_loss")[0]) == before


def test_another_fingerprint_begins_anew_and_the_others_are_counted(tmp_path):
    run(tmp_path / "study.db", task(TuneSettings(trials=2)))
    study, others = open_study(tmp_path / "study.db", "two", "log_loss")
    assert (finished_trials(study), others) == ((), 1)


def test_a_file_that_is_no_study_is_refused(tmp_path):
    (tmp_path / "study.db").write_text("something else, longer than a header")
    with pytest.raises(ProjectFileError, match="move it away to begin anew"):
        open_study(tmp_path / "study.db", "one", "log_loss")


@given(st.data())
def test_lines_to_paste_are_settings_and_give_what_was_measured(data):
    space = space_of(ModelSettings(), lesson())
    values = rounded({
        key: data.draw(st.integers(int(one.low), int(one.high)) if one.whole else st.floats(one.low, one.high))
        for key, one in space.items()
    })  # fmt: skip
    import tomllib

    pasted = ModelSettings(**tomllib.loads("\n".join(toml_lines(values))))
    assert pasted == with_values(ModelSettings(), values)


# What it comes to ----------------------------------------------------------------------------------------------------
def test_the_same_settings_gain_nothing(tmp_path):
    work = task(TuneSettings(trials=1))
    (first,) = finished_trials(run(tmp_path / "study.db", work))
    for one in compare(work, replace(first, values={"lambda_l2": 10.0})):
        assert one.gain == Estimate(0.0, 0.0, 0.0)
        assert one.present == one.best


def test_much_worse_settings_are_seen_to_be_worse(tmp_path):
    work = task(TuneSettings(trials=1))
    (first,) = finished_trials(run(tmp_path / "study.db", work))
    for one in compare(work, replace(first, values={"min_leaf": 140, "feature_fraction": 0.01})):
        assert one.gain.value < 0
        assert one.gain.high < 0.02


@pytest.mark.parametrize(("low", "said"), [(-0.01, "do as well as the best"), (0.01, "Better settings")])
def test_a_gain_within_noise_is_no_gain(low, said):
    trials = [Trial(i, "measured", {}, 0.4 - i / 100, {}) for i in range(2)]
    gain = Compared("log_loss", 0.4, 0.38, Estimate(0.02, low, 0.05))
    found = sentences(trials, trials[1], (gain, replace(gain, metric="pr_auc")), "log_loss")
    assert said in found[0]
    assert ("no reason to change" in found[2]) == (low < 0)


def test_the_result_is_strict_json_with_every_trial(tmp_path):
    work = task(TuneSettings(trials=3))
    found = json.loads(to_json(conclude(work, run(tmp_path / "study.db", work), "abc")))
    assert [one["number"] for one in found["trials"]] == [0, 1, 2]
    assert found["fingerprint"] == "abc"
    assert found["best"] == found["trials"][found["best"]["number"]]


# The holdout ---------------------------------------------------------------------------------------------------------
def flat(folder, changes=""):
    rng = np.random.default_rng(3)
    rows = [f"{i},{rng.normal():.3f},{rng.integers(3)},{rng.integers(2)}" for i in range(300)]
    leads = "lead_id,visits,channel,won\n" + "\n".join(rows) + "\n"
    folder.mkdir(exist_ok=True)
    head = f'[label]\ncolumn = "won"\n[folds]\nkind = "random"\n[model]\nthreads = 1\nmax_trees = 20\n{changes}'
    project = write_project(folder, {"leads": leads}, head="")
    path = folder / "ripelead.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n" + head, encoding="utf-8")
    from features.project import read_project

    project = read_project(folder)
    given = read_training_settings(project)
    return project, given, load_dataset(project, given, read_tables(project, clock=CLOCK, untimed=True))


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_outcomes_of_the_holdout_change_nothing_that_is_learned_from(tmp_path_factory, seed):
    project, given, dataset = flat(tmp_path_factory.mktemp("flat"))
    before = task_of(project, given, dataset)
    from training.folds import outer_folds

    fold = outer_folds(dataset.rows, given.folds, dataset.matured, np.random.default_rng(given.model.seed))[0]
    label = dataset.label.copy()
    label[fold.holdout] ^= np.random.default_rng(seed).integers(0, 2, len(fold.holdout), np.int8)
    after = task_of(project, given, replace(dataset, label=label))
    assert np.array_equal(before.lesson.values, after.lesson.values, equal_nan=True)
    assert np.array_equal(before.lesson.label, after.lesson.label)
    assert len(before.lesson.label) == len(fold.train)


def test_a_study_belongs_to_data_and_settings(tmp_path):
    def name(changes="", **model):
        project, given, dataset = flat(tmp_path / "p", changes)
        return fingerprint_of(project, replace(given, model=given.model.model_copy(update=model)), dataset)

    assert name() == name() == name("[policy]\ncapacity_share = 0.2\n") == name(threads=2)
    assert len({name(), name("lambda_l2 = 3\n"), name('[tune]\nobjective = "pr_auc"\n'), name(seed=8)}) == 4


def test_a_base_rate_that_moves_between_folds_changes_no_judgement():
    whole = lesson()
    label = np.tile([0, 1], 150).astype(np.int8)
    raw = np.where(label == 1, 1.0, -1.0) + np.random.default_rng(1).normal(size=300)
    moved = raw + np.repeat([3.0, -2.0], 150)
    scores = [scores_of(replace(whole, label=label), OutOfFold(1, one, np.arange(300), ())) for one in (raw, moved)]
    np.testing.assert_allclose(scores[0].probability, scores[1].probability, atol=1e-9)
    assert scores[0].probability[:150].mean() == pytest.approx(0.5, abs=1e-6)

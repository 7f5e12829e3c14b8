"""The score of then and the model of then: found in files that earlier runs wrote, and in the registry."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from features.errors import ProjectFileError
from serving.lead.recorded_scores import model_of, read_recorded
from training.registry import Registry

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
PRESENT = SimpleNamespace(version="abc" + "0" * 61)


def score_file(path, **more):
    row = {"lead_id": "=L1", "as_of": pd.Timestamp(AS_OF), "score": 61, "propensity": 0.25, "model_version": "abc"}
    frame = pd.DataFrame([row | more])
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.assign(lead_id="'=L1", as_of="2026-01-01T00:00:00.000000Z").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["s.parquet", "s.csv"])
def test_both_formats_give_the_recorded_score(tmp_path, name):
    then = read_recorded(score_file(tmp_path / name), "=L1", AS_OF)
    assert (then.as_of, then.score, then.propensity, then.model_version) == (AS_OF, 61, 0.25, "abc")


def test_a_file_that_is_no_score_file_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text("lead_id;score\n=L1;61\n")
    for path in (tmp_path / "s.csv", score_file(tmp_path / "s.parquet", as_of="soon"),
                 score_file(tmp_path / "t.parquet", propensity=float("nan"))):  # fmt: skip
        with pytest.raises(ProjectFileError, match=r"cannot be read .* that `ripelead score` wrote"):
            read_recorded(path, "=L1", None)


def registry(tmp_path, *kept):
    for version in kept:
        (tmp_path / version / "bundle").mkdir(parents=True)
    lines = ['{"event": "promoted", "at": "2026-01-01T00:00:00+00:00", "bundle": "aa1"}',
             '{"event": "refused", "at": "2026-01-03T00:00:00+00:00", "bundle": "xx"}',
             '{"event": "rolled back", "at": "2026-01-05T00:00:00+00:00", "bundle": "bb"}']  # fmt: skip
    (tmp_path / "promotions.jsonl").write_text("\n".join(lines) + "\n")
    return Registry(tmp_path)


def test_kept_bundles_are_found_by_the_start_of_their_id(tmp_path):
    models = registry(tmp_path, "aa1", "aa2", "bb")
    assert models.kept("bb") == tmp_path / "bb" / "bundle"
    assert [models.kept(prefix) for prefix in ("aa", "cc", "*", "..", "")] == [None] * 5


def test_the_log_tells_who_was_champion(tmp_path):
    models = registry(tmp_path)
    dates = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 4, 6)]
    assert [models.champion_at(date) for date in dates] == ["aa1", "aa1", "bb"]
    assert models.champion_at(datetime(2025, 12, 31, tzinfo=UTC)) is None


def test_the_model_of_then_is_none_when_it_is_gone_or_damaged(tmp_path):
    models = registry(tmp_path, "aa1")
    assert [model_of(models, version, PRESENT) for version in (None, "cc", "aa1")] == [None] * 3
    assert model_of(models, "abc", PRESENT) is PRESENT

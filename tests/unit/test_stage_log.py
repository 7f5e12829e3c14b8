"""The log on disk: only added to, whole or not at all, by one run at a time."""

import pytest
from worlds import day, moment

from features.errors import InputContractError, OverlapError
from serving.lifecycle.events import StageEvent, events_of, events_table
from serving.lifecycle.log import append, log_files, read_log, writing


def event(at, lead="a"):
    return StageEvent(lead, moment(day(at)), "accept", to_stage="sal", by="person", actor="ann", points=3.5)


def added(folder, *events):
    with writing(folder):
        return append(folder, events_table(events))


def test_what_is_added_is_read_back_in_its_order(tmp_path):
    added(tmp_path / "log", event(2), event(1))
    added(tmp_path / "log", event(3))
    assert events_of(read_log(tmp_path / "log")) == (event(2), event(1), event(3))


def test_files_are_never_changed(tmp_path):
    first = added(tmp_path, event(1))
    content = first.read_bytes()
    added(tmp_path, event(2))
    assert first.read_bytes() == content
    assert [path.name for path in log_files(tmp_path)] == ["00000001.parquet", "00000002.parquet"]


def test_nothing_to_add_no_file(tmp_path):
    assert added(tmp_path) is None
    assert len(read_log(tmp_path)) == 0


def test_what_a_killed_run_left_is_no_part_of_the_log(tmp_path):
    added(tmp_path, event(1))
    left = tmp_path / ".00000002.parquet.99.part"
    left.write_bytes(b"PAR1 and no more")
    assert len(read_log(tmp_path)) == 1
    added(tmp_path, event(2))
    assert not left.exists()
    assert len(read_log(tmp_path)) == 2


def test_one_run_at_a_time(tmp_path):
    with writing(tmp_path), pytest.raises(OverlapError, match="another run is writing the stage log"):
        added(tmp_path, event(1))


@pytest.mark.parametrize("content", [b"", b"no parquet"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "00000001.parquet").write_bytes(content)
    with pytest.raises(InputContractError, match="expected a file of stage events"):
        read_log(tmp_path)

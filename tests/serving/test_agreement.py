"""`ripelead agreement` on a trained world: scored at once or from the night's file, the same list."""

import json

from trained import AS_OF, command


def test_scored_now_or_in_the_night_the_list_is_the_same(world, tmp_path):
    scores, recorded, now = (tmp_path / name for name in ("s.parquet", "recorded.jsonl", "now.jsonl"))
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", scores, "--show", "0") == 0
    assert command("agreement", "-p", world, "--as-of", AS_OF, "--scores", scores, "--out", recorded) == 0
    assert command("agreement", "-p", world, "--as-of", AS_OF, "--out", now) == 0
    rows = [json.loads(line) for line in now.read_text(encoding="utf-8").splitlines()]
    assert {row["disagreement"] for row in rows} == {"model_only", "framework_only", "ask"}
    assert recorded.read_text(encoding="utf-8") == now.read_text(encoding="utf-8")

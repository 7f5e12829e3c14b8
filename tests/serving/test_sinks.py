"""Score files with ids that CSV could break at."""

import csv

import pandas as pd

from serving.score import COLUMNS
from serving.sinks import write_scores


def scores(lead_id):
    row = ["x", pd.Timestamp("2026-01-01", tz="UTC"), 0.5, 50, "B", True, 1, False, 3.0, "lead", [], "v"]
    return pd.DataFrame([row], columns=list(COLUMNS)).assign(lead_id=pd.Series([lead_id], dtype="str"))


def test_an_id_with_a_line_break_stays_one_row(tmp_path):
    for lead_id in ("car\rret", "new\nline", "a,b", 'q"q'):
        write_scores(scores(lead_id), tmp_path / "scores.csv")
        with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as stream:
            _, row = csv.reader(stream)
        assert row[0] == lead_id
        assert pd.read_csv(tmp_path / "scores.csv").shape == (1, len(COLUMNS))

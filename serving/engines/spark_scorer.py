"""What a Spark executor does with feature rows: the bundle of one machine, loaded once per worker process."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from features.errors import ModelRefusedError
from serving.language.phrases import Phrases, phrases_of
from serving.render import render
from serving.scoring import score_rows
from serving.scoring_rows import scoring_rows
from serving.sinks import SCHEMA
from training.bundle import Bundle, parse_bundle
from training.bundle_files import unpack
from training.probe import probe

BATCH_ROWS = 10_000
"""Rows rendered at once: their sentences take some twenty megabytes."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Which bundle (a file that Spark brings along, and the id it must have), how many reasons, in which language."""

    file: str
    version: str
    most: int
    language: str


def scored_batches(scorer: Scorer, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Score rows (columns `serving.sinks.SCHEMA`) of scoring rows in the same order.

    Raises:
        ModelRefusedError: the bundle is not the one that the driver verified, or does not score the same here.
    """
    from pyspark import SparkFiles

    bundle, phrases = _loaded(SparkFiles.get(scorer.file), scorer.version, scorer.language)
    for batch in batches:
        rows = scoring_rows(pa.Table.from_batches([batch]), bundle.catalog)
        for first in range(0, len(rows), BATCH_ROWS):
            scores = score_rows(bundle, rows.slice(first, first + BATCH_ROWS), scorer.most, threads=1)
            yield from render(bundle, scores, phrases).cast(SCHEMA).combine_chunks().to_batches()


@lru_cache(maxsize=2)
def _loaded(path: str, version: str, language: str) -> tuple[Bundle, Phrases]:
    """The verified bundle and its phrases; a worker process keeps them from task to task."""
    contents = unpack(Path(path).read_bytes())
    if contents.version != version:
        raise ModelRefusedError(f"expected the bundle {version[:12]} of the driver, got {contents.version[:12]}")
    probe(contents)
    bundle = parse_bundle(contents)
    return bundle, phrases_of(bundle, language)

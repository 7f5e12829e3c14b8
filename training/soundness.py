"""What must hold inside a bundle whose hashes agree, so that nothing in it can mislead or kill who uses it.

Hashes tell that files are as they were written, not that who wrote them meant well: these checks run in the probe's
child process, before the files come near the process that scores.
"""

from math import isfinite

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ModelRefusedError
from features.windows import Floats, Ints
from training.bundle import Bundle, parse_bundle
from training.bundle_files import Contents
from training.lightgbm_text import Tree, parse_model
from training.path_tables import PathTables, Precision, build_path_tables
from training.uncertainty import misfit
from training.value_codes import NoTablesError

MOST_ROWS = 10_000
"""Of the small tables in a bundle: golden rows and aggregates by feature."""
CLOSE = 1e-6
HUGE = 1e6
"""No log-odds, points or contribution of a model is near this."""


def refuse_harmful(contents: Contents) -> None:
    """Everything that the probe looks at, in an order in which each step may trust the one before.

    Raises:
        ModelRefusedError: saying what is wrong, without the bundle's place.
    """
    try:
        refuse_malformed_text(contents.text("model.txt"))
        _refuse_many_rows(contents)
        refuse_unsound(parse_bundle(contents), contents)
    except ModelRefusedError as error:
        raise ModelRefusedError(str(error).removeprefix(f"{contents.where}: ")) from error
    except Exception as error:  # whatever a damaged file brings about is a refusal
        raise ModelRefusedError(f"damaged ({type(error).__name__}: {error})") from error


def refuse_malformed_text(text: str) -> None:
    """Refuse a text model that LightGBM might read beyond its ends; it trusts what it reads.

    Raises:
        ModelRefusedError: naming the tree and what is wrong with it.
    """
    model = parse_model(text)
    _refuse_wrong_sizes(text)
    for number, tree in enumerate(model.trees):
        if fault := _fault_of(tree, model.features):
            raise ModelRefusedError(f"the model's tree {number} {fault}")


def _refuse_wrong_sizes(text: str) -> None:
    """`tree_sizes` are the places where LightGBM jumps to."""
    head, *blocks = text.split("Tree=")
    given = next((line for line in head.splitlines() if line.startswith("tree_sizes=")), None)
    if given is None:
        return
    blocks[-1:] = [block[: block.index("end of trees")] for block in blocks[-1:]]
    found = [len(f"Tree={block}".encode()) for block in blocks]
    if [int(word) for word in given.partition("=")[2].split()] != found:
        raise ModelRefusedError("the model's tree_sizes are not the sizes of its trees")


def _fault_of(tree: Tree, features: int) -> str | None:
    splits = len(tree.feature)
    children = np.concatenate([tree.left, tree.right])
    numbers = np.concatenate([np.arange(-splits - 1, 0), np.arange(1, splits)])
    known: dict[str, bool] = {
        "has children that are no tree": splits == 0 or np.array_equal(np.sort(children), numbers),
        "has a child before its parent": not _backwards(tree.left) and not _backwards(tree.right),
        "splits on a feature that is not there": bool(((tree.feature >= 0) & (tree.feature < features)).all()),
        "has a threshold that is no number": not np.isnan(tree.threshold).any(),
        "has a leaf that is no log-odds": bool((np.abs(tree.leaf_value) < HUGE).all()),
        "has a count below zero": bool((tree.split_cover >= 0).all() and (tree.leaf_cover >= 0).all()),
    }
    return next((fault for fault, is_well in known.items() if not is_well), None)


def _backwards(children: Ints) -> bool:
    return bool(((children >= 0) & (children <= np.arange(len(children)))).any())


def _refuse_many_rows(contents: Contents) -> None:
    """Parquet can hold a billion equal rows in a few bytes; their number stands at its end."""
    for name in ("golden.parquet", "reference.parquet"):
        if not 0 < pq.ParquetFile(pa.BufferReader(contents.files[name])).metadata.num_rows <= MOST_ROWS:
            raise ModelRefusedError(f"{name}: expected 1 to {MOST_ROWS:,} rows")


def refuse_unsound(bundle: Bundle, contents: Contents) -> None:
    """Refuse parts that do not fit each other, and numbers that no training gives.

    Raises:
        ModelRefusedError: naming the part.
    """
    names = bundle.catalog.names
    if len(set(names)) != len(names):
        raise ModelRefusedError("catalog.json: two features have the same name")
    _refuse_strange_numbers(bundle)
    if fault := misfit(bundle.uncertainty, contents.text("model.txt"), len(names)):
        raise ModelRefusedError(f"uncertainty.json: {fault}")
    if bundle.tables is not None:
        _refuse_foreign_tables(bundle.tables, contents.text("model.txt"))


def _refuse_strange_numbers(bundle: Bundle) -> None:
    scale, policy = bundle.scale, bundle.policy
    sensible = {
        "slope": 0 < scale.calibration.slope < HUGE,
        "intercept": abs(scale.calibration.intercept) < HUGE,
        "base_rate": 0 < scale.base_rate < 1,
        "threshold": 0 <= policy.threshold <= 1,
        "capacity_share": 0 <= policy.capacity_share <= 1,
        "bands": all(isfinite(least) for least in policy.bands.values()),
        "max_reasons": 0 <= policy.max_reasons <= len(bundle.catalog.features) + HUGE,
    }
    if wrong := [name for name, is_well in sensible.items() if not is_well]:
        raise ModelRefusedError(f"calibration.json, policy.json: no training gives such {', '.join(wrong)}")


def _refuse_foreign_tables(tables: PathTables, text: str) -> None:
    """The tables of this very model: compiled loops follow their numbers without looking where they lead."""
    precision: Precision = "float32" if tables.program.table.dtype == np.float32 else "float64"
    try:
        expected = build_path_tables(text, precision)
    except NoTablesError as error:
        raise ModelRefusedError(f"paths.npz: this model can have no explanation tables: {error}") from error
    wanted = {**expected.coding._asdict(), **expected.program._asdict()}
    found = {**tables.coding._asdict(), **tables.program._asdict()}
    same = all(np.array_equal(found[name], wanted[name]) and found[name].dtype == wanted[name].dtype
               for name in wanted if name != "table")  # fmt: skip
    # Sums may be rounded differently on another processor; places and codes may not.
    close = same and _close(found["table"], wanted["table"]) and abs(tables.bias - expected.bias) <= CLOSE
    if not close or tables.features != expected.features:
        raise ModelRefusedError("paths.npz: the explanation tables are not those of the model")


def _close(found: Floats, wanted: Floats) -> bool:
    fits = found.dtype == wanted.dtype and found.shape == wanted.shape
    return fits and bool(np.allclose(found, wanted, rtol=CLOSE, atol=CLOSE))

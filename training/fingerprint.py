"""Fingerprints: which data and which code a run came from."""

import subprocess
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from features.tables import Tables


def data_fingerprint(tables: Tables) -> str:
    """sha256 over the contents of all tables (16 hex digits); the order of rows does not matter, repeats do."""
    # Without any times the data's end is the moment of reading, which is no part of the data.
    digest = sha256(str(tables.data_end if tables.timed else None).encode())
    for field in fields(tables):
        frame = getattr(tables, field.name)
        if isinstance(frame, pd.DataFrame) and len(frame):
            columns = frame[sorted(frame.columns)]
            digest.update(f"{field.name} {list(columns.columns)}".encode())
            digest.update(np.sort(pd.util.hash_pandas_object(columns, index=False).to_numpy()).tobytes())
    return digest.hexdigest()[:16]


def git_commit(directory: Path) -> str:
    """Commit of the folder's repository, or "unknown" outside one."""
    command = ["git", "-C", str(directory), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() if found.returncode == 0 else "unknown"

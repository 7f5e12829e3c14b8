"""The probe: a bundle is first loaded and scored in a child process, since a damaged model can kill who reads it.

A child costs about a second of imports, so what was found sound is remembered: by the bundle's id, which is the
sha256 of all that was read, and by what reads it. The reasoning is in docs/decisions/0013-bundle-probe.md.
"""

import json
import os
import platform
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.errors import ModelRefusedError
from training.bundle_files import Contents, pack, unpack
from training.without_sklearn import without_sklearn

CHECKS = 2
"""Counted up when the probe looks at more: what was remembered before no longer counts."""
SECONDS = 120
MEMORY = 8 * 2**30
REFUSED = "ripelead refuses: "
_CHILD = "import sys; sys.path[:] = {path!r}; from training.probe import main; main()"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def probe(contents: Contents) -> None:
    """Return when the bundle does no harm; at once when it was found sound before.

    Raises:
        ModelRefusedError: it kills the process that loads it, its parts do not fit each other, or it scores its golden
            rows differently.
    """
    mark = _mark(contents)
    if mark is not None and mark.exists():
        return
    _in_child(contents)
    if mark is not None:
        with suppress(OSError):  # then the next command probes again
            mark.touch(mode=0o600)


def _mark(contents: Contents) -> Path | None:
    """The empty file that says so; None where others could have made it."""
    import lightgbm

    readers = (CHECKS, sys.version, platform.machine(), lightgbm.__version__, np.__version__, pa.__version__)
    key = sha256(json.dumps([contents.version, *readers]).encode()).hexdigest()
    folder = _own_folder()
    return None if folder is None else folder / key


def _own_folder() -> Path | None:
    """A cache folder that only this user can write to; None when there is none."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ripelead" / "sound-bundles"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        return None
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if is_own else None


def _in_child(contents: Contents) -> None:
    command = [sys.executable, "-I", "-c", _CHILD.format(path=sys.path)]
    try:
        done = subprocess.run(
            command,
            input=pack(contents),
            capture_output=True,
            timeout=SECONDS,
            env={**os.environ, **_ONE_THREAD},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelRefusedError(f"{contents.where}: reading it takes more than {SECONDS} seconds: retrain") from error
    except OSError as error:
        raise ModelRefusedError(f"{contents.where}: no process could be started to probe it: {error}") from error
    if done.returncode != 0:
        raise ModelRefusedError(f"{contents.where}: {_said(done)}: restore it, retrain, or `ripelead rollback`")


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    text = done.stderr.decode("utf-8", "replace").strip()
    last = text.splitlines()[-1] if text else "it said nothing"
    if done.returncode < 0:
        return f"it kills the process that reads it ({signal.Signals(-done.returncode).name}; {last})"
    if done.returncode == ModelRefusedError.exit_code and REFUSED in text:
        return text.rpartition(REFUSED)[2]
    return f"probing it ended with exit code {done.returncode} ({last})"


def main() -> None:
    """The child: contents on standard input; exit code 0, or 4 with the reason on standard error."""
    from training.soundness import refuse_harmful

    _limit()
    try:
        with without_sklearn():
            refuse_harmful(unpack(sys.stdin.buffer.read()))
    except ModelRefusedError as error:
        sys.stderr.write(f"{REFUSED}{error}")
        sys.exit(error.exit_code)


def _limit() -> None:
    """No more memory than any bundle needs, and no core file when it kills the child."""
    import resource

    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a lower limit stands already, or the system has none
            resource.setrlimit(what, (most, most))

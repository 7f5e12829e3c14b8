"""Memory: kept for reuse and given back where the C library can, nothing where it cannot."""

import ctypes
import platform
import subprocess
import sys

import numpy as np
import pytest

from features import memory

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told what to keep")
FAULTS = """
import resource, sys
import numpy as np
from features.memory import keep_for_reuse
if sys.argv[1] == "kept":
    keep_for_reuse()
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
sizes = [3_000_000, 5_000_000, 9_000_000, 30_000_000]
for size in sizes: np.ones(size, np.uint8)
begun = faults()
for _ in range(20):
    for size in sizes: np.ones(size, np.uint8)
print(faults() - begun)
"""


def test_memory_is_given_back_as_often_as_asked():
    memory.give_back()
    memory.give_back()
    assert np.ones(10**6).sum() == 10**6


@pytest.mark.parametrize(("told", "given"), [("9 1", 0), ("9 1000000", 1), ("", 1), (None, 1)])
def test_only_large_processes_give_back(monkeypatch, tmp_path, told, given):
    asked = []
    monkeypatch.setattr(memory, "_trim", asked.append)
    monkeypatch.setattr(memory, "OF_PROCESS", tmp_path / "statm")
    if told is not None:
        (tmp_path / "statm").write_text(told)
    memory.give_back()
    assert len(asked) == given


@pytest.mark.skipif(not memory.OF_PROCESS.exists(), reason="only Linux tells the memory of a process there")
def test_the_memory_of_a_process_grows_with_what_it_holds():
    before = memory._resident()
    held = np.ones(100 * memory.MEGABYTE, np.uint8)
    assert memory._resident() - before > 0.9 * held.nbytes


@GLIBC
def test_glibc_takes_what_it_is_told():
    for what, size in memory.KEPT.items():
        assert memory._set_option(what, size) == 1


@GLIBC
def test_memory_kept_is_used_again_without_new_pages():
    plain, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, check=True, text=True).stdout)
        for how in ("plain", "kept")
    )
    assert kept < 50
    assert plain > 10 * kept


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_c_libraries_are_left_alone(monkeypatch, error):
    def refuse(_name):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert memory._of_the_c_library("mallopt")(1, 2) is None

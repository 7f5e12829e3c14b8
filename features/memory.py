"""Memory that is no longer used: kept for what is asked for next, and given back to the system between large steps.

Both are matters of glibc; other C libraries decide for themselves.
"""

import ctypes
import mmap
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

MEGABYTE = 2**20
MUCH = 512 * MEGABYTE
OF_PROCESS = Path("/proc/self/statm")
"""Pages of a process on Linux: all, resident, …"""
# The numbers that glibc's malloc.h gives to: what may lie free at the end of a heap, what a heap grows by, and from
# which size on memory is mapped and given back by itself (32 MB is the most it takes).
KEPT = {-1: 64 * MEGABYTE, -2: 16 * MEGABYTE, -3: 32 * MEGABYTE}


def keep_for_reuse() -> None:
    """From now on keep memory that is freed, until `give_back`; called before tables are read.

    Without it the system takes arrays of some megabytes back and clears their pages again for the next ones: that is a
    twentieth of the time that features take.
    """
    for what, size in KEPT.items():
        _set_option(what, size)


def fresh_memory(size: int) -> mmap.mmap:
    """So many bytes of zeros, of which the system gives a page when it is first touched.

    Not from numpy, which asks for huge pages: to find so many of them can take the system seconds. And not shared with
    other processes, as a mapping is unless told: each page would take half as long again.
    """
    if hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return mmap.mmap(-1, size)


def give_back() -> None:
    """Give back what allocators keep of memory that was freed; called between the large steps of a command.

    Without it a command keeps what reading its tables took for a moment: as much again as the tables themselves. A
    small process keeps it all: to take pages from the system again would be a quarter of the time of a small run.
    """
    if _resident() < MUCH:
        return
    pa.default_memory_pool().release_unused()
    _trim(ctypes.c_size_t(0))


def _resident() -> int:
    """Bytes of memory of this process; where the system does not tell, as much as can be."""
    try:
        return int(OF_PROCESS.read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return sys.maxsize


def _of_the_c_library(name: str) -> Callable[..., object]:
    """A function of glibc; where there is none it does nothing."""
    try:
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return lambda *_: None
    return function


_trim, _set_option = _of_the_c_library("malloc_trim"), _of_the_c_library("mallopt")

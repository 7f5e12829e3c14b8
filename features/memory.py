"""Memory that is no longer used goes back to the system."""

import ctypes
from collections.abc import Callable

import pyarrow as pa


def give_back() -> None:
    """Give back what allocators keep of memory that was freed; called between the large steps of a command.

    Without it a command keeps what reading its tables took for a moment: as much again as the tables themselves.
    """
    pa.default_memory_pool().release_unused()
    _trim()


def _of_the_c_library() -> Callable[[], object]:
    """`malloc_trim` of glibc; other C libraries give memory back by themselves or cannot."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(ctypes.c_size_t(0))


_trim = _of_the_c_library()

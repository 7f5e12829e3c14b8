"""Point-in-time features of leads; `compute_one` gives those of one lead, and is loaded when it is asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.single import compute_one

__all__ = ["compute_one"]


def __getattr__(name: str) -> object:
    if name == "compute_one":
        from features.single import compute_one

        return compute_one
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

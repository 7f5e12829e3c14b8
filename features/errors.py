"""The five ways a command can be refused; each carries the exit code that schedulers read."""

from typing import ClassVar


class RefusedError(ValueError):
    """A command stops with one message and `exit_code`; the message says expected, got, and what to do."""

    exit_code: ClassVar[int] = 1


class ProjectFileError(RefusedError):
    """`ripelead.toml` or the command line is wrong (exit code 2)."""

    exit_code = 2


class InputContractError(RefusedError):
    """A table as a whole cannot be used (exit code 3); single bad rows are quarantined instead."""

    exit_code = 3


class ModelRefusedError(RefusedError):
    """No usable model: damaged bundle, gate not passed, no champion yet (exit code 4)."""

    exit_code = 4


class SinkError(RefusedError):
    """The output could not be written; trying again may help (exit code 5)."""

    exit_code = 5


class OverlapError(RefusedError):
    """Another run writes the same output; this one touches nothing (exit code 99)."""

    exit_code = 99

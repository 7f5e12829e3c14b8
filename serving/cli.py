"""The entry point of the command `ripelead`: the commands of all layers."""

import atexit
import os
import sys
from contextlib import suppress

from features.cli import run
from serving.commands import command_line


def main() -> None:
    """Entry point of the command `ripelead`."""
    code: list[int] = []
    atexit.register(_leave, code)  # the first to be registered is the last to be called
    code.append(run(command_line()))
    sys.exit(code[0])


def _leave(code: list[int]) -> None:
    """End the process with the command's exit code.

    What libraries in C++ do after this may find their own threads still running and abort: a scheduler would then see
    134 instead of the code, now and then, whatever the command had done.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if code:
        os._exit(code[0])


if __name__ == "__main__":
    main()

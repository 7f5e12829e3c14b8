"""The entry point `ripelead`, with the commands of all layers."""

import sys

import serving.explain_cli
import serving.score_cli  # noqa: F401  # their commands
from features.cli import app, run


def main() -> None:
    """Entry point of the command `ripelead`."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()

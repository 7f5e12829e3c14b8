"""The entry point of the command `ripelead`: the commands of all layers."""

import atexit
import os
import sys
from contextlib import suppress

import features.rules_cli  # noqa: F401
import serving.accounts_cli
import serving.agreement_cli
import serving.audit_cli
import serving.contact_cli
import serving.crm_cli
import serving.decisions_cli
import serving.deliver_cli
import serving.digest_cli
import serving.explain_cli
import serving.funnel_cli
import serving.handover_cli
import serving.key_cli
import serving.nurture_cli
import serving.publish_cli
import serving.routing_cli
import serving.score_cli
import serving.serve_cli
import serving.stages_cli  # noqa: F401
import training.promote_cli
import training.tune_cli  # noqa: F401
from features.cli import app, run


def main() -> None:
    """Entry point of the command `ripelead`."""
    code: list[int] = []
    atexit.register(_leave, code)  # the first to be registered is the last to be called
    code.append(run(app))
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

"""The stage machine as data: stages, actions, and which action leads from where to where (rows M2 and M3).

An action that does not fit the stage a lead is in has no effect, whoever recorded it: what is possible is decided here
alone, and not by settings, so that a change of settings never changes the past.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np

from features.windows import Bools

Stage = Literal["lead", "mql", "sal", "sql", "opportunity", "won", "lost", "nurture", "rejected", "disqualified"]
STAGES: tuple[Stage, ...] = get_args(Stage)
CLOSED: tuple[Stage, ...] = ("won", "lost", "disqualified")
WAITING: tuple[Stage, ...] = ("nurture", "rejected")
"""Stages that end on a date: then the lead is a `lead` again."""

Action = Literal[
    "create", "merge", "resume", "reopen", "advance", "accept", "recycle", "reject", "disqualify", "already_customer",
    "open_deal", "lose", "win", "snooze", "wake", "reassign", "do_not_contact", "allow_contact",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = get_args(Action)
"""In the order in which those of the same moment take effect: of two decisions the stricter one stands."""
DEAL_ACTIONS: tuple[Action, ...] = ("open_deal", "lose", "win")

_BEFORE_DEAL: tuple[Stage, ...] = ("lead", "mql", "sal", "sql", "nurture", "rejected")
_TO_END: Mapping[Stage, tuple[Stage, ...]] = dict.fromkeys((*_BEFORE_DEAL, "lost"), ("disqualified",))
MOVES: Mapping[Action, Mapping[Stage, tuple[Stage, ...]]] = {
    "resume": dict.fromkeys(WAITING, ("lead",)),
    "reopen": dict.fromkeys(CLOSED, ("lead",)),
    "advance": {
        "lead": ("mql",),
        "nurture": ("mql",),
        "rejected": ("mql",),
        "mql": ("sal", "sql"),
        "sal": ("sql",),
    },
    "accept": dict.fromkeys(("lead", "mql", "nurture", "rejected", *CLOSED), ("sal",)),
    "recycle": dict.fromkeys((*_BEFORE_DEAL, "lost", "disqualified"), ("nurture",)),
    "reject": dict.fromkeys(_BEFORE_DEAL, ("rejected",)),
    "disqualify": _TO_END,
    "already_customer": _TO_END,
    "open_deal": dict.fromkeys(STAGES, ("opportunity",)),
    "lose": dict.fromkeys(STAGES, ("lost", "opportunity")),
    "win": dict.fromkeys(STAGES, ("won", "opportunity")),
}
"""Stages by action and stage before; while a deal is open only deals move a lead. Other actions leave the stage."""


def legal_moves() -> Bools:
    """Whether an action leads from one stage to another, shape (actions, stages, stages)."""
    legal = np.zeros((len(ACTIONS), len(STAGES), len(STAGES)), np.bool_)
    for action, moves in MOVES.items():
        for before, targets in moves.items():
            for after in targets:
                legal[ACTIONS.index(action), STAGES.index(before), STAGES.index(after)] = True
    return legal


def target_of(action: Action) -> Stage | None:
    """The stage an action leads to, where there is only one (deals that are still open aside).

    >>> target_of("accept"), target_of("advance"), target_of("snooze")
    ('sal', None, None)
    """
    targets = {after for moves in MOVES.get(action, {}).values() for after in moves}
    if action in DEAL_ACTIONS:
        targets -= {"opportunity"} if action != "open_deal" else set()
    return targets.pop() if len(targets) == 1 else None

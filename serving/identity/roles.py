"""Roles and what each of them may: the one table that every page and every call of the API is asked against."""

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["rep", "manager", "marketing", "data_scientist", "admin", "service"]
Permission = Literal[
    "leads.own_and_pool",  # see leads: one's own and those that nobody owns yet
    "leads.all",  # see everybody's leads
    "leads.act",  # accept, reject, override, … the leads that one sees
    "funnel",
    "model",
    "quality",
    "score",  # score histories that a request brings along
    "interactions.write",
    "export",
    "webhooks",  # look at deliveries, send dead ones again
    "metrics",
    "users",
    "audit",
]
ROLES: tuple[Role, ...] = get_args(Role)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_SEES_ALL: frozenset[Permission] = frozenset(("leads.own_and_pool", "leads.all"))
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    "rep": frozenset(("leads.own_and_pool", "leads.act", "model")),
    "manager": _SEES_ALL | {"leads.act", "funnel", "model", "quality", "export"},
    "marketing": _SEES_ALL | {"funnel", "model", "quality"},
    "data_scientist": _SEES_ALL | {"funnel", "model", "quality", "score", "export", "metrics"},
    "admin": frozenset(PERMISSIONS),
    # What a key may be given at most: no key makes users or reads who did what.
    "service": frozenset(PERMISSIONS) - {"users", "audit"},
}
HUMAN_ROLES: tuple[Role, ...] = tuple(role for role in ROLES if role != "service")
"""Roles of people; programs have keys, and every key has the role `service`."""

"""Who asks, and whose leads they see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from serving.identity.roles import ALLOWED, Permission, Role

Kind = Literal["session", "key"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in, or a program with a key (`name` is then `key:NAME`)."""

    name: str
    role: Role
    owner: str | None
    """How the CRM names the owner of their leads; None: they own none."""
    permissions: frozenset[Permission]
    kind: Kind
    credential: str = field(repr=False)
    """The hash of the session's token, or the prefix of the key: never the secret."""
    language: str | None = None
    theme: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether they have a permission."""
        return permission in self.permissions


def visible_owners(identity: Identity) -> tuple[str | None, ...] | None:
    """Owners whose leads they see, None among them for the pool; None alone: everybody's, (): nobody's.

    >>> visible_owners(Identity("ann", "rep", "Ann B.", ALLOWED["rep"], "session", ""))
    ('Ann B.', None)
    """
    if identity.may("leads.all"):
        return None
    if not identity.may("leads.own_and_pool"):
        return ()
    return (None,) if identity.owner is None else (identity.owner, None)


def sees(identity: Identity, owner: str | None) -> bool:
    """Whether they see a lead of this owner; what they do not see is answered as what is not there."""
    owners = visible_owners(identity)
    return owners is None or owner in owners


def permissions_of_key(scopes: Iterable[str], owner: str | None) -> frozenset[Permission]:
    """What a key with these scopes may: never more than `service`, and of one owner's key never everybody's leads."""
    given = frozenset(one for one in ALLOWED["service"] if one in set(scopes))
    return given if owner is None else given - {"leads.all"}

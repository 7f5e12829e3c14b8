"""Leads of a published world under ids that addresses have trouble with."""

from sqlalchemy import select, update

from serving.live.account_history import AccountHistory, unpacked
from serving.store.schema import ACCOUNT, LEAD

ODD = (
    ".", "..", "/", "//", "/a", "a/", "a/../b", "./a", "../../leads", "?id=1&x=2#y", "a#b", "a?b", "%2e%2e", "a%2Fb",
    "100%", "a+b c", "a\tb", "a\nb", "a\\b", "\\\\share", ";session=1", "a:b@c", "a\u2028b", "a\u0085b", "\u001b[31m",
    "'\"<b>", "åß 中 🧑🏽", "reasons", "x/decisions", "id=x", "x" * 1_500,
)  # fmt: skip
"""No id begins or ends with white space: the door strips it."""


def rename(site, ids):
    """Give open leads that have a score and are unlikely to be looked at elsewhere these ids."""
    fit = (LEAD.c.is_open, LEAD.c.do_not_contact.is_(False), LEAD.c.stage == "lead")
    with site.store.writing() as connection:
        chosen = select(LEAD.c.lead_id, LEAD.c.account_key).where(*fit).order_by(LEAD.c.rank.desc()).limit(len(ids))
        for (former, key), new in zip(connection.execute(chosen).all(), ids, strict=True):
            connection.execute(update(LEAD).where(LEAD.c.lead_id == former).values(lead_id=new))
            packed = connection.scalar(select(ACCOUNT.c.history).where(ACCOUNT.c.account_key == key))
            known = _renamed(unpacked(packed).as_json(), former, new)
            history = AccountHistory(**known).packed()
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.account_key == key).values(history=history))


def _renamed(found, former, new):
    if isinstance(found, list):
        return [_renamed(one, former, new) for one in found]
    if isinstance(found, dict):
        return {
            key: new if key == "lead_id" and one == former else _renamed(one, former, new) for key, one in found.items()
        }
    return found

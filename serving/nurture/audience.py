"""Audiences for retargeting: hashed e-mail addresses of leads that touched the site and agreed to it (row M25).

Consent that is not known is no consent. Whoever refused, unsubscribed or is not to be contacted is left out under every
lead with the same address, and also when that happened after the date: a withdrawal always counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from features.contact import verify_email
from features.fit import word_of
from features.nurture_settings import AudienceSettings
from features.tables import Tables

Platform = Literal["plain", "google"]
_GMAIL = ("gmail.com", "googlemail.com")
_STRICTEST = ("yes", "unknown", "no")
REASONS = (
    "created later",
    "no e-mail address",
    "e-mail address of no person",
    "consent refused",
    "unsubscribed",
    "not to be contacted",
    "no consent known",
    "customer or disqualified",
    "no touch of late",
    "same address as another lead",
)
"""Why a lead is not exported, in the order in which they are looked at; each lead counts once."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Different hashes (64 hex digits) in their own order, and the leads that are left out, by reason."""

    hashes: tuple[str, ...]
    left_out: Mapping[str, int]

    def table(self, platform: Platform) -> pa.Table:
        """One column, headed as the platform wants it."""
        return pa.table({"Email" if platform == "google" else "email": pa.array(self.hashes, pa.string())})


def normalised(email: str, platform: Platform = "plain") -> str:
    """An address as platforms hash it: trimmed, lower case; Google also drops dots and +suffixes of its own addresses.

    >>> normalised(" Ann.Lee+x@GMail.com "), normalised("Ann.Lee+x@gmail.com", "google")
    ('ann.lee+x@gmail.com', 'annlee@gmail.com')
    """
    plain = email.strip().lower()
    local, _, domain = plain.rpartition("@")
    if platform == "google" and domain in _GMAIL:
        return f"{local.partition('+')[0].replace('.', '')}@{domain}"
    return plain


def hashed(email: str, platform: Platform = "plain") -> str:
    """SHA-256 of the normalised address, as 64 lower-case hex digits."""
    return sha256(normalised(email, platform).encode()).hexdigest()


def audience_of(
    tables: Tables, states: pa.Table, as_of: datetime, settings: AudienceSettings, platform: Platform = "plain"
) -> Audience:
    """The audience as of a date; `states` are those of the stage machine today, for who is not to be contacted."""
    leads = tables.leads.set_index("lead_id", drop=False)
    verdict = {email: verify_email(email) for email in leads["email"].dropna().unique()}
    usable = leads["email"].map(lambda email: verdict.get(email) in ("business", "freemail"))
    address = leads["email"].where(usable).map(lambda email: hashed(email, platform), na_action="ignore")
    state = states.to_pandas().set_index("lead_id").reindex(leads.index)
    consent = _consent(leads, tables.lead_changes, as_of, settings)
    faults = {
        "created later": leads["created_at"] > as_of,
        "no e-mail address": leads["email"].isna(),
        "e-mail address of no person": ~usable,
        "consent refused": _by_address(consent == "no", address),
        "unsubscribed": _by_address(leads.index.isin(_who_did(tables, settings.against)), address),
        "not to be contacted": _by_address(state["do_not_contact"].eq(True), address),
        "no consent known": consent != "yes",
        "customer or disqualified": _by_address(
            state["customer"].eq(True) | (state["stage"] == "disqualified"), address
        ),
        "no touch of late": ~leads.index.isin(_touched(tables, as_of, settings)),
    }
    reason = pd.Series("", leads.index, dtype=object)
    for name in reversed(REASONS[:-1]):
        reason[pd.Series(faults[name], leads.index).fillna(False).to_numpy(bool)] = name
    chosen = address[reason == ""]
    counts = reason[reason != ""].value_counts()
    repeated = {REASONS[-1]: len(chosen) - chosen.nunique()}
    found = {name: int(counts.get(name, repeated.get(name, 0))) for name in REASONS}
    return Audience(tuple(sorted(chosen.unique())), {name: n for name, n in found.items() if n})


def _by_address(of_lead: "pd.Series | object", address: pd.Series) -> pd.Series:
    """What holds of a lead, for every lead with the same address."""
    own = pd.Series(of_lead, address.index).fillna(False).astype(bool)
    named = set(address[own.to_numpy()].dropna())
    return own | address.isin(named)


def _who_did(tables: Tables, kinds: tuple[str, ...]) -> pd.Series:
    log = tables.interactions
    return log.loc[log["kind"].isin(list(kinds)), "lead_id"].dropna()


def _touched(tables: Tables, as_of: datetime, settings: AudienceSettings) -> pd.Series:
    log = tables.interactions
    recent = (log["occurred_at"] < as_of) & (log["occurred_at"] >= as_of - timedelta(days=settings.within_days))
    return log.loc[recent & log["kind"].isin(list(settings.kinds)), "lead_id"].dropna()


def _consent(leads: pd.DataFrame, changes: pd.DataFrame, as_of: datetime, settings: AudienceSettings) -> pd.Series:
    """`yes`, `no` or `unknown` by lead: a yes only where every source that knows says yes."""
    said = _sayer(settings)
    nothing = pd.Series("unknown", leads.index, dtype=object)
    exported = leads[settings.consent].map(said) if settings.consent in leads else nothing
    own = changes.loc[changes["field"] == settings.consent, ["lead_id", "changed_at", "value"]]
    own = own.assign(value=own["value"].map(said), rank=lambda rows: rows["value"].map(_STRICTEST.index))
    own = own.sort_values(["changed_at", "rank"])
    last = own[own["changed_at"] < as_of].drop_duplicates("lead_id", keep="last").set_index("lead_id")["value"]
    tracked = leads.index.isin(own["lead_id"])
    known = exported.where(~tracked, last.reindex(leads.index).fillna("unknown"))
    withdrawn = leads.index.isin(own.loc[(own["changed_at"] >= as_of) & (own["value"] == "no"), "lead_id"])
    return known.mask(withdrawn | (exported == "no").to_numpy(), "no")


def _sayer(settings: AudienceSettings) -> Callable[[Any], str]:
    yes = {value.strip().lower() for value in settings.consent_values}

    def said(value: Any) -> str:  # noqa: ANN401 - a cell of whatever type
        word = "" if pd.isna(value) else (word_of(value) or "").strip().lower()
        if not word:
            return "unknown"
        return "yes" if word in yes else "no"

    return said

"""Contact verification of the leads that are about to be handed over; a few, so that each address is looked at."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contact import REACHABLE, Contact, mx_of, verify_contact
from features.identifiers import positions_of
from features.stage_settings import StageSettings
from features.windows import Bools


def verified(lead_id: pa.Array, leads: pd.DataFrame, settings: StageSettings) -> Bools:
    """Whether e-mail address or phone number of each lead could reach a person; without either: no."""
    at = positions_of(lead_id, leads["lead_id"])
    emails = leads["email"].iloc[at].tolist()
    phones = leads[settings.phone].iloc[at].tolist() if settings.phone in leads else [None] * len(at)
    pairs = zip(emails, phones, strict=True)
    return np.array([_reachable(_text(email), _text(phone), settings) for email, phone in pairs], np.bool_)


def contact_of(lead_id: str, leads: pd.DataFrame, settings: StageSettings) -> Contact | None:
    """What was found out about the contact data of one lead; None where the leads do not have it."""
    found = leads[leads["lead_id"] == lead_id]
    if found.empty:
        return None
    row = found.iloc[0]
    return verify_contact(_text(row["email"]), _text(row.get(settings.phone)), settings.phone_country)


def _reachable(email: str | None, phone: str | None, settings: StageSettings) -> bool:
    contact = verify_contact(email, phone, settings.phone_country)
    if settings.check_mx and contact.phone != "possible" and contact.email in REACHABLE:
        return mx_of(email or "") is not False  # a name server that does not answer says nothing
    return contact.verified


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell
    """The cell as text; a number read as such loses no digit of a phone number."""
    if value is None or pd.isna(value):
        return None
    return f"{value:.0f}" if isinstance(value, float) else str(value)

"""When sales contacted leads: read from the interactions themselves, also where hygiene keeps them out of features."""

from collections.abc import Collection

import pandas as pd

from features.contact_settings import ContactWindowSettings
from features.identifiers import positions_of
from features.project import HygieneSettings
from features.times import microseconds
from features.windows import Segments, times_by_owner

ADVERTISING = ("ad_impression", "ad_click")


def contact_times(
    interactions: pd.DataFrame, lead_ids: Collection[object], settings: ContactWindowSettings, hygiene: HygieneSettings
) -> Segments:
    """Times of contacts by lead: interactions of the kinds named, else outbound ones that no machine sends."""
    if settings.kinds is not None:
        chosen = interactions["kind"].isin(settings.kinds)
    else:
        outbound = (interactions["direction"] == "outbound").fillna(value=False)
        chosen = outbound & ~interactions["kind"].isin((*hygiene.sent_kinds, *ADVERTISING))
    rows = interactions[chosen.to_numpy(bool, na_value=False)]
    lead, time = positions_of(rows["lead_id"], lead_ids), microseconds(rows["occurred_at"])
    return times_by_owner(lead[lead >= 0], time[lead >= 0], len(lead_ids))

"""Attributes of leads that repeat what their deals say: amount, closing, status, reason."""

import numpy as np
import pandas as pd

from features.deals import deals_by_lead
from features.identifiers import positions_of
from training.audit.evidence import Evidence
from training.audit.lines import attribute_line
from training.audit.measures import bars_of
from training.audit.suspects import Suspect
from training.wording import percent

REPEATED = ("amount", "closed_at", "opened_at", "status", "lost_reason")
EQUAL, LEAST_LEADS = 0.8, 20
DATE = r"\d{4}-\d{2}-\d{2}"


def check_deal_columns(evidence: Evidence) -> list[Suspect]:
    """Attributes equal to a column of the lead's first deal, for most leads that have one."""
    ids = evidence.dataset.histories.lead_ids[evidence.leads.number]
    deals = deals_by_lead(evidence.dataset.tables, evidence.settings.label.deals_of_account)
    row = positions_of(pd.Series(ids, dtype="str"), deals["lead_id"])
    if (row >= 0).sum() < LEAST_LEADS:
        return []
    mine = deals.iloc[row[row >= 0]].reset_index(drop=True)
    attributes = evidence.leads.attributes[row >= 0].reset_index(drop=True)
    found = []
    for name, values in attributes.items():
        shares = {column: _equal(values, mine[column]) for column in REPEATED}
        column = max(shares, key=lambda one: shares[one])
        if name not in evidence.tracked and shares[column] >= EQUAL:
            found.append(_suspect(evidence, str(name), column, shares[column]))
    return found


def _equal(values: pd.Series, of_deal: pd.Series) -> float:
    """Share of leads whose attribute says what their deal says; 0 where either says hardly anything."""
    both = (values.notna() & of_deal.notna()).to_numpy()
    values, of_deal = values[both], of_deal[both]
    if both.sum() < LEAST_LEADS or of_deal.nunique() < 2:
        return 0.0
    if pd.api.types.is_datetime64_any_dtype(of_deal):
        return _same_day(values, of_deal)
    if pd.api.types.is_numeric_dtype(of_deal):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        return float(np.isclose(numbers, of_deal.to_numpy(np.float64), rtol=1e-3).mean())
    return float((values.astype("str").str.lower() == of_deal.astype("str").str.lower()).mean())


def _same_day(values: pd.Series, of_deal: pd.Series) -> float:
    if not pd.api.types.is_datetime64_any_dtype(values):
        if pd.api.types.is_numeric_dtype(values) or not values.head(20).astype("str").str.match(DATE).all():
            return 0.0
        values = pd.to_datetime(values.astype("str"), errors="coerce", utc=True, format="ISO8601")
    moments = pd.to_datetime(values, utc=True)
    return float(((moments - of_deal).abs() < pd.Timedelta(days=1)).mean())


def _suspect(evidence: Evidence, name: str, column: str, share: float) -> Suspect:
    table, line = attribute_line(evidence, name)
    return Suspect(
        check="deal column",
        table=table,
        column=name,
        strength=share,
        numbers={"equal_share": share},
        sentence=f"{name} is {column} of the lead's deal for {percent(share)} of the leads that have both: it is not "
        "known before there is a deal",
        line=line,
        bars=bars_of(evidence.leads.attributes[name], evidence.leads.label),
    )

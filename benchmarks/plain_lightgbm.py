"""The peer beside the product: what a data scientist makes in an hour, by hand, for each of the public data sets.

Simple columns in pandas, one row per lead, and a LightGBM with 200 trees of 15 leaves and otherwise default settings.
It shares nothing with the product but the rows it is trained and judged on.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

TREES = 200
LEAVES = 15
WINDOWS = (30, 90, 365)
Scores = npt.NDArray[np.float64]


def plain_scores(columns: pd.DataFrame, train: pd.Index, label: npt.NDArray[np.int8], held: pd.Index) -> Scores:
    """Scores of the `held` leads by a plain LightGBM trained on the `train` leads; one per lead, in that order."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        n_estimators=TREES,
        num_leaves=LEAVES,
        # What follows changes no result: it makes the run repeatable and quiet.
        random_state=0,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbosity=-1,
    )
    model.fit(columns.loc[train], label)
    return np.asarray(model.predict_proba(columns.loc[held]))[:, 1]


def complete_journey(folder: Path) -> pd.DataFrame:
    """Recency, frequency and monetary value of the household's baskets, coupons and campaigns; demographics."""
    leads = pd.read_parquet(folder / "cj_leads.parquet")
    leads["lead_id"] = leads["household_id"].astype(str) + "-" + leads["campaign_id"].astype(str)
    demographics = pd.read_parquet(folder / "cj_demographics.parquet")
    columns = leads[["lead_id", "household_id", "campaign_type"]].merge(demographics, on="household_id", how="left")
    columns = columns.set_index("lead_id").drop(columns="household_id")
    return _categorical(columns.join(_shopping(leads, folder)).join(_campaigns(leads, folder)))


def _shopping(leads: pd.DataFrame, folder: Path) -> pd.DataFrame:
    baskets = pd.read_parquet(folder / "cj_baskets.parquet").assign(baskets=1)
    baskets["coupon_baskets"] = (baskets["coupon_disc"] > 0).astype(int)
    sums = ["baskets", "coupon_baskets", "sales_value", "retail_disc", "coupon_disc"]
    past = leads[["lead_id", "household_id", "start_date"]].merge(baskets, on="household_id")
    past["days"] = (past["start_date"] - past["timestamp"]).dt.total_seconds() / 86_400
    past = past[past["days"] > 0]
    windows = [past[past["days"] <= days].groupby("lead_id")[sums].sum().add_suffix(f"_{days}d") for days in WINDOWS]
    recency = past.groupby("lead_id")["days"].agg(["min", "max"]).add_prefix("basket_days_ago_")
    coupon = past[past["coupon_baskets"] > 0].groupby("lead_id")["days"].min().to_frame("coupon_basket_days_ago")
    return pd.concat([*windows, recency, coupon], axis=1)


def _campaigns(leads: pd.DataFrame, folder: Path) -> pd.DataFrame:
    keys = leads[["lead_id", "household_id", "start_date"]]
    pairs = keys.merge(leads[["household_id", "start_date"]], on="household_id", suffixes=("", "_earlier"))
    pairs = pairs[pairs["start_date_earlier"] < pairs["start_date"]]
    used = keys.merge(pd.read_parquet(folder / "cj_redemptions.parquet"), on="household_id")
    used["days"] = (used["start_date"] - used["redemption_date"]).dt.days
    redeemed = (
        used[used["days"] > 0]
        .groupby("lead_id")
        .agg(
            redemptions=("days", "size"),
            campaigns_redeemed=("campaign_id", "nunique"),
            redemption_days_ago=("days", "min"),
        )
    )
    columns = redeemed.reindex(keys["lead_id"]).fillna({"redemptions": 0, "campaigns_redeemed": 0})
    return columns.assign(earlier_campaigns=pairs["lead_id"].value_counts().reindex(keys["lead_id"]).fillna(0))


def x_education(folder: Path) -> pd.DataFrame:
    """The columns as they are, without those that sales fills in afterwards."""
    leads = pd.read_csv(folder / "xeducation_leads.csv.gz", index_col="Prospect ID", na_values=["Select"])
    after = ["Tags", "Lead Quality", "Lead Profile"]
    after += [str(name) for name in leads if str(name).startswith("Asymmetrique")]
    return _categorical(leads.drop(columns=[*after, "Lead Number", "Converted", "Unnamed: 37"]))


def x_education_without_last_activity(folder: Path) -> pd.DataFrame:
    """As `x_education`, without the two columns that tell how the lead's life ended."""
    return x_education(folder).drop(columns=["Last Activity", "Last Notable Activity"])


def salvirt(folder: Path) -> pd.DataFrame:
    """The columns as they are."""
    return _numbered(pd.read_csv(folder / "salvirt_b2b.csv.gz", sep=";").drop(columns="Status"))


def olist(folder: Path) -> pd.DataFrame:
    """Origin, landing page and weekday of the first contact; the month would name a moment of the past."""
    leads = pd.read_csv(folder / "olist_mql.csv.gz", index_col="mql_id", parse_dates=["first_contact_date"])
    contact = leads.pop("first_contact_date")
    return _categorical(leads.assign(weekday=contact.dt.day_of_week))


def bank_marketing(folder: Path) -> pd.DataFrame:
    """The columns as they are, without the call's duration; pdays 999 means never."""
    calls = pd.read_csv(folder / "bank_additional_full.csv.gz", sep=";").drop(columns=["duration", "y"])
    return _numbered(calls.assign(pdays=calls["pdays"].replace(999, np.nan)))


def online_shoppers(folder: Path) -> pd.DataFrame:
    """The columns as they are, without PageValues."""
    return _numbered(pd.read_csv(folder / "online_shoppers.csv.gz").drop(columns=["PageValues", "Revenue"]))


def maven(folder: Path) -> pd.DataFrame:
    """Product, agent and account."""
    deals = pd.read_csv(folder / "maven_sales_pipeline.csv.gz", index_col="opportunity_id")
    return _categorical(deals[["product", "sales_agent", "account"]])


PEERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    peer.__name__: peer
    for peer in (
        complete_journey,
        x_education,
        x_education_without_last_activity,
        salvirt,
        olist,
        bank_marketing,
        online_shoppers,
        maven,
    )
}


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their number, from 1, as the lead's id."""
    return _categorical(rows.set_index(pd.Index(range(1, len(rows) + 1)).astype(str)))


def _categorical(columns: pd.DataFrame) -> pd.DataFrame:
    text = [name for name in columns if not pd.api.types.is_numeric_dtype(columns[name])]
    return columns.astype(dict.fromkeys(text, "category"))

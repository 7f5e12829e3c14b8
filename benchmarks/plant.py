"""Leaks to plant into the tables of a simulated world: what the audit must find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.tables import Tables

Rng = np.random.Generator
Change = Callable[[Tables, Rng], Tables]


@dataclass(frozen=True, slots=True)
class Leak:
    """A planted leak: its kind, whether for a world with times, what is done, and names that count as found."""

    kind: str
    timed: bool
    what: str
    plant: Change
    found_as: tuple[str, ...]


def won(tables: Tables) -> np.ndarray:
    """Whether each row of leads is ever won; in the flat world by its outcome column."""
    if "outcome" in tables.leads:
        return (tables.leads["outcome"] == "won").to_numpy()
    ids = tables.deals.loc[tables.deals["status"] == "won", "lead_id"]
    return tables.leads["lead_id"].isin(ids).to_numpy()


def lost(tables: Tables) -> np.ndarray:
    """Whether each row of leads is lost."""
    if "outcome" in tables.leads:
        return (tables.leads["outcome"] == "lost").to_numpy()
    ids = tables.deals.loc[tables.deals["status"] == "lost", "lead_id"]
    return tables.leads["lead_id"].isin(ids).to_numpy() & ~won(tables)


def with_column(tables: Tables, name: str, values: object) -> Tables:
    """The tables with one more column of leads."""
    return replace(tables, leads=tables.leads.assign(**{name: values}))


def category(name: str, right: float) -> Change:
    """A label that says the outcome, right for this share of rows."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        says = np.where(rng.random(len(tables.leads)) < right, won(tables), ~won(tables))
        good, bad = np.array(["alpha", "beta"]), np.array(["gamma", "delta", "omega"])
        values = np.where(says, rng.choice(good, len(says)), rng.choice(bad, len(says)))
        return with_column(tables, name, pd.Series(values, tables.leads.index, dtype="str"))

    return plant


def number(name: str, shift: float) -> Change:
    """A number whose mean lies `shift` standard deviations higher for wins."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        return with_column(tables, name, rng.normal(50, 10, len(tables.leads)) + 10 * shift * won(tables))

    return plant


def filled_for(name: str, outcome: str, share: float) -> Change:
    """A column that only leads of one outcome have, this share of them; its values say nothing."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        rows = {"won": won, "lost": lost}[outcome](tables) & (rng.random(len(tables.leads)) < share)
        values = pd.Series(rng.choice(["red", "green", "blue"], len(rows)), tables.leads.index, dtype="str")
        return with_column(tables, name, values.where(rows))

    return plant


def empty_for_won(name: str, share: float) -> Change:
    """A column that everybody has, but wins lose it with this probability."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        gone = won(tables) & (rng.random(len(tables.leads)) < share)
        values = pd.Series(rng.choice(["red", "green", "blue"], len(gone)), tables.leads.index, dtype="str")
        return with_column(tables, name, values.mask(gone))

    return plant


def deal_column(name: str, column: str) -> Change:
    """A column of the deals copied to leads."""

    def plant(tables: Tables, _rng: Rng) -> Tables:
        first = tables.deals.drop_duplicates("lead_id").set_index("lead_id")[column]
        return with_column(tables, name, tables.leads["lead_id"].map(first))

    return plant


def account_column(name: str, right: float) -> Change:
    """A column of accounts that says whether one of their leads was won."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        winners = tables.leads.loc[won(tables), "account_id"].dropna()
        says = tables.accounts["account_id"].isin(winners).to_numpy()
        says = np.where(rng.random(len(says)) < right, says, ~says)
        values = pd.Series(np.where(says, "gold", "plain"), tables.accounts.index, dtype="str")
        return replace(tables, accounts=tables.accounts.assign(**{name: values}))

    return plant


def closings(tables: Tables, outcomes: tuple[str, ...]) -> pd.DataFrame:
    """First deal of each lead with one of the outcomes: lead_id, closed_at, opened_at."""
    deals = tables.deals[tables.deals["status"].isin(outcomes) & tables.deals["lead_id"].notna()]
    return deals.drop_duplicates("lead_id")[["lead_id", "closed_at", "opened_at"]].reset_index(drop=True)


def event(kind: str, outcomes: tuple[str, ...], days: tuple[float, float], share: float) -> Change:
    """Interactions dated from `days[0]` to `days[1]` after the closing, for this share of leads."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        rows = closings(tables, outcomes)
        rows = rows[rng.random(len(rows)) < share]
        lag = pd.to_timedelta(rng.uniform(*days, len(rows)), unit="D").round("us")
        return add_events(tables, rows["lead_id"], rows["closed_at"] + lag, kind)

    return plant


def event_in_life(kind: str, share: float) -> Change:
    """Interactions at any time between creation and closing, for won leads only."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        rows = closings(tables, ("won",)).merge(tables.leads[["lead_id", "created_at"]], on="lead_id")
        rows = rows[rng.random(len(rows)) < share]
        life = (rows["closed_at"] - rows["created_at"]).dt.total_seconds().to_numpy()
        lag = pd.to_timedelta(life * rng.random(len(rows)), unit="s").round("us")
        return add_events(tables, rows["lead_id"], rows["created_at"] + lag, kind)

    return plant


def add_events(tables: Tables, lead_id: pd.Series, time: pd.Series, kind: str) -> Tables:
    """The tables with more interactions of a kind, none later than the data's end."""
    new = pd.DataFrame({"lead_id": lead_id.to_numpy(), "occurred_at": time.to_numpy(), "kind": kind})
    new["occurred_at"] = pd.to_datetime(new["occurred_at"], utc=True).astype(tables.interactions["occurred_at"].dtype)
    new = new[new["occurred_at"] <= pd.Timestamp(tables.data_end)]
    accounts = tables.leads.set_index("lead_id")["account_id"]
    new["account_id"] = new["lead_id"].map(accounts)
    frame = pd.concat([tables.interactions, new.reindex(columns=tables.interactions.columns)], ignore_index=True)
    return replace(tables, interactions=frame.astype(tables.interactions.dtypes))


def assessment(criterion: str, days: tuple[float, float], share: float) -> Change:
    """A criterion noted as met around the closing of won deals."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        rows = closings(tables, ("won",))
        rows = rows[rng.random(len(rows)) < share]
        lag = pd.to_timedelta(rng.uniform(*days, len(rows)), unit="D").round("us")
        frame = pd.DataFrame({"lead_id": rows["lead_id"], "assessed_at": rows["closed_at"] + lag})
        frame = frame.assign(criterion=criterion, met=1.0)
        old = tables.assessments[tables.assessments["criterion"] != criterion]
        new = pd.concat([old, frame.reindex(columns=old.columns)], ignore_index=True).astype(old.dtypes)
        return replace(tables, assessments=new)

    return plant


def change(field: str, days: tuple[float, float], values: Mapping[str, str]) -> Change:
    """A field whose dated history begins around the closing, with a value per outcome."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        parts = [closings(tables, (outcome,)).assign(value=value) for outcome, value in values.items()]
        rows = pd.concat(parts, ignore_index=True)
        lag = pd.to_timedelta(rng.uniform(*days, len(rows)), unit="D").round("us")
        return add_changes(tables, field, rows["lead_id"], rows["closed_at"] + lag, rows["value"])

    return plant


def change_at_creation(field: str, right: float) -> Change:
    """A field that was back-dated to the creation of its lead and says the outcome."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        says = np.where(rng.random(len(tables.leads)) < right, won(tables), ~won(tables))
        value = pd.Series(np.where(says, "north", "south"), dtype="str")
        return add_changes(tables, field, tables.leads["lead_id"], tables.leads["created_at"], value)

    return plant


def add_changes(tables: Tables, field: str, lead_id: pd.Series, time: pd.Series, value: pd.Series) -> Tables:
    """The tables with a tracked field more: its history, and its last value in leads."""
    old = tables.lead_changes
    new = pd.DataFrame({"lead_id": lead_id.to_numpy(), "changed_at": time.to_numpy(), "value": value.to_numpy()})
    new["changed_at"] = pd.to_datetime(new["changed_at"], utc=True).astype(old["changed_at"].dtype)
    new = new[new["changed_at"] <= pd.Timestamp(tables.data_end)].assign(field=field)
    frame = pd.concat([old, new.reindex(columns=old.columns)], ignore_index=True).astype(old.dtypes)
    last = new.drop_duplicates("lead_id", keep="last").set_index("lead_id")["value"]
    return with_column(replace(tables, lead_changes=frame), field, tables.leads["lead_id"].map(last))


def created(how: str, share: float) -> Change:
    """Creation times of won leads replaced: by the deal's opening, midnight, or one second of an import."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        leads = tables.leads
        rows = won(tables) & (rng.random(len(leads)) < share)
        dtype = leads["created_at"].dtype
        if how == "opening":
            deals = closings(tables, ("won",)).set_index("lead_id")
            moments = leads["lead_id"].map(deals["opened_at"].fillna(deals["closed_at"]))
        elif how == "interaction":
            moments = leads["lead_id"].map(tables.interactions.groupby("lead_id")["occurred_at"].median())
        elif how == "midnight":
            moments = leads["created_at"].dt.floor("D")
        else:
            month = leads["created_at"].dt.tz_localize(None).dt.to_period("Q").dt.start_time + pd.Timedelta("40D")
            moments = (month + pd.Timedelta("9h13min7s")).dt.tz_localize("UTC")
        times = leads["created_at"].where(~rows | moments.isna(), moments).astype(dtype)
        return with_column(tables, "created_at", times)

    return plant


def sorted_rows(noise: float) -> Change:
    """Rows in an order in which wins tend to come last; `noise` in standard deviations."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        order = np.argsort(won(tables) + rng.normal(0, noise, len(tables.leads)))
        return replace(tables, leads=tables.leads.iloc[order].reset_index(drop=True))

    return plant


def renumbered(noise: float) -> Change:
    """Lead ids given so that wins tend to have the higher ones."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        order = np.argsort(np.argsort(won(tables) + rng.normal(0, noise, len(tables.leads))))
        new = pd.Series([f"lead-{place + 1:07d}" for place in order], tables.leads.index, dtype="str")
        names = dict(zip(tables.leads["lead_id"], new, strict=True))
        logs = {
            table: getattr(tables, table).assign(lead_id=getattr(tables, table)["lead_id"].map(names).astype("str"))
            for table in ("interactions", "deals", "lead_changes", "assessments", "decisions")
        }
        return replace(tables, leads=tables.leads.assign(lead_id=new), **logs)

    return plant


def running_number(name: str, noise: float) -> Change:
    """A running number that was given after the outcome."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        place = np.argsort(np.argsort(won(tables) + rng.normal(0, noise, len(tables.leads))))
        return with_column(tables, name, place.astype(float) + 1000)

    return plant


def copies(share: float) -> Change:
    """Leads copied with a new id; in the timed world up to a year later, with all that became of them."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        chosen = tables.leads[rng.random(len(tables.leads)) < share]
        new_ids = chosen["lead_id"].astype(str) + "-copy"
        names = pd.Series(new_ids.to_numpy(), index=chosen["lead_id"].to_numpy())
        lag = pd.to_timedelta(pd.Series(rng.uniform(30, 360, len(chosen)), index=names.index), unit="D").dt.round("us")
        twins = chosen.assign(lead_id=new_ids.astype("str"))
        if "outcome" in chosen:
            return replace(tables, leads=pd.concat([tables.leads, twins], ignore_index=True))
        times = twins["created_at"] + lag.to_numpy()
        twins = twins.assign(created_at=times.astype(chosen["created_at"].dtype))
        twins = twins[twins["created_at"] <= pd.Timestamp(tables.data_end)]
        deals = tables.deals[tables.deals["lead_id"].isin(chosen["lead_id"])]
        moved = {
            column: (deals[column] + deals["lead_id"].map(lag)).astype(deals[column].dtype)
            for column in ("closed_at", "opened_at")
        }
        deals = deals.assign(**moved, lead_id=deals["lead_id"].map(names).astype("str"))
        deals = deals[deals["lead_id"].isin(twins["lead_id"]) & ~(deals["closed_at"] > pd.Timestamp(tables.data_end))]
        return replace(
            tables,
            leads=pd.concat([tables.leads, twins], ignore_index=True),
            deals=pd.concat([tables.deals, deals], ignore_index=True),
        )

    return plant


def stretch(name: str, first: float, last: float, right: float) -> Change:
    """A column that says the outcome in a stretch of rows (shares of all, by time or position), nothing elsewhere."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        leads = tables.leads
        key = np.arange(len(leads)) if "outcome" in leads else leads["created_at"].rank().to_numpy()
        inside = (key >= first * len(leads)) & (key < last * len(leads))
        says = np.where(rng.random(len(leads)) < right, won(tables), ~won(tables))
        says = np.where(inside, says, rng.random(len(leads)) < 0.4)
        return with_column(tables, name, pd.Series(np.where(says, "east", "west"), leads.index, dtype="str"))

    return plant


def filled_when_closed(name: str, closed: float, still_open: float) -> Change:
    """A column that closed leads have far more often than open ones; its values say nothing."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        share = np.where(won(tables) | lost(tables), closed, still_open)
        values = pd.Series(rng.choice(["red", "green", "blue"], len(share)), tables.leads.index, dtype="str")
        return with_column(tables, name, values.where(rng.random(len(share)) < share))

    return plant


def other_when_open(name: str, moved: float) -> Change:
    """A column whose values were changed for this share of the leads that are still open."""

    def plant(tables: Tables, rng: Rng) -> Tables:
        values = rng.choice(["red", "green", "blue", "grey"], len(tables.leads))
        new = ~(won(tables) | lost(tables)) & (rng.random(len(values)) < moved)
        return with_column(tables, name, pd.Series(np.where(new, "new", values), tables.leads.index, dtype="str"))

    return plant

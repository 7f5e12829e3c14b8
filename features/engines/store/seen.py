"""What a feature store tells of its events, so that whoever asks for features can say which."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.engines.store.blocks import StoredEvents
from features.project import FeatureSettings
from features.propose import Available, Vocabulary, vocabulary_of
from features.windows import NEVER, Ints


@dataclass(frozen=True, slots=True)
class Seen:
    """All events of a store that is being updated: `latest` is the time of the newest (microseconds, or `NEVER`).

    `catalog` is that of the rows which are there (None: there are none): with any other, all are computed anew.
    """

    stored: StoredEvents
    latest: int
    catalog: Catalog | None

    @property
    def recorded(self) -> Available:
        """What there is in the data."""
        own = any((part.owner >= 0).any() for part in self.stored.parts)
        every = any(len(part.owner) for part in self.stored.parts)
        return Available(own, every, creation=bool((self.stored.histories.created != NEVER).any()))

    def vocabulary(self, before_us: int, settings: FeatureSettings) -> Vocabulary:
        """Most frequent kinds and topics among the events known before `before_us`; all events are read."""
        kinds, topics = Counter[str](), Counter[str]()
        for accounts in self.stored.blocks(np.arange(len(self.stored.histories.account_start) - 1)):
            block, _ = self.stored.block(accounts)
            seen = block.by_account.time < before_us
            kinds.update(_counts(block.by_account.kind[seen], block.kinds))
            topics.update(_counts(block.by_account.topic[seen], block.topics))
        return vocabulary_of(kinds, topics, settings)

    def touches(self, deals: pd.DataFrame) -> pd.DataFrame:
        """The interactions (lead_id, occurred_at) of the leads whose account has a deal that names no lead."""
        histories = self.stored.histories
        shared = deals.loc[deals["lead_id"].isna(), "account_id"]
        wanted = histories.leads["account_id"].isin(shared).to_numpy()
        ids, times = [np.empty(0, object)], [np.empty(0, np.int64)]
        for accounts in self.stored.blocks(np.unique(histories.account[wanted])):
            block, leads = self.stored.block(accounts)
            owner = leads[block.by_lead.owner]
            ids.append(histories.lead_ids[owner[wanted[owner]]])
            times.append(block.by_lead.time[wanted[owner]])
        moments = pd.to_datetime(np.concatenate(times), unit="us", utc=True).as_unit("us")
        return pd.DataFrame({"lead_id": pd.Series(np.concatenate(ids), dtype="str"), "occurred_at": moments})


def _counts(codes: Ints, names: tuple[str, ...]) -> dict[str, int]:
    found = np.bincount(codes[codes >= 0], minlength=len(names))
    return {name: int(found[code]) for code, name in enumerate(names) if found[code]}

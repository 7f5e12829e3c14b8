"""A lead that is scored anew between two publications has the numbers that a publication would give it."""

from serving.live.account_history import unpacked
from serving.live.rescore import Scorer, scored_rows
from serving.store.interactions import packed_histories
from serving.store.scores import OpenLead


def test_as_of_the_publication_nothing_changes(site, published):
    rows = [row for row in published.values() if row["is_open"]][::7]
    leads = [OpenLead(row["lead_id"], row["account_key"], row["value"]) for row in rows]
    with site.store.reading() as connection:
        packed = packed_histories(connection, rows[0]["publication"], [row["account_key"] for row in rows])
    scorer = Scorer(site.project, site.model.required().bundle)
    found = scored_rows(scorer, [unpacked(one) for one in packed.values()], leads, dict.fromkeys(packed, site.now))
    assert len(found) > 100
    for row, again in zip(rows, found, strict=True):
        assert again == {name: row[name] for name in again}

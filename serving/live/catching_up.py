"""Leads that wait for a new score: those of interactions that are stored, but which no request scored anew."""

from features.project import Project
from serving.live.rescore import Scorer, rescore
from serving.store.connection import Store
from serving.store.interactions import waiting_accounts
from serving.store.publications import current
from training.bundle import Bundle

AT_ONCE = 100
"""Accounts that are read and scored together."""
SLACK_US = 60_000_000
"""At the start interactions are taken for waiting that came so long before their leads were scored: a process that was
killed may have stored them while another one scored."""


class CatchingUp:
    """Scores what waits, and remembers how far it looked."""

    def __init__(self, store: Store, project: Project) -> None:
        self._store, self._project = store, project
        self._publication, self._looked_to, self._slack = 0, 0, SLACK_US

    def step(self, bundle: Bundle, now: int) -> int:
        """Score the leads that wait; how many were."""
        with self._store.reading() as connection:
            publication = current(connection)
            if publication is None:
                return 0
            if publication.id != self._publication:
                self._publication, self._looked_to = publication.id, 0
            found = waiting_accounts(connection, publication.id, self._looked_to, self._slack)
        scored, keys = 0, found.account_keys
        for at in range(0, len(keys), AT_ONCE):
            scored += len(rescore(self._store, Scorer(self._project, bundle), keys[at : at + AT_ONCE], now))
        self._looked_to, self._slack = found.looked_to, 0
        return scored

"""The guards around the app, in the order in which a request meets them."""

from functools import partial

from fastapi import FastAPI
from starlette.types import ASGIApp

from serving.identity.budget import Budget
from serving.identity.known import KnownKeys
from serving.identity.sightings import Sightings
from serving.web.auditing import write_lines
from serving.web.csrf import KnownHosts, OwnChangesOnly, known_hosts
from serving.web.headers import SecureHeaders
from serving.web.limits import LimitedBodies
from serving.web.looks import LooksFirst
from serving.web.measuring import Measured, Metrics
from serving.web.site import Site
from serving.web.turns import Turns


class GuardedApp(FastAPI):
    """An app behind its guards; they stand outside of everything, so that an error's answer has its headers as well."""

    def build_middleware_stack(self) -> ASGIApp:
        """The app's own layers inside the guards; called once, when the app starts."""
        site: Site = self.state.site
        self.state.budget = Budget(site.settings.requests_per_minute)
        self.state.known_keys = KnownKeys()
        self.state.sightings = Sightings()
        self.state.metrics = Metrics()
        app: ASGIApp = Turns(super().build_middleware_stack())
        app = LooksFirst(app, partial(write_lines, site), self.state.sightings)
        app = LimitedBodies(app, site.settings.max_body_kb * 1024)
        app = OwnChangesOnly(app, site.settings.public_url)
        app = KnownHosts(app, known_hosts(site.settings))
        return Measured(SecureHeaders(app, secure=site.is_secure), self.state.metrics)

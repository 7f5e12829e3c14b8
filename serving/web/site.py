"""The site: everything that a request needs and that was there before it, as one frozen value on the app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from features.cells import instant
from features.dates import zone_of
from features.frameworks.definition import Framework, read_frameworks
from features.oidc_settings import OidcSettings
from features.project import Project
from features.serve_settings import ServeSettings
from features.stage_settings import StageSettings
from serving.live.model_in_use import ModelInUse
from serving.live.warm_up import load_warm
from serving.store.connection import Store, open_store, store_url
from training.registry import registry_of
from training.settings import TrainingSettings, read_all

if TYPE_CHECKING:
    from serving.identity.provider import Provider


@dataclass(frozen=True, slots=True)
class Site:
    """A project as it is served. `clock` gives an aware now; nothing below the routes reads another one.

    `provider` is where people sign in with OpenID Connect, None where they do not.
    """

    project: Project
    training: TrainingSettings
    settings: ServeSettings
    store: Store
    model: ModelInUse
    clock: Callable[[], datetime]
    provider: "Provider | None"
    frameworks: Mapping[str, Framework]
    stages: StageSettings

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the project's pages."""
        return ZoneInfo(zone_of(self.project))

    @property
    def now(self) -> int:
        """Now in microseconds."""
        return instant(self.clock())

    @property
    def is_secure(self) -> bool:
        """Whether people come by https."""
        return (self.settings.public_url or "").startswith("https://")


def open_site(directory: Path, clock: Callable[[], datetime]) -> Site:
    """The site of a project folder, its store at the newest schema.

    Raises:
        ProjectFileError: the project file or the store's URL is wrong.
        SinkError: the store cannot be reached.
    """
    project, training = read_all(directory)
    settings = project.section("serve", ServeSettings)
    provider = _provider_of(project)
    frameworks = read_frameworks(project.rules, project.directory)
    stages = project.section("stages", StageSettings)
    store = open_store(store_url(project.directory, settings.store))
    model = ModelInUse(registry_of(project), load_warm)
    return Site(project, training, settings, store, model, clock, provider, frameworks, stages)


def _provider_of(project: Project) -> "Provider | None":
    """The provider of `[serve.oidc]`; where none is named, what would ask it is not loaded."""
    if project.section("serve.oidc", OidcSettings).issuer is None:
        return None
    from serving.identity.provider import provider_of

    return provider_of(project)

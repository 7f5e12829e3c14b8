"""Where a project's requests may go, from `[serve]`."""

from features.project import Project
from features.serve_settings import ServeSettings
from serving.delivery.targets import Rules


def rules_of(project: Project) -> Rules:
    """The hosts and ports that the operator allows; raises `ProjectFileError` naming the key at fault."""
    settings = project.section("serve", ServeSettings)
    return Rules(frozenset(settings.allow_private_hosts), frozenset(settings.allow_ports))

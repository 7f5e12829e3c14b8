"""The model that commands score with and tell of."""

from features.project import Project
from training.bundle import Bundle, load_bundle
from training.registry import registry_of
from training.without_sklearn import without_sklearn


def champion_of(project: Project) -> Bundle:
    """The verified bundle of a project's champion.

    Raises:
        ModelRefusedError: none yet; damaged, tampered with, or scoring differently from when it was made.
    """
    with without_sklearn():
        return load_bundle(registry_of(project).bundle_path("champion"))

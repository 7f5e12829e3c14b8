"""What is costly is made once in a run of the tests, by the worker that needs it first."""

import os
import shutil

from training.locks import held


def made_once(factory, name, make):
    """The folder `name`, which `make` filled in the worker that came first; it is there to be copied."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # of all workers
    folder, done = place / "once" / name, place / "once" / f"{name}.done"
    with held(place / "once" / f"{name}.lock", f"making {name}", 900):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder

"""What the server does not load, since it would answer later: looked up in a process of its own."""

import os
import subprocess
import sys

from sites import site_in

from features.project import read_project
from training.registry import registry_of

NEVER = {"mlflow", "shap", "sklearn", "matplotlib", "optuna", "openpyxl", "scipy.stats", "scipy.optimize"}
"""What no request needs: two of them alone take longer to load than all the rest."""
LATER = {"lightgbm", "scipy.special", "alembic", "duckdb", "joserfc", "cryptography", "httpcore2"}
"""What the first page does not need."""
PAGE = """
from serving.commands import loaded
loaded("serve")
from pathlib import Path
from serving.web.app import create_app
from sites import PAGE, Clock, client_of
from serving.web.site import open_site
app = create_app(open_site(Path(sys.argv[1]), Clock()))
assert client_of(app).get("/sign-in", headers=PAGE).status_code == 200
"""
MODEL = """
from pathlib import Path
from serving.live.warm_up import load_warm
assert load_warm(Path(sys.argv[1])).version
"""


def loaded_among(names, program, argument):
    """Modules of these names that a program has loaded at its end."""
    code = f"import sys{program}print(*{names} & {{name for name, module in sys.modules.items() if module}})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", code, str(argument)]
    return set(subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout.split())


def test_the_first_page_waits_for_no_library_that_it_does_not_need(tmp_path):
    site_in(tmp_path).store.close()
    assert loaded_among(NEVER | LATER, PAGE, tmp_path) == set()


def test_a_model_is_loaded_without_what_only_training_needs(world):
    path = registry_of(read_project(world)).bundle_path("champion")
    assert loaded_among(NEVER | {"lightgbm"}, MODEL, path) == {"lightgbm"}

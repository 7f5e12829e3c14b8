"""The systems that are measured: which module runs each, in which environment."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OWN = "own"


@dataclass(frozen=True, slots=True)
class System:
    """`module` runs in `environment`: our own, or the one that `requirements-ENVIRONMENT.txt` describes."""

    title: str
    module: str
    environment: str = OWN

    @property
    def is_floor(self) -> bool:
        return self.module.startswith("scan_")


SYSTEMS = {
    system.module: system
    for system in (
        System("scan of 4 columns, Arrow", "scan_arrow"),
        System("scan of 4 columns, DuckDB", "scan_duckdb"),
        System("**Ripelead**", "ripelead_engine"),
        System("Ripelead, in-memory path", "ripelead_memory"),
        System("DuckDB SQL, packed sums", "duckdb_packed"),
        System("DuckDB SQL, running sums and as-of joins", "duckdb_prefix"),
        System("DuckDB SQL, ordinary (`filter`)", "duckdb_sql"),
        System("Polars streaming, join and aggregate", "polars_peer", "polars"),
        System("Polars in memory, running sums", "polars_prefix", "polars"),
        System("pandas", "pandas_peer"),
        System("featuretools with cutoff times", "featuretools_peer", "featuretools"),
    )
}
OURS = "ripelead_engine"


def python_of(system: System, work: Path) -> Path:
    """Interpreter of the system's environment, which is made under `work` the first time it is asked for."""
    if system.environment == OWN:
        return Path(sys.executable)
    wanted = (HERE / f"requirements-{system.environment}.txt").read_text()
    folder = work / f"environment-{system.environment}"
    made_for = folder / "made-for.txt"
    if not made_for.exists() or made_for.read_text() != wanted:
        _make(folder, system.environment)
        made_for.write_text(wanted)
    return (folder / "bin" / "python").absolute()


def _make(folder: Path, environment: str) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--clear", "--no-config", "--python", sys.executable, folder], check=True)
    requirements = str(HERE / f"requirements-{environment}.txt")
    install = [uv, "pip", "install", "--quiet", "--no-config", "--python", str(folder / "bin" / "python")]
    subprocess.run([*install, "-r", requirements], check=True)

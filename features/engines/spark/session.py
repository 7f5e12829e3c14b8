"""A Spark session set up for the product, and its files: code for the workers, folders that appear as a whole."""

import os
import sys
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import features
from features.engines.spark import worker_code
from features.engines.spark.java import java_home, spark_java_home
from features.errors import ProjectFileError, SinkError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = "Spark is not installed: pip install 'ripelead[spark]', or leave out --engine spark"
# What the product needs; a user's own spark-defaults.conf and `options` come first where they say something else.
_SETTINGS: Mapping[str, str] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "WARN",
    "spark.sql.adaptive.enabled": "true",
    # A plan of three hundred features is long; Spark would warn about that.
    "spark.sql.debug.maxToStringFields": "2000",
    # Rows are read by Python, which takes longer than reading bytes: smaller shares keep all cores busy.
    "spark.sql.files.maxPartitionBytes": "32m",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}
# What results rest on: nobody may change these.
_FIXED: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.caseSensitive": "true",
    # Any encoding that the project file names; Spark alone knows seven.
    "spark.sql.legacy.javaCharsets": "true",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running session and the name of the archive with the product's code on its workers."""

    session: "SparkSession"
    archive: str


@contextmanager
def spark_cluster(master: "str | SparkSession", options: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A session on `master` (`spark://host:7077`, `local[4]`, …), stopped at the end; or a running one, left running.

    `options` are Spark properties of a new session. A process can hold one session at a time.

    Raises:
        ProjectFileError: no pyspark, no Java, no such master, or a session that runs already.
    """
    if not isinstance(master, str):
        for name, value in _FIXED.items():
            master.conf.set(name, value)
        yield Cluster(master, _shipped(master))
        return
    _refuse_without_pyspark()
    _refuse_second_session()
    with _environment(master), quiet():
        session = _started(master, {**_settings(options or {}), **_FIXED})
    try:
        with spark_cluster(session) as cluster:
            yield cluster
    finally:
        session.stop()


def _refuse_second_session() -> None:
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession() is not None:
        raise ProjectFileError("a Spark session runs in this process already: pass it instead of a master, or stop it")


def _refuse_without_pyspark() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise ProjectFileError(INSTALL) from error


@contextmanager
def quiet() -> Iterator[None]:
    """PySpark warns about every pandas 3, and pandas about what pyarrow asks of it: nobody here can mend either."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        warnings.filterwarnings("ignore", message="Series.values returning", category=DeprecationWarning)
        yield


@contextmanager
def _environment(master: str) -> Iterator[None]:
    """Java for the driver, and for workers on this machine its Python."""
    wanted = {"JAVA_HOME": str(spark_java_home(java_home(), worker_code.own_folder()))}
    if _on_this_machine(master):
        here = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        wanted |= {name: os.environ.get(name, value) for name, value in here.items()}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _on_this_machine(master: str) -> bool:
    return master.startswith("local") or urlsplit(master).hostname in ("127.0.0.1", "localhost")


def _settings(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in _SETTINGS.items() if name not in options} | dict(options)


def _started(master: str, settings: Mapping[str, str]) -> "SparkSession":
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("ripelead")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise ProjectFileError(
            f"--master {master}: Spark could not start there: {first_line(error)}. Expected a running master such as "
            "spark://host:7077, or local[*] for this machine"
        ) from error


def first_line(error: Exception) -> str:
    """What went wrong, without the Java stack."""
    cause = getattr(error, "java_exception", None)
    text = str(cause.toString()) if cause is not None else str(error)
    return next((line.strip().rstrip(".") for line in text.splitlines() if line.strip()), type(error).__name__)


def _shipped(session: "SparkSession") -> str:
    """Hand the code of the product to all workers; its functions there are sent by value.

    The archive stays: executors that come later ask for it, also after the product has done its work in a session.
    """
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(worker_code)  # type: ignore[no-untyped-call]
    archive = worker_code.write_archive(worker_code.code_root(features.__file__ or ""), worker_code.own_folder())
    session.sparkContext.addFile(str(archive))
    return archive.name


class Folders:
    """Folders of one run on any file system that Spark writes to; `scratch` is beside `out` and removed at the end."""

    def __init__(self, session: "SparkSession", out: str) -> None:
        self._jvm: Any = session.sparkContext._jvm
        self._configuration = session.sparkContext._jsc.hadoopConfiguration()
        self.out = out if urlsplit(out).scheme else Path(out).resolve().as_uri()
        parent, _, name = self.out.rstrip("/").rpartition("/")
        self.scratch = f"{parent}/.{name}.{uuid.uuid4().hex[:8]}.part"

    def _path(self, name: str) -> Any:  # noqa: ANN401 - a Java object
        return self._jvm.org.apache.hadoop.fs.Path(name)

    def _files(self, name: str) -> Any:  # noqa: ANN401 - a Java object
        return self._path(name).getFileSystem(self._configuration)

    @contextmanager
    def scratch_folder(self) -> Iterator[str]:
        """The scratch folder, made before the work, so that a place that cannot be written is found first.

        Raises:
            SinkError: it cannot be made.
        """
        with self._refusals():
            self._files(self.scratch).mkdirs(self._path(self.scratch))
        try:
            yield self.scratch
        finally:
            with suppress(Exception):
                self._files(self.scratch).delete(self._path(self.scratch), True)

    def put(self, source: str, target: str) -> None:
        """Rename the folder `source` to `target`, an older one there is replaced; `_SUCCESS` is written last."""
        files, old = self._files(target), f"{target}.{uuid.uuid4().hex[:8]}.old"
        with self._refusals():
            files.delete(self._path(f"{source}/_SUCCESS"), False)
            if files.exists(self._path(target)):
                files.rename(self._path(target), self._path(old))
            if not files.rename(self._path(source), self._path(target)):
                raise SinkError(f"cannot write {target}: the folder cannot be renamed to that")
            files.create(self._path(f"{target}/_SUCCESS")).close()
            files.delete(self._path(old), True)

    def remove(self, target: str) -> None:
        """Remove a folder, as far as it is there."""
        with self._refusals():
            self._files(target).delete(self._path(target), True)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        from py4j.protocol import Py4JJavaError

        try:
            yield
        except Py4JJavaError as error:
            raise SinkError(f"cannot write {self.out}: {first_line(error)}") from error

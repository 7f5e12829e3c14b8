"""Memory goes back where the C library can give it, and nothing else happens where it cannot."""

import ctypes

import pytest

from features import memory


def test_memory_is_given_back_as_often_as_asked():
    memory.give_back()
    memory.give_back()


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_c_libraries_are_left_alone(monkeypatch, error):
    def refuse(_name):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert memory._of_the_c_library()() is None

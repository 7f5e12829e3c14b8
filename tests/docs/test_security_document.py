"""The document about the server's safety says what the tables in the code say."""

from pathlib import Path

import pytest

from serving.identity.audit import READINGS
from serving.identity.roles import ALLOWED, PERMISSIONS, ROLES

TEXT = (Path(__file__).parents[2] / "docs" / "server-security.md").read_text(encoding="utf-8")
ROWS = {
    cells[1]: cells[2:] for cells in (list(map(str.strip, line.split("|"))) for line in TEXT.splitlines()) if cells[2:]
}


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_the_document_has_the_roles_of_every_permission(permission):
    assert ROWS["permission"][1 : 1 + len(ROLES)] == list(ROLES)
    assert [mark == "x" for mark in ROWS[f"`{permission}`"][1 : 1 + len(ROLES)]] == [
        permission in ALLOWED[role] for role in ROLES
    ]


def test_the_document_has_every_purpose():
    assert {f"`{purpose}`" for purpose in READINGS} <= set(ROWS)

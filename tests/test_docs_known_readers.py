"""What docs/known-readers.md shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service.domain.known_readers import BADGE_MAX, LONGEST_LIFE, SUBJECT_MAX
from tests.driver import make_site
from tests.reader_tokens import as_known, secret_of

TEXT = (Path(__file__).parents[1] / "docs" / "known-readers.md").read_text()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_example_in_python_signs_a_reader_in(app: Flask) -> None:
    site = make_site(app, limits="off")
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    example: dict[str, Any] = {}
    exec(source, example)
    for user in ({"id": 17, "is_staff": True}, {"id": 18, "is_staff": False}):
        known = user | {"name": "Ada Okafor", "email": "ada@example.org"}
        token = example["reader_token"](secret_of(site), site.slug, known)
        author = site.receipt(site.submitted(**as_known(token)))["author"]
        assert (author["name"], author["badge"]) == ("Ada Okafor", "Staff" if user["is_staff"] else None)


def test_the_bounds_that_it_tells_are_those_that_hold() -> None:
    assert f"up to {SUBJECT_MAX} characters" in TEXT
    assert f"up to {BADGE_MAX} characters" in TEXT
    assert f"{LONGEST_LIFE.total_seconds() / 3600:g} hours apart at most" in TEXT

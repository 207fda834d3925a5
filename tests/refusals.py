"""What every refusal has to look like, and the proof that it stored nothing.

with nothing_stored(site):
    refused(site.submit(name=""), 422, "invalid")
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.extensions import db
from service.store.models import SiteRow
from tests.driver import SiteDriver


def refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Check that a response is the problem document (RFC 9457) of this code in full, and return it."""
    assert (response.status_code, response.content_type) == (status, "application/problem+json"), response.text
    body: dict[str, Any] = json.loads(response.data)
    assert body["code"] == code, response.text
    assert body["status"] == status
    assert body["type"] == f"/docs/errors/{code}"
    assert all(isinstance(body[member], str) and body[member] for member in ("title", "detail"))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert ("errors" in body) == (status == 422 and code != "idempotency_key_reused")
    for fault in body.get("errors", []):
        assert set(fault) == {"field", "code", "detail"}
        assert all(isinstance(value, str) and value for value in fault.values())
    return body


def refused_fields(response: TestResponse) -> dict[str, str]:
    """Check that a response is a full 422 `invalid`, and return the code of every field that it names."""
    return {fault["field"]: fault["code"] for fault in refused(response, 422, "invalid")["errors"]}


@contextmanager
def nothing_stored(site: SiteDriver) -> Iterator[None]:
    """Fail where the block adds or removes a row of the site: an article, an author, a comment, an answer to a key."""
    before = rows_of(site)
    yield
    assert rows_of(site) == before


def rows_of(site: SiteDriver) -> dict[str, int]:
    """Count the rows that belong to the site in every table that says whose they are."""
    with site.app.app_context():
        site_id = db.session.scalar(select(SiteRow.id).where(SiteRow.slug == site.slug))
        tables = [table for table in db.metadata.sorted_tables if "site_id" in table.c]
        counted = {
            table.name: db.session.execute(
                select(func.count()).select_from(table).where(table.c.site_id == site_id)
            ).scalar_one()
            for table in tables
        }
        db.session.rollback()
    return counted

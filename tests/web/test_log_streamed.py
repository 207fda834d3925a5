"""The export of the log goes out in pieces, and holds nothing open between them."""

from __future__ import annotations

import pytest
from flask import has_app_context, has_request_context
from werkzeug.test import create_environ, run_wsgi_app

from tests.driver import SiteDriver


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_no_context_stays_open_where_a_client_goes_in_the_middle(site: SiteDriver, form: str) -> None:
    for _ in range(3):
        site.approve(site.submitted()["id"])
    environ = create_environ(f"/v1/moderation/log/export?format={form}", headers=site.bearer)
    pieces, status, _ = run_wsgi_app(site.app.wsgi_app, environ)
    assert status == "200 OK"
    assert next(iter(pieces))
    assert not has_request_context()
    assert not has_app_context()
    # The client goes: what is left is thrown away in the middle of another request.
    with site.app.test_request_context("/"):
        del pieces
        assert has_request_context()
    assert site.client.get("/healthz").status_code == 200

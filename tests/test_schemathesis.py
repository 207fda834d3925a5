"""Anything at all is sent to every operation of openapi.yaml; what comes back is what the document promises.

The run is bounded and derandomised: the same requests each time, whatever the machine.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site

BOUNDED = settings(
    max_examples=10 if os.environ.get("EVERYTHING") else 3,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
WITHOUT_BOUNDARIES = settings(BOUNDED, phases=[hypothesis.Phase.generate])
"""Less of the same: the boundary values that schemathesis adds were sent by a stranger already."""

CONFORMANCE: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
JUDGEMENT: list[Any] = [negative_data_rejection, ignored_auth, unsupported_method]
"""Checks of what was generated; they mean nothing once a request has been changed by hand."""

api = schemathesis.openapi.from_path(Path(__file__).parent.parent / "openapi.yaml")
_clients = itertools.count()


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteDriver]:
    """A site without limits, behind one proxy, so that every request can come from a client of its own."""
    folder = tmp_path_factory.mktemp("instance")
    app = create_app(settings_for(f"sqlite:///{folder / 'fuzzed.sqlite3'}", redis_url, folder, trusted_proxies=1))
    with app.app_context():
        upgrade()
    yield make_site(app, limits="off")
    with app.app_context():
        db.engine.dispose()


def from_a_new_client() -> dict[str, str]:
    number = next(_clients)
    # The transport in process decodes no answer, so it must ask for none that is compressed.
    return {"X-Forwarded-For": f"198.18.{number // 250}.{number % 250}", "Accept-Encoding": "identity"}


@api.parametrize()
@BOUNDED
def test_anything_sent_by_a_stranger_gets_a_documented_answer(case: Case[Any], site: SiteDriver) -> None:
    case.call_and_validate(app=site.app, headers=from_a_new_client(), checks=CONFORMANCE + JUDGEMENT)


@api.include(path_regex="^/v1/(moderation|articles|comments$)").parametrize()
@BOUNDED
def test_anything_sent_with_a_token_gets_a_documented_answer(case: Case[Any], site: SiteDriver) -> None:
    case.call_and_validate(
        app=site.app,
        headers=from_a_new_client() | site.bearer,
        checks=[*CONFORMANCE, negative_data_rejection, unsupported_method],
    )


@api.parametrize()
@WITHOUT_BOUNDARIES
def test_anything_sent_about_what_exists_gets_a_documented_answer(case: Case[Any], site: SiteDriver) -> None:
    """The generated request, led past the first refusals: to a site, an article, a comment and a receipt that exist."""
    # Under another article: one of the requests will close the first.
    sent = site.published(article=f"{site.origin}/articles/2")
    for parameters in (case.query, case.body):
        if isinstance(parameters, dict):
            known = {"site": site.slug, "article": site.article, "key": site.article, "email": "ada@example.org"}
            parameters.update({name: value for name, value in known.items() if name in parameters})
    if "token" in case.path_parameters:
        case.path_parameters["token"] = sent["receipt"]["token"]
    if "comment_id" in case.path_parameters:
        case.path_parameters["comment_id"] = sent["id"]
    case.call_and_validate(app=site.app, headers=from_a_new_client() | site.bearer, checks=CONFORMANCE)

"""`/desk/site/readers`: admins set what known readers gain, and what their tokens are signed with."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask

from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.reader_tokens import as_known, token_by

KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    return make_site(app, limits="off")


@pytest.fixture
def ada(site: SiteDriver) -> DeskBrowser:
    return signed_in(site, role="admin", name="Ada")


def sent(browser: DeskBrowser, site: SiteDriver, do: str, **fields: str) -> tuple[int, str]:
    answer = browser.post(f"/desk/site/readers?site={site.slug}", do=do, **fields)
    return answer.status_code, html.unescape(answer.text)


def opened(browser: DeskBrowser, site: SiteDriver) -> str:
    return html.unescape(browser.get("/desk/site/readers", site=site.slug).text)


def test_a_secret_is_made_shown_once_changed_and_ended(ada: DeskBrowser, site: SiteDriver) -> None:
    assert "does not sign its readers in" in ada.get("/desk/site", site=site.slug).text
    status, page = sent(ada, site, "secret")
    assert status == 200
    (secret,) = re.findall(r"pbk_[\w-]{43}", page)
    assert secret not in opened(ada, site)
    known = site.submitted(**as_known(token_by(secret, site, badge="Staff")))
    assert "The site signs its readers in." in ada.get("/desk/site", site=site.slug).text
    item = ada.get(f"/desk/comments/{known['id']}", site=site.slug).text
    assert "known to the site" in item
    assert '<span class="badge">Staff</span>' in item
    assert sent(ada, site, "secret")[0] == 200
    page = opened(ada, site)
    assert "the older one" in page
    assert "Make another secret" not in page
    status, refused = sent(ada, site, "secret")
    assert status == 422
    assert "end the older one first" in refused
    first = re.findall(r'name="secret" value="([^"]+)"', page)[0]
    assert sent(ada, site, "end_secret", secret=first)[0] == 303
    assert "the older one" not in opened(ada, site)
    assert sent(ada, site, "end_secret", secret=first)[0] == 404
    assert sent(ada, site, "end_secret", secret="first")[0] == 404


def test_a_key_set_that_is_refused_stays_as_it_was_typed(ada: DeskBrowser, site: SiteDriver) -> None:
    for wrong, words in (("{", "A key set is JSON such as"), (json.dumps({"keys": [KEY | {"d": "x"}]}), "private")):
        status, page = sent(ada, site, "key_set", key_set=wrong)
        assert status == 422
        assert words in page
        assert f"{wrong}</textarea>" in page
    assert sent(ada, site, "key_set", key_set=json.dumps({"keys": [KEY]}))[0] == 303
    assert "<bdi>2026</bdi>" in opened(ada, site)
    assert sent(ada, site, "end_set")[0] == 303
    assert sent(ada, site, "end_set")[0] == 404


def test_what_they_gain_is_chosen_and_told_where_it_does_not_count(ada: DeskBrowser, site: SiteDriver) -> None:
    assert "which is not what" in opened(ada, site)
    assert sent(ada, site, "trust", trust="trusted")[0] == 303
    assert '<option value="trusted" selected>' in opened(ada, site)
    assert sent(ada, site, "trust", trust="everything")[0] == 422
    log = ada.get("/desk/log", site=site.slug, kind="site").text
    assert "What known readers gain" in log
    assert "proven → trusted" in log


def test_who_may_change_nothing_sees_no_forms(site: SiteDriver) -> None:
    page = opened(signed_in(site, role="viewer"), site)
    assert "Only admins change it." in page
    assert "<button" not in page.split("<main")[1].split("</main>")[0]

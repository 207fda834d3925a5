"""`/desk/site/opinions`: admins set whom the site asks, try it, and see each secret once."""

from __future__ import annotations

import html
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.http_host import saying, serving

KEY = "0123456789ab"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture(scope="module")
def own_app(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return an application that may call this machine."""
    folder = tmp_path_factory.mktemp("desk-opinions")
    here = (ipaddress.ip_network("127.0.0.0/8"),)
    app = create_app(settings_for(f"sqlite:///{folder / 'own.sqlite'}", redis_url, folder, outgoing_allow=here))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def site(own_app: Flask) -> SiteDriver:
    return make_site(own_app, limits="off")


@pytest.fixture
def ada(site: SiteDriver) -> DeskBrowser:
    return signed_in(site, role="admin", name="Ada")


def sent(browser: DeskBrowser, site: SiteDriver, do: str, **fields: str) -> TestResponse:
    return browser.post(f"/desk/site/opinions?site={site.slug}", do=do, **fields)


def opened(browser: DeskBrowser, site: SiteDriver) -> str:
    page = browser.get("/desk/site/opinions", site=site.slug)
    assert page.status_code == 200
    return html.unescape(page.text)


def secret_on(page: TestResponse) -> str:
    assert page.status_code == 200, page.text
    found = SECRET.findall(html.unescape(page.text).replace("whsec_</code>", ""))
    assert len(found) == 1
    return str(found[0])


def logged(site: SiteDriver) -> list[dict[str, object]]:
    """Return what the changes of the site's settings changed, the newest first."""
    answer = site.client.get("/v1/moderation/log", query_string={"kind": "site"}, headers=site.bearer)
    return [entry["details"] for entry in answer.get_json()["entries"]]


def test_a_hook_is_asked_and_its_secret_stands_on_the_answer_alone(ada: DeskBrowser, site: SiteDriver) -> None:
    assert "Not asked." in opened(ada, site)
    assert "Nobody else is asked" in ada.get("/desk/site", site=site.slug).text
    secret = secret_on(sent(ada, site, "ask_hook", url=" https://a.example/screen "))
    page = opened(ada, site)
    assert "https://a.example/screen" in page
    assert secret not in page
    assert "a server of the site’s own is asked" in ada.get("/desk/site", site=site.slug).text
    assert logged(site)[0] == {"asks_hook": [None, "https://a.example/screen"]}


def test_another_address_keeps_the_secret_and_a_new_secret_keeps_the_address(
    ada: DeskBrowser, site: SiteDriver
) -> None:
    with serving(saying(b'{"verdict": "note"}')) as asked:
        first = secret_on(sent(ada, site, "ask_hook", url="https://a.example/screen"))
        moved = sent(ada, site, "ask_hook", url=f"{asked.url}/b")
        assert moved.status_code == 303
        assert "The address is saved" in ada.get(moved.headers["Location"]).text
        sent(ada, site, "try_hook")
        second = secret_on(sent(ada, site, "renew_secret"))
        sent(ada, site, "try_hook")
    (_, by_first, body), (path, by_second, later) = asked
    assert path == "/b"
    assert Webhook(first).verify(body, by_first)["data"]["test"] is True
    assert Webhook(second).verify(later, by_second)["data"]["test"] is True
    assert first != second
    assert logged(site)[:2] == [
        {"hook_secret": ["an earlier one", "a new one"]},
        {"asks_hook": ["https://a.example/screen", f"{asked.url}/b"]},
    ]
    before = logged(site)
    assert sent(ada, site, "ask_hook", url=f"{asked.url}/b").status_code == 303
    assert logged(site) == before, "what was as before is no change"


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (saying(b'{"verdict": "hold", "reason": "<b>"}'), "200", "This works.</strong> The site's hook wants"),
        (saying(b"<h1>Gone</h1>", 404), "404", "The hook answered with status 404; 200 is expected."),
        (saying(b"{}"), "200", "`verdict` in the answer is one of"),
    ],
    ids=["good", "gone", "nonsense"],
)
def test_a_hook_that_is_tried_shows_what_came_back(
    ada: DeskBrowser, site: SiteDriver, answer: object, status: str, told: str
) -> None:
    with serving(answer) as asked:  # type: ignore[arg-type]
        sent(ada, site, "ask_hook", url=asked.url)
        before = logged(site)
        page = sent(ada, site, "try_hook")
        told_by_api = site.client.post("/v1/moderation/opinions/hook/trials", headers=site.bearer).get_json()
    assert page.status_code == 200
    assert f"<dd>{status}</dd>" in page.text
    assert told in html.unescape(page.text)
    assert "<h1>Gone" not in page.text
    assert told_by_api["status"] == int(status)
    assert (told_by_api["problem"] is None) == (told_by_api["verdict"] == "hold")
    assert logged(site) == before


def test_nobody_answers_where_no_server_is_and_none_is_tried_where_none_is_asked(
    ada: DeskBrowser, site: SiteDriver
) -> None:
    refused = sent(ada, site, "try_hook")
    assert refused.status_code == 404
    assert "Nobody of this kind is asked." in refused.text
    with serving(saying(b"")) as gone:
        pass
    sent(ada, site, "ask_hook", url=gone.url)
    page = sent(ada, site, "try_hook")
    assert "<dd>no answer</dd>" in page.text
    assert "could not be called" in page.text


def test_a_hook_that_leads_inside_is_not_tried(redis_url: str, tmp_path: Path) -> None:
    closed = create_app(settings_for(f"sqlite:///{tmp_path / 'closed.sqlite'}", redis_url, tmp_path))
    with closed.app_context():
        upgrade()
    site = make_site(closed, limits="off")
    ada = signed_in(site, role="admin")
    with serving(saying(b"inside")) as asked:
        sent(ada, site, "ask_hook", url=asked.url)
        page = sent(ada, site, "try_hook")
    assert asked == []
    assert "is not on the public internet" in page.text
    with closed.app_context():
        db.engine.dispose()


def test_a_key_of_akismet_is_never_shown_and_goes_to_the_server_that_is_set(ada: DeskBrowser, site: SiteDriver) -> None:
    assert sent(ada, site, "ask_akismet", key=KEY).status_code == 303
    assert "https://rest.akismet.com/1.1/" in opened(ada, site)
    said = {"key": KEY, "url": "https://spam.example/1.1"}
    site.client.put("/v1/moderation/opinions/akismet", json=said, headers=site.bearer)
    assert sent(ada, site, "ask_akismet", key=f"{KEY}c").status_code == 303
    page = opened(ada, site)
    assert "https://spam.example/1.1/" in page
    assert KEY not in page
    assert logged(site)[0] == {"akismet_secret": ["an earlier one", "a new one"]}
    for kind in ("akismet", "hook"):
        gone = sent(ada, site, f"{kind}_no_more")
        assert gone.status_code == (303 if kind == "akismet" else 404)
    assert logged(site)[0] == {"asks_akismet": ["https://spam.example/1.1/", None]}


@pytest.mark.parametrize(
    ("do", "field", "typed"),
    [
        ("ask_hook", "url", "ftp://example.org/<b>"),
        ("ask_hook", "url", ""),
        ("ask_akismet", "key", "k" * 101),
        ("ask_akismet", "key", " "),
    ],
)
def test_a_refusal_keeps_what_was_typed_beside_what_is_wrong(
    ada: DeskBrowser, site: SiteDriver, do: str, field: str, typed: str
) -> None:
    page = sent(ada, site, do, **{field: typed})
    assert page.status_code == 422
    assert f'id="{field}-fault"' in page.text
    (shown,) = re.findall(rf'<input id="{field}"[^>]*? value="([^"]*)"', page.text)
    assert html.unescape(shown) == typed
    assert site.client.get("/v1/moderation/opinions", headers=site.bearer).get_json() == {"opinions": []}


def test_what_no_form_of_the_page_sends_is_refused_in_words(ada: DeskBrowser, site: SiteDriver) -> None:
    page = sent(ada, site, "burn")
    assert page.status_code == 422
    assert 'role="alert"' in page.text


@pytest.mark.parametrize("role", ["moderator", "viewer"])
def test_who_is_no_admin_sees_whom_the_site_asks_and_changes_nothing(
    ada: DeskBrowser, site: SiteDriver, role: str
) -> None:
    secret = secret_on(sent(ada, site, "ask_hook", url="https://a.example/screen"))
    noor = signed_in(site, role=role)
    page = opened(noor, site)
    assert "https://a.example/screen" in page
    assert secret not in page
    assert 'name="do"' not in page
    for do in ("ask_hook", "renew_secret", "try_hook", "hook_no_more", "ask_akismet", "akismet_no_more"):
        assert sent(noor, site, do, url="https://b.example/", key=KEY).status_code == 403


def test_a_key_is_not_kept_in_a_form_that_comes_too_late(ada: DeskBrowser, site: SiteDriver) -> None:
    ada.sign_out()
    page = ada.client.post(f"/desk/site/opinions?site={site.slug}", data={"do": "ask_akismet", "key": KEY})
    assert KEY not in page.text

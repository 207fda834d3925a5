"""Refusals at the desk: with its menu around them, how to go on, and nothing lost of what was typed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from service import create_app
from service.extensions import db
from service.web.desk.browsers import browser_words
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import PASSWORD, DeskBrowser, new_moderator, signed_in
from tests.driver import SiteDriver, make_site

UNKNOWN = "00000000-0000-7000-8000-000000000000"
MENU = ["Queue", "Log", "Numbers", "Articles", "Rules", "Site"]
PAGES = ("", "/log", "/stats", "/articles", "/site", "/account")


def menu_of(page: str) -> list[str]:
    """Return the words of the desk's menu on a page."""
    found = re.search(r'<nav aria-label="Desk">(.*?)</nav>', page, re.DOTALL)
    return [] if found is None else re.findall(r"<a [^>]*>([^<]+)</a>", found[1])


def main_of(page: str) -> str:
    """Return what a page says, as text."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


@pytest.fixture
def own(redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application whose database is a file in a folder of this test."""
    (tmp_path / "data").mkdir()
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'data' / 'own.sqlite'}", redis_url, tmp_path / "instance"))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@contextmanager
def database_away(app: Flask, tmp_path: Path) -> Iterator[None]:
    """Take the database of `own` away for a block."""
    with app.app_context():
        db.engine.dispose()
    away = (tmp_path / "data").rename(tmp_path / "away")
    yield
    away.rename(tmp_path / "data")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/desk/nothing", 404, "Nothing has this address."),
        (f"/desk/comments/{UNKNOWN}", 404, "There is no such comment."),
        ("/desk/moderators", 403, "this takes an admin."),
        ("/desk/decisions", 405, "This address only takes forms."),
        ("/desk/log?site=elsewhere", 403, "You have no role on this site."),
    ],
)
def test_a_refusal_stands_within_the_desk(site: SiteDriver, address: str, status: int, told: str) -> None:
    answer = signed_in(site).client.get(address, headers={"Accept-Language": "de"})
    assert (answer.status_code, told in main_of(answer.text)) == (status, True)
    assert menu_of(answer.text) == MENU
    assert f'href="/desk?site={site.slug}">To the queue' in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_strangers_find_the_way_to_sign_in(site: SiteDriver) -> None:
    answer = site.client.get("/desk/nothing")
    assert (answer.status_code, menu_of(answer.text)) == (404, [])
    assert 'href="/desk/sign-in">Sign in' in answer.text


def test_the_account_keeps_the_menu_of_the_site_it_was_opened_from(app: Flask, site: SiteDriver) -> None:
    noor, other = signed_in(site, "viewer"), make_site(app)
    admin = signed_in(other, "admin")
    link = re.search(
        r"/desk/invitations/[\w-]+", admin.post("/desk/moderators", do="invite", name="N", role="admin").text
    )
    assert link is not None
    noor.post(link[0])
    assert "Moderators" not in menu_of(noor.get("/desk/account", site=site.slug).text)
    assert "Moderators" in menu_of(noor.get("/desk/account", site=other.slug).text)
    renamed = noor.post(f"/desk/account/name?site={other.slug}", name="Noor II")
    assert renamed.location == f"/desk/account?site={other.slug}&done=name"


def test_while_the_database_is_away_a_page_says_so_and_can_be_tried_again(own: Flask, tmp_path: Path) -> None:
    site = make_site(own)
    noor = signed_in(site)
    with database_away(own, tmp_path):
        answer = noor.get("/desk/log", site=site.slug, kind="undo")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "The database does not answer" in main_of(answer.text)
        assert menu_of(answer.text) == MENU
        assert f'href="/desk/log?site={site.slug}&amp;kind=undo">Try again' in answer.text
        refused = DeskBrowser(own, noor.email).sign_in()
        assert (refused.status_code, noor.email in refused.text, PASSWORD in refused.text) == (503, True, False)
    assert noor.get("/desk/log", site=site.slug).status_code == 200


def test_while_the_database_is_away_a_note_stays_in_its_field(own: Flask, tmp_path: Path) -> None:
    site = make_site(own)
    noor, sent = signed_in(site), site.submitted()["id"]
    token = noor.csrf
    form = {"csrf": token, "comment_id": sent, "text": "Typed <with> care.", "about": "author"}
    with database_away(own, tmp_path):
        answer = noor.client.post(f"/desk/notes?site={site.slug}", data=form)
        assert (answer.status_code, "Typed &lt;with&gt; care." in answer.text) == (503, True)
        assert f'action="/desk/notes?site={site.slug}"' in answer.text
        forged = noor.client.post("/desk/notes", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert "Typed" not in forged.text
        secret = noor.client.post("/desk/account/password", data={"old_password": "old one", "new_password": "new one"})
        assert (secret.status_code, "old one" in secret.text, "Send again" in secret.text) == (503, False, False)
    form["csrf"] = re.findall(r'name="csrf" value="([^"]+)"', answer.text)[-1]
    assert noor.client.post(f"/desk/notes?site={site.slug}", data=form).status_code == 303
    assert [note["text"] for note in site.opened(sent)["notes"]] == ["Typed <with> care."]


def test_without_redis_the_desk_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.sqlite'}"
    app = create_app(settings_for(url, "redis://127.0.0.1:9/0", tmp_path / "instance"))
    with app.app_context():
        upgrade()
    site = make_site(app)
    noor, sent = signed_in(site), site.submitted()["id"]
    for page in PAGES:
        assert noor.get(f"/desk{page}").status_code == 200, page
    assert noor.get(f"/desk/comments/{sent}").status_code == 200
    with app.app_context():
        db.engine.dispose()


def test_a_second_step_that_took_too_long_says_to_begin_again(site: SiteDriver) -> None:
    answer = DeskBrowser(site.app, new_moderator(site))._post("/desk/sign-in", {"sealed": "AAAA", "code": "000000"})
    assert (answer.status_code, "Please begin again" in main_of(answer.text)) == (422, True)
    assert 'name="password"' in answer.text


def test_a_cookie_that_opens_nothing_any_more_says_that_the_session_ended(site: SiteDriver) -> None:
    noor = signed_in(site)
    cookie = noor.cookie
    noor.post("/desk/sign-out")
    noor.post("/desk/sign-out")
    assert "Your session has ended" not in noor.get("/desk/sign-in").text
    noor.client.set_cookie("postbag", cookie)
    assert "Your session has ended" in main_of(noor.get("/desk/sign-in").text)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
            "Safari/537.36 Edg",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.5 Mobil",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile",
            "Chrome on Android",
        ),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown"),
    ],
)
def test_browsers_are_named_as_their_owners_know_them(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words

"""`/desk/site/webhooks`: admins set where events are sent, try it, see what came back, and send again."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.domain.webhooks import MOST_ATTEMPTS
from service.extensions import db
from service.store.models import DeliveryRow
from service.store.session import writing
from service.worker import Worker
from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.http_host import saying, serving
from tests.webhook_host import calling_app, heard

PLACE = "/desk/site/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture(scope="module")
def own_app(redis_url: str, quick_folder: Path) -> Iterator[Flask]:
    """Return an application that may call this machine, and whose outbox no other test fills."""
    url = f"sqlite:///{quick_folder / 'desk-webhooks.sqlite'}"
    with calling_app(url, redis_url, quick_folder / "desk-webhooks") as app:
        yield app


@pytest.fixture
def site(own_app: Flask) -> SiteDriver:
    return make_site(own_app, limits="off")


@pytest.fixture
def ada(site: SiteDriver) -> DeskBrowser:
    return signed_in(site, role="admin", name="Ada")


def add(ada: DeskBrowser, site: SiteDriver, url: str, *events: str, description: str = "") -> TestResponse:
    return ada.post(f"{PLACE}?site={site.slug}", do="add", url=url, events=list(events), description=description)


def made(site: SiteDriver) -> dict[str, object]:
    """Return the site's one webhook."""
    (webhook,) = site.client.get("/v1/webhooks", headers=site.bearer).get_json()["webhooks"]
    return dict(webhook)


def sent(ada: DeskBrowser, site: SiteDriver, do: str, **fields: object) -> TestResponse:
    return ada.post(f"{PLACE}/{made(site)['id']}?site={site.slug}", do=do, **fields)


def opened(ada: DeskBrowser, site: SiteDriver, **query: str) -> str:
    page = ada.get(f"{PLACE}/{made(site)['id']}", site=site.slug, **query)
    assert page.status_code == 200, page.text
    return html.unescape(page.text)


def test_a_webhook_is_added_and_its_secret_stands_on_the_answer_alone(ada: DeskBrowser, site: SiteDriver) -> None:
    assert "sent to no other server" in ada.get("/desk/site", site=site.slug).text
    with serving(saying(b"")) as asked:
        page = add(ada, site, asked.url, "comment.submitted", "queue.late", description="For the chat")
        assert page.status_code == 200
        (secret,) = set(SECRET.findall(html.unescape(page.text).replace("whsec_</code>", "")))
        site.submitted()
        Worker(site.app).drain()
        assert [told["type"] for told in heard(asked, secret)] == ["comment.submitted"]
    listed = html.unescape(ada.get(PLACE, site=site.slug).text)
    assert "For the chat" in listed
    assert secret not in listed + opened(ada, site)
    assert "is sent to servers of the site’s own" in ada.get("/desk/site", site=site.slug).text
    log = html.unescape(ada.get("/desk/log", site=site.slug, kind="webhook").text)
    assert "webhook added" in log
    assert secret not in log


@pytest.mark.parametrize(
    ("url", "events", "wrong"),
    [
        ("http://[::1]:0x", ["comment.held"], ["url"]),
        ("nowhere", [], ["url", "events"]),
        ("https://example.org/<b>", ["comment.burnt"], ["events"]),
    ],
)
def test_a_refusal_keeps_what_was_typed_beside_what_is_wrong(
    ada: DeskBrowser, site: SiteDriver, url: str, events: list[str], wrong: list[str]
) -> None:
    page = add(ada, site, url, *events, description="<i>ours</i>")
    assert page.status_code == 422
    for name in wrong:
        assert f'id="{name}-fault"' in page.text
    assert html.escape(url) in page.text or url in page.text
    assert "&lt;i&gt;ours&lt;/i&gt;" in page.text
    assert "<i>ours" not in page.text
    if "comment.held" in events:
        assert re.search(r'value="comment\.held" checked', page.text)
    assert site.client.get("/v1/webhooks", headers=site.bearer).get_json() == {"webhooks": []}


def test_it_is_tried_changed_switched_and_given_a_new_secret(ada: DeskBrowser, site: SiteDriver) -> None:
    with serving(saying(b"<h1>Hello</h1>")) as asked:
        add(ada, site, asked.url, "comment.held")
        tried = sent(ada, site, "test")
        assert "This works." in tried.text
        assert "&lt;h1&gt;Hello" in tried.text
        assert "<h1>Hello" not in tried.text
        assert len(asked) == 1
    refused = sent(ada, site, "test")
    assert "This would not have worked." in refused.text
    assert sent(ada, site, "off").status_code == 303
    assert "Switched off" in opened(ada, site)
    assert sent(ada, site, "on").status_code == 303
    assert made(site)["enabled"] is True
    rotated = sent(ada, site, "rotate")
    assert len(set(SECRET.findall(html.unescape(rotated.text).replace("whsec_</code>", "")))) == 1
    assert "signature of the earlier one" in rotated.text
    changed = sent(ada, site, "change", url="https://hooks.example.org/", events=["comment.spam"], description="New")
    assert changed.status_code == 303
    assert (made(site)["url"], made(site)["events"]) == ("https://hooks.example.org/", ["comment.spam"])
    assert sent(ada, site, "change", url="nowhere", events=[]).status_code == 422
    assert sent(ada, site, "burn").status_code == 422
    gone = sent(ada, site, "remove")
    assert gone.status_code == 303
    assert "The webhook is removed." in ada.get(gone.headers["Location"]).text


def test_what_was_given_up_is_shown_with_what_came_back_and_sent_again(ada: DeskBrowser, site: SiteDriver) -> None:
    with serving(saying(b"<b>down</b>", 503)) as asked:
        add(ada, site, asked.url, "comment.submitted")
        comments = [site.submitted()["id"] for _ in range(2)]
        Worker(site.app).drain()
        page = opened(ada, site)
        assert "tried next" in page
        mine = update(DeliveryRow).where(DeliveryRow.webhook_id == UUID(str(made(site)["id"])))
        with site.app.app_context(), writing():
            db.session.execute(mine.values(status="given_up", due_at=None, attempts=MOST_ATTEMPTS))
    page = ada.get(f"{PLACE}/{made(site)['id']}", site=site.slug, status="given_up").text
    assert page.count("<strong>Given up</strong>") == 2
    assert "&lt;b&gt;down" in page
    assert all(f"/desk/comments/{one}" in page for one in comments)
    ids = re.findall(r'name="delivery" value="([0-9a-f-]+)"', page)
    with serving(saying(b"")) as asked:
        sent(ada, site, "change", url=asked.url, events=["comment.submitted"])
        again = sent(ada, site, "resend", delivery=ids[0])
        assert again.status_code == 303
        Worker(site.app).drain()
        assert [headers["webhook-id"] for _, headers, _ in asked] == [ids[0]]
        assert sent(ada, site, "resend_all").status_code == 303
        Worker(site.app).drain()
        assert sorted(headers["webhook-id"] for _, headers, _ in asked) == sorted(ids)
    assert "Given up</strong>" not in opened(ada, site)
    assert sent(ada, site, "resend", delivery="nonsense").status_code == 404


def test_who_is_no_admin_sees_where_events_go_and_changes_nothing(ada: DeskBrowser, site: SiteDriver) -> None:
    add(ada, site, "https://hooks.example.org/", "comment.held")
    noor = signed_in(site, role="moderator")
    page = noor.get(PLACE, site=site.slug)
    assert "https://hooks.example.org/" in page.text
    assert 'name="do"' not in page.text
    assert noor.get(f"{PLACE}/{made(site)['id']}", site=site.slug).status_code == 403
    assert sent(noor, site, "remove").status_code == 403


def test_another_site_has_no_such_webhook(ada: DeskBrowser, site: SiteDriver) -> None:
    add(ada, site, "https://hooks.example.org/", "comment.held")
    other = make_site(site.app)
    bo = signed_in(other, role="admin")
    assert bo.get(f"{PLACE}/{made(site)['id']}", site=other.slug).status_code == 404
    assert bo.post(f"{PLACE}/{made(site)['id']}?site={other.slug}", do="remove").status_code == 404
    assert made(site)["enabled"] is True

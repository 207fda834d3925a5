"""Others are asked about replies by the worker, over real connections, and nobody waits for them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask
from flask_migrate import upgrade
from standardwebhooks import Webhook

from service import create_app
from service.actions import outbox as jobs
from service.domain.site import Policy
from service.extensions import db
from service.worker import HANDLERS, Worker
from tests.conftest import settings_for
from tests.driver import SiteDriver, codes, make_site
from tests.http_host import Answering, saying, serving
from tests.refusals import refused

SPAM = saying(b'{"verdict": "spam", "score": 1, "reason": "On our list"}')
FINE = saying(b'{"verdict": "note"}')


@pytest.fixture(scope="module")
def own_app(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return an application that may call this machine, and whose outbox no other test fills."""
    folder = tmp_path_factory.mktemp("opinions")
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


def asks(site: SiteDriver, kind: str, **said: str) -> dict[str, Any]:
    """Let a site ask somebody."""
    answer = site.client.put(f"/v1/moderation/opinions/{kind}", json=said, headers=site.bearer)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def signal(site: SiteDriver, comment_id: str, name: str) -> dict[str, Any] | None:
    """Return what somebody said of the latest revision."""
    found = [one for one in site.opened(comment_id)["signals"] if one["name"] == name]
    assert len(found) < 2
    return found[0] if found else None


def test_a_hook_is_asked_with_a_signature_and_its_reason_stands_among_the_signals(site: SiteDriver) -> None:
    with serving(saying(b'{"verdict": "hold", "score": 0.5, "reason": "Look twice"}')) as asked:
        secret = asks(site, "hook", url=f"{asked.url}/screen")["secret"]
        sent = site.submitted(name="Ada", email="ada@example.org", body="Hello")
        assert asked == [], "nobody is asked while the author waits"
        Worker(site.app).drain()
    ((path, headers, body),) = asked
    told = Webhook(secret).verify(body, headers)["data"]
    assert path == "/screen"
    assert (told["id"], told["body"], told["author"]["name"]) == (sent["id"], "Hello", "Ada")
    assert b"ada@" not in body
    found = signal(site, sent["id"], "hook")
    assert found is not None
    assert (found["verdict"], found["detail"]) == ("hold", "The site's hook wants a person to look: Look twice.")
    opened = site.opened(sent["id"])
    assert opened["score"] == pytest.approx(sum(one["score"] for one in opened["signals"]))


def test_what_a_hook_calls_spam_goes_there_without_a_word_to_its_author(site: SiteDriver) -> None:
    with serving(SPAM) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        Worker(site.app).drain()
    assert site.opened(sent["id"])["status"] == "spam"
    receipt = site.client.get(f"/v1/receipts/{sent['receipt']['token']}").get_json()
    assert receipt["status"] == "pending"


def test_what_the_policy_has_published_goes_back_to_the_queue_and_stays_up(site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    with serving(SPAM) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        Worker(site.app).drain()
    opened = site.opened(sent["id"])
    assert (opened["status"], opened["published_revision"]) == ("pending", 1)
    assert [item["id"] for item in site.queue(reason="hook")["comments"]] == [sent["id"]]


@pytest.mark.parametrize("answer", [saying(b"", 503), saying(b"nonsense")], ids=["down", "nonsense"])
def test_while_nobody_answers_a_reply_is_held_with_a_note_and_asked_about_again(
    site: SiteDriver, answer: Answering
) -> None:
    with serving(answer) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        Worker(site.app).drain()
    found = signal(site, sent["id"], "hook")
    assert found is not None
    assert found["verdict"] == "hold"
    assert "will be asked again" in found["detail"]
    with serving(FINE) as asked, site.app.app_context():
        asks(site, "hook", url=asked.url)
        later = datetime.now(UTC) + timedelta(hours=2)
        (job,) = (one for one in jobs.claim(["opinion"], now=later) if str(one.comment_id) == sent["id"])
        assert jobs.carry_out(job, HANDLERS, now=later)
    found = signal(site, sent["id"], "hook")
    assert found is not None
    assert (found["verdict"], found["detail"]) == ("note", "The site's hook has no objection.")


def test_what_a_person_has_decided_meanwhile_stays_as_it_is(site: SiteDriver) -> None:
    with serving(SPAM) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        site.approve(sent["id"])
        Worker(site.app).drain()
        assert asked == [], "nobody is asked in vain"
    assert site.opened(sent["id"])["status"] == "approved"
    found = signal(site, sent["id"], "hook")
    assert found is not None
    assert found["detail"] == "The site's hook had not answered, and is not asked about this any more."


def test_akismet_is_told_where_it_came_from_and_what_was_decided(site: SiteDriver) -> None:
    with serving(saying(b"true")) as asked:
        asks(site, "akismet", key="0123456789ab", url=f"{asked.url}/1.1")
        sent = site.submitted(email="ada@example.org", body="Hello")
        Worker(site.app).drain()
        assert site.decide(sent["id"], "spam").status_code == 201
        Worker(site.app).drain()
    assert [path for path, _, _ in asked] == ["/1.1/comment-check", "/1.1/submit-spam"]
    question = parse_qs(asked[0][2].decode())
    assert (question["user_ip"], question["comment_content"]) == (["192.0.2.1"], ["Hello"])
    assert b"ada" not in asked[0][2]
    found = signal(site, sent["id"], "akismet")
    assert found is not None
    assert found["verdict"] == "hold"


def test_secrets_are_told_once_and_the_log_knows_who_is_asked(site: SiteDriver) -> None:
    secret = asks(site, "hook", url="https://hooks.example.org/screen")["secret"]
    asks(site, "akismet", key="0123456789ab")
    listed = site.client.get("/v1/moderation/opinions", headers=site.bearer)
    assert [asked["kind"] for asked in listed.get_json()["opinions"]] == ["akismet", "hook"]
    entries = site.client.get("/v1/moderation/log", headers=site.bearer).get_data(as_text=True)
    assert "https://hooks.example.org/screen" in entries
    for told in (listed.get_data(as_text=True), entries):
        assert secret not in told
        assert "0123456789ab" not in told
    gone = site.client.delete("/v1/moderation/opinions/hook", headers=site.bearer)
    assert gone.status_code == 204
    refused(site.client.delete("/v1/moderation/opinions/hook", headers=site.bearer), 404, "not_found")


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        ("hook", {"url": "ftp://example.org/"}, {"url": "not_a_url"}),
        ("hook", {"url": ""}, {"url": "not_a_url"}),
        ("hook", {}, {"url": "required"}),
        ("akismet", {"key": " "}, {"key": "required"}),
        ("akismet", {"key": "x", "url": "nowhere"}, {"url": "not_a_url"}),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(
    site: SiteDriver, kind: str, said: dict[str, str], field: dict[str, str]
) -> None:
    answer = site.client.put(f"/v1/moderation/opinions/{kind}", json=said, headers=site.bearer)
    assert answer.status_code == 422
    assert codes(answer) == field


def test_a_hook_that_leads_inside_is_never_called(app: Flask, redis_url: str, tmp_path: Path) -> None:
    closed = create_app(settings_for(f"sqlite:///{tmp_path / 'closed.sqlite'}", redis_url, tmp_path))
    with closed.app_context():
        upgrade()
    site = make_site(closed, limits="off")
    with serving(FINE) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        Worker(closed).drain()
    assert asked == []
    found = signal(site, sent["id"], "hook")
    assert found is not None
    assert "is not on the public internet" in found["detail"]
    assert json.dumps(found).count("127.0.0.1") == 1
    with closed.app_context():
        db.engine.dispose()

"""What happens is told to webhooks: which events follow from what, in which order, and what they say and never say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from service.actions import lateness
from service.domain.site import Policy
from service.extensions import db
from service.store.models import CommentRow, OutboxRow, SiteRow
from service.store.session import reading, writing
from service.worker import Worker
from tests.driver import SiteDriver, make_site
from tests.http_host import serving
from tests.test_canary import ADDRESS, CLIENT, assert_no_trace, traces
from tests.webhook_host import FINE, calling_app_on, listen, listening


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def own_app(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    with calling_app_on(request.param, request, redis_url, tmp_path_factory.mktemp("events")) as app:
        yield app


@pytest.fixture
def site(own_app: Flask) -> SiteDriver:
    return make_site(own_app, limits="off")


def test_the_life_of_a_comment_is_told_in_its_order(site: SiteDriver) -> None:
    with listening(site) as ear:
        sent = site.submitted(body="The *first* text.")
        assert ear.types() == ["submitted", "held"]
        site.approve(sent["id"])
        assert ear.types() == ["published"]
        site.revise(sent, "The second text.")
        assert ear.types() == ["revised", "held"]
        site.decide(sent["id"], "reject", revision=2, reason="Not that.")
        assert ear.types() == ["rejected"]
        site.flagged(sent["id"], "spam", "abuse", "other")
        assert ear.types() == ["flagged", "flagged", "flagged", "held"]
        site.decide(sent["id"], "spam", revision=3)
        assert ear.types() == ["spam"]
        site.decide(sent["id"], "restore", revision=3)
        assert ear.types() == ["published"]
        site.withdraw(sent)
        assert ear.types() == ["deleted"]


def test_a_whole_life_that_waited_for_a_worker_is_told_in_its_order_too(site: SiteDriver) -> None:
    with listening(site) as ear:
        sent = site.submitted()
        site.approve(sent["id"])
        site.revise(sent, "Another text.")
        batch = site.decide(sent["id"], "approve", revision=2).get_json()["decision"]["batch_id"]
        site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer)
        site.decide(sent["id"], "delete", revision=2)
        assert ear.types() == [
            "submitted", "held", "published", "revised", "held", "published", "held", "deleted",
        ]  # fmt: skip


def test_an_appeal_is_told_as_what_waits_again_without_its_words(site: SiteDriver) -> None:
    with listening(site, "comment.held", "comment.rejected") as ear:
        sent = site.submitted()
        site.decide(sent["id"], "reject")
        ear.hears()
        appeal = {"text": "The quarry stands in the third paragraph."}
        assert site.client.post(f"/v1/receipts/{sent['receipt']['token']}/appeal", json=appeal).status_code == 200
        (told,) = ear.hears()
        assert (told["type"], told["data"]["signals"]) == ("comment.held", ["appealed"])
        assert "third paragraph" not in str(told)


def test_an_event_says_what_was_so_and_the_words_as_far_as_they_are_there(site: SiteDriver) -> None:
    with listening(site) as ear:
        sent = site.submitted(name="Ada", email="ada@example.org", url="https://ada.example", body="See *this*.")
        submitted, _ = ear.hears()
        site.decide(sent["id"], "reject", reason="Off topic.", note="Her third today.")
        (rejected,) = ear.hears()
    comment = submitted["data"]["comment"]
    assert submitted["data"]["site"] == site.slug
    assert comment["id"] == sent["id"]
    assert comment["article"] == {"key": site.article, "url": site.article, "title": ""}
    assert comment["author"] == {"name": "Ada", "url": "https://ada.example/"}
    assert (comment["body"], comment["body_html"]) == ("See *this*.", "<p>See <em>this</em>.</p>")
    assert (comment["status"], comment["revision"], comment["published_revision"]) == ("pending", 1, None)
    assert rejected["data"]["comment"]["status"] == "rejected"
    assert rejected["data"]["decision"] == {
        "action": "reject",
        "by": {"kind": "token", "name": "Mira"},
        "reason": "Off topic.",
    }
    for told in (submitted, rejected):
        text = json.dumps(told)
        assert "ada@" not in text
        assert "192.0.2.1" not in text
        assert "third" not in text, "a note is for colleagues"
        assert set(told) == {"type", "timestamp", "data"}
        assert abs(datetime.now(UTC) - datetime.fromisoformat(told["timestamp"])) < timedelta(minutes=5)


def test_no_event_has_a_trace_of_an_address(site: SiteDriver) -> None:
    with listening(site) as ear:
        sent = site.submitted(email=ADDRESS, address=CLIENT)
        site.approve(sent["id"])
        site.revise(sent, "Otherwise.")
        site.decide(sent["id"], "reject", revision=2, reason="No.")
        site.flagged(sent["id"], "other", "spam", "abuse")
        client = site.opened(sent["id"])["client"]
        site.withdraw(sent)
        told = json.dumps(ear.hears())
    assert told.count('"type"') == 11
    assert_no_trace(traces(), told, "an event")
    assert CLIENT not in told
    assert client not in told
    assert "avatar" not in told


def test_what_was_taken_back_meanwhile_is_told_without_its_words(site: SiteDriver) -> None:
    with listening(site) as ear:
        sent = site.submitted(name="Ada", body="I regret this.")
        site.withdraw(sent)
        told = ear.hears()
    assert [one["type"] for one in told] == ["comment.submitted", "comment.held", "comment.deleted"]
    assert told[0]["data"]["comment"]["status"] == "pending", "as it was then"
    for one in told:
        comment = one["data"]["comment"]
        assert (comment["author"], comment["body"], comment["body_html"]) == (None, None, None)
        assert "regret" not in json.dumps(one)


def test_what_the_policy_publishes_is_told_as_published(site: SiteDriver) -> None:
    site.rule("network", "trust", "192.0.2.0/24")
    site.change(policy=Policy.NONE)
    with listening(site) as ear:
        site.submitted()
        assert ear.types() == ["submitted", "published"]


def test_what_a_rule_calls_spam_is_told_as_spam(site: SiteDriver) -> None:
    site.rule("word", "spam", "tulips")
    with listening(site) as ear:
        site.submitted(body="Buy tulips.")
        submitted, spam = ear.hears()
    assert (submitted["type"], spam["type"]) == ("comment.submitted", "comment.spam")
    assert spam["data"]["signals"] == ["rule_word", "policy"]


def test_an_article_that_a_person_closes_is_told_once(site: SiteDriver) -> None:
    site.published()
    with listening(site) as ear:
        for is_open in (False, False, True):
            said = {"article": site.article, "open": is_open}
            site.client.patch("/v1/moderation/articles", json=said, headers=site.bearer)
        (closed,) = ear.hears()
    assert closed["type"] == "article.closed"
    assert closed["data"]["article"] == {"key": site.article, "url": site.article, "title": ""}
    assert closed["data"]["by"] == {"kind": "token", "name": "Mira"}


def test_a_late_queue_is_told_once_until_nothing_in_it_is_late(site: SiteDriver) -> None:
    site.change(late_after_minutes=60)

    def look_after(minutes: int, *waiting: dict[str, Any]) -> None:
        """Let what waits have waited so long already, and look twice."""
        since = datetime.now(UTC) - timedelta(minutes=minutes)
        with site.app.app_context():
            with writing():
                for number, sent in enumerate(waiting):
                    changed = update(CommentRow).where(CommentRow.id == UUID(sent["id"]))
                    db.session.execute(changed.values(queued_at=since + timedelta(seconds=number)))
            for _ in range(2):
                lateness.look(now=datetime.now(UTC))

    with listening(site, "queue.late") as ear:
        first, second = site.submitted(), site.submitted()
        look_after(59, first, second)
        assert ear.hears() == []
        look_after(61, first, second)
        (late,) = ear.hears()
        assert late["data"]["queue"]["waiting"] == 2
        assert late["data"]["queue"]["oldest_id"] == first["id"]
        assert late["data"]["queue"]["late_after_minutes"] == 60
        site.approve(first["id"])
        look_after(90, second)
        assert ear.hears() == [], "the second is late as well, and the queue has been late all the time"
        site.approve(second["id"])
        look_after(0)
        third = site.submitted()
        look_after(61, third)
        (again,) = ear.hears()
        assert again["data"]["queue"]["oldest_id"] == third["id"]


def test_only_what_somebody_listens_to_is_even_written_down(site: SiteDriver) -> None:
    def written() -> list[str]:
        with site.app.app_context(), reading():
            mine = select(OutboxRow.payload).join(SiteRow, SiteRow.id == OutboxRow.site_id)
            found = db.session.scalars(mine.where(OutboxRow.kind == "event", SiteRow.slug == site.slug))
            return [payload["type"] for payload in found]

    site.submitted()
    assert written() == []
    with serving(FINE) as asked:
        webhook = listen(site, asked.url, "comment.published")
        sent = site.submitted()
        assert written() == []
        site.approve(sent["id"])
        assert written() == ["comment.published"]
        Worker(site.app).drain()
        assert len(asked) == 1
        address = f"/v1/webhooks/{webhook['id']}"
        site.client.patch(address, json={"enabled": False}, headers=site.bearer)
        site.published()
        assert written() == []
        site.client.patch(address, json={"enabled": True, "events": ["comment.held"]}, headers=site.bearer)
        site.published()
        assert written() == ["comment.held"]
        Worker(site.app).drain()
        assert len(asked) == 2
        assert site.client.delete(address, headers=site.bearer).status_code == 204
        site.published()
        assert written() == []

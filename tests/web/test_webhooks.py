"""Webhooks: set through the API, signed, tried again, given up, switched off, and guarded against being led inside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.actions import deliveries as parcels
from service.actions import upkeep, webhooks
from service.actions.authenticate import authenticate
from service.adapters.webhook import Attempt
from service.domain.permissions import Caller
from service.domain.webhooks import GIVEN_UP_AFTER, KEPT_FOR, MOST_ATTEMPTS, MOST_WEBHOOKS
from service.extensions import db
from service.store.models import DeliveryRow, WebhookRow
from service.store.session import writing
from service.worker import Worker
from tests.commands import NEW_KEY, OLD_KEY
from tests.driver import SiteDriver, codes, make_site
from tests.http_host import saying, serving
from tests.refusals import refused
from tests.web.test_learned import ADVERT, learned, taught
from tests.webhook_host import calling_app, deliveries, heard, listen

FINE = saying(b"thanks")
DOWN = saying(b"we are down", 503)


@pytest.fixture(scope="module")
def own_app(redis_url: str, quick_folder: Path) -> Iterator[Flask]:
    """Return an application that may call this machine, and whose outbox no other test fills."""
    url = f"sqlite:///{quick_folder / 'webhooks.sqlite'}"
    with calling_app(url, redis_url, quick_folder / "webhooks") as app:
        yield app


@pytest.fixture
def site(own_app: Flask) -> Iterator[SiteDriver]:
    """Return a site whose webhooks nobody calls any more when its test is over."""
    site = make_site(own_app, limits="off")
    yield site
    for webhook in site.client.get("/v1/webhooks", headers=site.bearer).get_json()["webhooks"]:
        site.client.delete(f"/v1/webhooks/{webhook['id']}", headers=site.bearer)


def ask(site: SiteDriver, method: str, webhook: dict[str, Any], what: str = "", **sent: Any) -> dict[str, Any]:
    answer = site.client.open(f"/v1/webhooks/{webhook['id']}{what}", method=method, headers=site.bearer, **sent)
    assert answer.status_code < 300, answer.text
    return dict(answer.get_json())


def let_wait_no_longer(site: SiteDriver, webhook: dict[str, Any]) -> None:
    """Let the pauses of a webhook be over."""
    with site.app.app_context(), writing():
        now, mine = datetime.now(UTC), UUID(webhook["id"])
        db.session.execute(update(WebhookRow).where(WebhookRow.id == mine).values(resting_until=None))
        waits = update(DeliveryRow).where(DeliveryRow.webhook_id == mine, DeliveryRow.due_at.is_not(None))
        db.session.execute(waits.values(due_at=now))


def drain(site: SiteDriver) -> None:
    Worker(site.app).drain()


def logged(site: SiteDriver) -> list[tuple[str, str, Any]]:
    """Return who did what with webhooks, and the details, the newest first."""
    answer = site.client.get("/v1/moderation/log", query_string={"kind": "webhook"}, headers=site.bearer)
    return [(entry["actor_name"], entry["action"], entry["details"]) for entry in answer.get_json()["entries"]]


def test_a_webhook_is_added_read_changed_and_removed_and_its_secret_told_once(site: SiteDriver) -> None:
    made = listen(site, "https://hooks.example.org/in?key=1", "comment.held", "comment.submitted", "comment.held")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["events"] == ["comment.submitted", "comment.held"]
    assert (made["enabled"], made["waiting"], made["given_up"], made["failing_since"]) == (True, 0, 0, None)
    assert ask(site, "GET", made) == made
    listed = site.client.get("/v1/webhooks", headers=site.bearer)
    assert listed.get_json() == {"webhooks": [made]}
    said = {"description": "For the chat", "events": ["comment.flagged"], "enabled": False}
    changed = ask(site, "PATCH", made, json=said)
    assert changed["disabled_reason"] == "Somebody switched it off."
    assert {name: changed[name] for name in said} == said
    assert ask(site, "PATCH", made, json=said) == changed
    again = ask(site, "PATCH", made, json={"enabled": True})
    assert (again["disabled_at"], again["disabled_reason"]) == (None, None)
    assert site.client.delete(f"/v1/webhooks/{made['id']}", headers=site.bearer).status_code == 204
    refused(site.client.get(f"/v1/webhooks/{made['id']}", headers=site.bearer), 404, "not_found")
    entries = logged(site)
    assert [action for _, action, _ in entries] == ["remove", "enable", "change", "create"]
    assert secret not in str(entries)
    assert entries[2][2] == {
        "events": [["comment.submitted", "comment.held"], ["comment.flagged"]],
        "description": ["", "For the chat"],
        "enabled": [True, False],
    }


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ({"description": "no more"}, {"url": "required", "events": "required"}),
        ({"url": "ftp://example.org", "events": ["comment.held"]}, {"url": "not_a_url"}),
        ({"url": "https://example.org/#part", "events": ["comment.held"]}, {"url": "not_a_url"}),
        ({"url": "https://a:b@example.org/", "events": ["comment.held"]}, {"url": "not_a_url"}),
        ({"url": "https://example.org/", "events": []}, {"events": "required"}),
        ({"url": "https://example.org/", "events": "comment.held"}, {"events": "wrong_type"}),
        ({"url": "https://example.org/", "events": ["comment.burnt"]}, {"events.0": "not_a_choice"}),
        (
            {"url": "https://example.org/", "events": ["comment.held"], "description": "x" * 201},
            {"description": "too_long"},
        ),
        ({"url": "https://example.org/", "events": ["comment.held"], "secret": "mine"}, {"secret": "unknown_field"}),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(site: SiteDriver, said: dict[str, Any], faults: dict[str, str]) -> None:
    answer = site.client.post("/v1/webhooks", json=said, headers=site.bearer)
    assert (answer.status_code, codes(answer)) == (422, faults)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "inside",
    [
        "http://localhost/", "https://LOCALHOST.:8000/", "http://sub.localhost/", "http://127.0.0.1/",
        "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/", "http://192.168.0.1:8080/", "http://[fd00::1]/", "http://0x7f.1/", "http://2130706433/",
    ],
)  # fmt: skip
def test_an_address_inside_is_refused_when_it_is_typed(app: Flask, inside: str) -> None:
    site = make_site(app)
    answer = site.client.post("/v1/webhooks", json={"url": inside, "events": ["comment.held"]}, headers=site.bearer)
    assert answer.status_code == 422
    assert codes(answer)["url"] in {"not_public", "not_a_url"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_that_leads_inside_is_refused_when_it_is_called(app: Flask) -> None:
    # Set while networks inside were allowed, as a name would be that leads elsewhere today.
    site = make_site(app, limits="off")
    made = listen(site, "https://hooks.example.org/", "comment.held")
    with serving(FINE) as asked:
        inside = asked.url.replace("127.0.0.1", "localhost")
        with site.app.app_context(), writing():
            db.session.execute(update(WebhookRow).where(WebhookRow.id == UUID(made["id"])).values(url=inside))
        tried = ask(site, "POST", made, "/test")
    assert asked == []
    assert (tried["status"], tried["problem"]) == (
        None,
        "localhost is not on the public internet, so it is not called.",
    )


def test_a_redirect_is_a_failure_that_says_what_to_do_and_is_not_followed(site: SiteDriver) -> None:
    with serving(FINE) as elsewhere, serving(saying(b"", 307, Location=f"{elsewhere.url}/")) as asked:
        made = listen(site, asked.url, "comment.submitted")
        site.submitted()
        drain(site)
        assert len(asked) == 1
        assert elsewhere == []
    ((tried,),) = (one["attempts"] for one in deliveries(site, made))
    assert tried["status"] == 307
    assert tried["problem"] == (
        "The endpoint answered with a redirect (307), which is never followed; "
        "set the webhook to the address that it leads to."
    )


def test_a_failed_delivery_is_tried_again_under_the_same_id_and_its_log_tells_each_attempt(site: SiteDriver) -> None:
    with serving(DOWN) as down:
        made = listen(site, down.url, "comment.submitted")
        sent = site.submitted()
        drain(site)
        (waiting,) = deliveries(site, made, status="waiting")
    assert waiting["comment_id"] == sent["id"]
    assert waiting["next_try_at"] is not None
    assert [(one["attempt"], one["status"], one["answer"]) for one in waiting["attempts"]] == [(1, 503, "we are down")]
    assert ask(site, "GET", made)["failing_since"] is not None
    with serving(saying(b"thanks" * 1000)) as fine:
        ask(site, "PATCH", made, json={"url": fine.url})
        let_wait_no_longer(site, made)
        drain(site)
    (done,) = deliveries(site, made)
    assert (done["status"], done["next_try_at"]) == ("delivered", None)
    assert [(one["attempt"], one["status"], one["problem"]) for one in done["attempts"]] == [
        (1, 503, "The endpoint answered with status 503; any from 200 to 299 takes the event."),
        (2, 200, None),
    ]
    assert done["attempts"][1]["answer"] == ("thanks" * 1000)[:1000]
    ((_, first, body), (_, second, again)) = down[0], fine[0]
    assert first["webhook-id"] == second["webhook-id"] == done["id"]
    assert body == again
    assert ask(site, "GET", made)["failing_since"] is None
    assert heard(fine, made["secret"])[0]["type"] == "comment.submitted"


def test_a_later_event_of_a_comment_waits_for_the_earlier_one_and_others_do_not(site: SiteDriver) -> None:
    refused_ids: set[str] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        # The first event that comes is refused, always.
        refused_ids.add(handler.headers["webhook-id"]) if not refused_ids else None
        handler.send_response(500 if handler.headers["webhook-id"] in refused_ids else 200)
        handler.end_headers()

    def told(sent: dict[str, Any]) -> list[str]:
        return [one["type"] for one in heard(asked, made["secret"]) if one["data"]["comment"]["id"] == sent["id"]]

    with serving(answer) as asked:
        made = listen(site, asked.url, "comment.submitted", "comment.published")
        first = site.submitted()
        drain(site)
        site.approve(first["id"])
        second = site.published()
        drain(site)
        assert set(told(first)) == {"comment.submitted"}, "however often it is tried again"
        assert told(second) == ["comment.submitted", "comment.published"]
        refused_ids.clear()
        refused_ids.add("nothing any more")
        let_wait_no_longer(site, made)
        drain(site)
        assert told(first)[-2:] == ["comment.submitted", "comment.published"]
        # What was given up goes in its order as well when it is sent again.
        with site.app.app_context(), writing():
            mine = update(DeliveryRow).where(DeliveryRow.webhook_id == UUID(made["id"]))
            db.session.execute(mine.values(status="given_up"))
        with site.app.app_context():
            assert webhooks.resend_given_up(caller_of(site), UUID(made["id"]), now=datetime.now(UTC)) == 4
        drain(site)
        for one in (first, second):
            assert told(one)[-2:] == ["comment.submitted", "comment.published"]


def caller_of(site: SiteDriver) -> Caller:
    """Return the one who calls with the site's token."""
    return authenticate(site.token, now=datetime.now(UTC))


def give_up(site: SiteDriver, made: dict[str, Any]) -> None:
    """Let everything that waits for a webhook fail for the last time."""
    with site.app.app_context():
        with writing():
            last = update(DeliveryRow).where(DeliveryRow.webhook_id == UUID(made["id"]))
            db.session.execute(last.values(attempts=MOST_ATTEMPTS - 1))
        now = datetime.now(UTC) + timedelta(seconds=1)
        while (parcel := parcels.take(UUID(made["id"]), now=now)) is not None:
            parcels.settle(parcel, Attempt(0.1, 500, "no", "It said no."), now=now, go_on=False)


def test_what_no_attempt_could_deliver_is_kept_and_can_be_sent_again(site: SiteDriver) -> None:
    with serving(FINE) as asked:
        made = listen(site, asked.url, "comment.submitted")
        with site.app.app_context(), writing():
            db.session.execute(
                update(WebhookRow)
                .where(WebhookRow.id == UUID(made["id"]))
                .values(resting_until=datetime.max.replace(tzinfo=UTC))
            )
        sent = [site.submitted() for _ in range(3)]
        drain(site)
        assert len(deliveries(site, made, status="waiting")) == 3
        give_up(site, made)
        dead = deliveries(site, made, status="given_up")
        assert [one["comment_id"] for one in dead] == [one["id"] for one in reversed(sent)]
        assert ask(site, "GET", made)["given_up"] == 3
        again = ask(site, "POST", made, f"/deliveries/{dead[0]['id']}/retry")
        assert (again["status"], again["id"]) == ("waiting", dead[0]["id"])
        let_wait_no_longer(site, made)
        drain(site)
        assert [headers["webhook-id"] for _, headers, _ in asked] == [dead[0]["id"]]
        # One that was delivered can be sent once more as well.
        ask(site, "POST", made, f"/deliveries/{dead[0]['id']}/retry")
        drain(site)
        assert [headers["webhook-id"] for _, headers, _ in asked] == [dead[0]["id"]] * 2
        nothing = f"/v1/webhooks/{made['id']}/deliveries/{made['id']}/retry"
        refused(site.client.post(nothing, headers=site.bearer), 404, "not_found")


def test_an_endpoint_that_is_gone_is_switched_off_at_once(site: SiteDriver) -> None:
    with serving(saying(b"", 410)) as asked:
        made = listen(site, asked.url, "comment.submitted")
        site.submitted()
        drain(site)
        there = ask(site, "GET", made)
        assert (there["enabled"], there["given_up"]) == (False, 1)
        assert "410 Gone" in there["disabled_reason"]
        site.submitted()
        drain(site)
        assert len(asked) == 1
        assert ask(site, "GET", made)["waiting"] == 0, "nothing is collected for what is switched off"
    actor, action, details = logged(site)[0]
    assert (actor, action, details["enabled"]) == ("the service", "disable", [True, False])


def test_an_endpoint_that_has_only_failed_for_days_is_switched_off(site: SiteDriver) -> None:
    with serving(DOWN) as asked:
        made = listen(site, asked.url, "comment.submitted")
        site.submitted()
        drain(site)
        long_ago = datetime.now(UTC) - GIVEN_UP_AFTER
        with site.app.app_context(), writing():
            mine = update(WebhookRow).where(WebhookRow.id == UUID(made["id"]))
            db.session.execute(mine.values(failing_since=long_ago + timedelta(hours=1)))
        let_wait_no_longer(site, made)
        drain(site)
        assert ask(site, "GET", made)["enabled"]
        with site.app.app_context(), writing():
            db.session.execute(mine.values(failing_since=long_ago))
        let_wait_no_longer(site, made)
        drain(site)
        there = ask(site, "GET", made)
    assert (there["enabled"], there["waiting"]) == (False, 1)
    assert there["disabled_reason"] == "For 5 days it has done nothing but fail."
    with serving(FINE) as asked:
        ask(site, "PATCH", made, json={"url": asked.url, "enabled": True})
        let_wait_no_longer(site, made)
        drain(site)
        assert len(asked) == 1, "what waited goes out"


def test_an_endpoint_that_fails_again_and_again_is_left_alone_and_its_events_keep_their_attempts(
    site: SiteDriver,
) -> None:
    with serving(DOWN) as asked:
        made = listen(site, asked.url, "comment.submitted")
        for _ in range(20):
            site.submitted()
        drain(site)
        assert 5 <= len(asked) < 10
    untried = [one for one in deliveries(site, made) if not one["attempts"]]
    assert len(untried) > 10


def test_two_secrets_are_good_while_one_replaces_the_other(site: SiteDriver) -> None:
    with serving(FINE) as asked:
        made = listen(site, asked.url, "comment.submitted")
        rotated = ask(site, "POST", made, "/rotate")
        assert rotated["both_secrets_until"] is not None
        site.submitted()
        drain(site)
        (_, headers, body) = asked[0]
        assert len(headers["webhook-signature"].split()) == 2
        for secret in (made["secret"], rotated["secret"]):
            Webhook(secret).verify(body, headers)
        with site.app.app_context(), writing():
            mine = update(WebhookRow).where(WebhookRow.id == UUID(made["id"]))
            db.session.execute(mine.values(earlier_until=datetime.now(UTC)))
        site.submitted()
        drain(site)
        (_, headers, body) = asked[1]
        Webhook(rotated["secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made["secret"]).verify(body, headers)
    assert ask(site, "GET", made)["both_secrets_until"] is None
    assert logged(site)[0][:2] == ("Mira", "rotate")


def test_a_test_is_signed_marked_and_kept_nowhere(site: SiteDriver) -> None:
    with serving(saying(b"hello")) as asked:
        made = listen(site, asked.url)
        tried = ask(site, "POST", made, "/test")
        (told,) = heard(asked, made["secret"])
    assert (tried["status"], tried["answer"], tried["problem"]) == (200, "hello", None)
    assert told["data"]["test"] is True
    assert deliveries(site, made) == []


def test_a_hanging_endpoint_keeps_nobody_else_waiting(site: SiteDriver) -> None:
    taught(site)
    release = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        release.wait()
        handler.send_response(200)
        handler.end_headers()

    is_served, is_scored = threading.Event(), False

    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        if len(fine) == 30:
            is_served.set()

    with serving(hang) as slow, serving(serve) as fine:
        listen(site, slow.url, "comment.submitted")
        listen(site, fine.url, "comment.submitted")
        sent = [site.submitted(body=f"{ADVERT} {number}") for number in range(30)]
        worker = Worker(site.app)
        running = threading.Thread(target=worker.run)
        running.start()
        try:
            assert is_served.wait(60), "the others are kept waiting"
            for _ in range(600):
                is_scored = all(learned(site, one["id"]) is not None for one in sent)
                if is_scored or release.wait(0.1):
                    break
            assert is_scored
            assert 1 <= len(slow) < 30, "it hangs while all of that is done"
        finally:
            release.set()
            worker.stop()
            running.join()


def test_the_log_of_deliveries_is_forgotten_after_thirty_days(site: SiteDriver) -> None:
    with serving(FINE) as asked:
        made = listen(site, asked.url, "comment.submitted")
        site.submitted()
        drain(site)
    with site.app.app_context():
        upkeep.apply_retention(now=datetime.now(UTC) + KEPT_FOR - timedelta(hours=1))
        assert len(deliveries(site, made)) == 1
        assert upkeep.apply_retention(now=datetime.now(UTC) + KEPT_FOR + timedelta(hours=1)).deliveries >= 1
    assert deliveries(site, made) == []


def test_the_log_is_read_page_by_page(site: SiteDriver) -> None:
    with serving(FINE) as asked:
        made = listen(site, asked.url, "comment.submitted")
        sent = [site.submitted()["id"] for _ in range(5)]
        drain(site)
    address, query, seen = f"/v1/webhooks/{made['id']}/deliveries", {"limit": "2"}, []
    while True:
        page = site.client.get(address, query_string=query, headers=site.bearer).get_json()
        seen += [one["comment_id"] for one in page["deliveries"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == list(reversed(sent))
    other = site.client.get(address, query_string=query | {"status": "waiting"}, headers=site.bearer)
    assert codes(other) == {"cursor": "not_a_cursor_of_this_list"}


def test_secrets_move_to_a_new_key(redis_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'keys.sqlite'}"
    with calling_app(url, redis_url, tmp_path, secret_key=OLD_KEY) as before:
        site = make_site(before, limits="off")
        with serving(FINE) as asked:
            made = listen(site, asked.url, "comment.submitted")
            rotated = ask(site, "POST", made, "/rotate")
            keys = {"secret_key": NEW_KEY, "secret_key_fallbacks": (OLD_KEY,)}
            with calling_app(url, redis_url, tmp_path, **keys) as moving, moving.app_context():
                upkeep.reseal_emails()
            with calling_app(url, redis_url, tmp_path, secret_key=NEW_KEY) as after:
                site.app, site.client = after, after.test_client()
                site.submitted()
                drain(site)
            (_, headers, body) = asked[0]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)


def test_a_site_has_so_many_webhooks_and_no_more(site: SiteDriver) -> None:
    for _ in range(MOST_WEBHOOKS):
        listen(site, "https://hooks.example.org/", "queue.late")
    answer = site.client.post(
        "/v1/webhooks", json={"url": "https://hooks.example.org/", "events": ["queue.late"]}, headers=site.bearer
    )
    assert codes(answer) == {"url": "too_many"}


def test_nobody_but_who_integrates_sets_them(site: SiteDriver) -> None:
    made = listen(site, "https://hooks.example.org/")
    other = make_site(site.app)
    refused(other.client.get(f"/v1/webhooks/{made['id']}", headers=other.bearer), 404, "not_found")
    refused(other.client.get("/v1/webhooks", query_string={"site": site.slug}, headers=other.bearer), 403, "forbidden")

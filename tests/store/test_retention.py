"""What was kept long enough goes: each kind by the days of its site, in batches, and the log tells in numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from service.actions import audit, retention
from service.domain.retention import DEFAULT_TERMS
from service.extensions import db
from service.store.models import AuthorRow, CommentRow, LogRow, RevisionRow, SiteRow
from service.store.session import reading, writing
from service.worker import Worker
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, make_site
from tests.reader_tokens import as_known, secret_of, token_by
from tests.refusals import refused

FOR_EVER = dict.fromkeys((kept.value for kept in DEFAULT_TERMS), None)


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    site = make_site(app, limits="off")
    site.change(retention=FOR_EVER)
    return site


def later(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def forgets(site: SiteDriver, now: datetime, batch: int = retention.BATCH) -> None:
    with site.app.app_context():
        retention.apply_now(now=now, batch=batch)


def runs_logged(site: SiteDriver) -> list[dict[str, Any]]:
    answer = site.client.get("/v1/moderation/log?kind=retention&action=run", headers=site.bearer)
    return [entry["details"] for entry in answer.get_json()["entries"]]


def verdict(site: SiteDriver) -> audit.Verdict:
    with site.app.app_context():
        (found,) = audit.verify(site.slug)
    return found


def texts_of(site: SiteDriver, sent: dict[str, Any]) -> list[str]:
    with site.app.app_context(), reading():
        return list(db.session.scalars(select(RevisionRow.body_raw).where(RevisionRow.comment_id == _uuid(sent))))


def _uuid(sent: dict[str, Any]) -> UUID:
    return UUID(sent["id"])


def decided(site: SiteDriver, action: str, **said: Any) -> dict[str, Any]:
    sent = site.submitted(**said)
    assert site.decide(sent["id"], action).status_code == 201
    return sent


def test_texts_of_what_was_turned_down_go_when_their_days_are_over(site: SiteDriver) -> None:
    rejected, spam = decided(site, "reject"), decided(site, "spam")
    waiting, published = site.submitted(), site.published()
    site.change(retention={"rejected": 60, "spam": 10})
    forgets(site, later(days=11))
    assert texts_of(site, spam) == [""]
    assert texts_of(site, rejected) != [""]
    forgets(site, later(days=61))
    assert texts_of(site, rejected) == [""]
    assert "" not in texts_of(site, waiting) + texts_of(site, published)
    assert [run.get(name) for run in runs_logged(site) for name in ("rejected", "spam")] == [1, None, None, 1]
    assert [one["id"] for one in site.queue(status="rejected")["comments"]] == [rejected["id"]]
    assert site.queue()["totals"] == {"pending": 1, "approved": 1, "rejected": 1, "spam": 1, "deleted": 0}
    assert site.app.test_cli_runner().invoke(args=["counters", "check", "--site", site.slug]).exit_code == 0
    assert site.opened(spam["id"])["author"]["record"]["spam"] == 1
    assert site.receipt(rejected)["status"] == "rejected"
    assert site.client.get(f"/receipts/{rejected['receipt']['token']}").status_code == 200


def test_what_has_no_words_any_more_cannot_be_published_again(site: SiteDriver) -> None:
    sent = decided(site, "spam")
    (batch,) = {decision["batch_id"] for decision in site.opened(sent["id"])["decisions"]}
    site.change(retention={"spam": 1})
    forgets(site, later(days=2))
    assert site.opened(sent["id"])["actions"] == ["delete"]
    page = signed_in(site).get(f"/desk/comments/{sent['id']}", site=site.slug).text
    assert "Its words and the name are gone for good." in page
    refusal = refused(site.decide(sent["id"], "restore"), 422, "invalid")
    assert "as long as the site keeps them" in refusal["detail"]
    undone = site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer).get_json()
    assert undone["results"][0]["status"] != 201, undone
    assert site.opened(sent["id"])["status"] == "spam"
    assert site.decide(sent["id"], "delete").status_code == 201


def test_days_count_from_the_last_decision(site: SiteDriver) -> None:
    sent = decided(site, "reject")
    with site.app.app_context(), writing():
        long_ago = later(days=-400)
        times = {"created_at": long_ago, "queued_at": long_ago, "edit_until": long_ago}
        db.session.execute(update(CommentRow).where(CommentRow.id == _uuid(sent)).values(times))
    site.change(retention={"rejected": 180})
    forgets(site, later(days=1))
    assert texts_of(site, sent) != [""]
    forgets(site, later(days=181))
    assert texts_of(site, sent) == [""]


def test_an_address_that_nobody_proved_goes_and_its_author_is_known_again(site: SiteDriver) -> None:
    quiet, busy = (site.submitted(email=f"{name}@example.org") for name in ("quiet", "busy"))
    secret = secret_of(site)
    known = site.submitted(**as_known(token_by(secret, site, email="known@example.org")))
    site.change(retention={"unproven_emails": 90})
    with site.app.app_context(), writing():
        long_ago = later(days=-400)
        db.session.execute(update(CommentRow).where(CommentRow.id != _uuid(busy)).values(created_at=long_ago))
        mine = select(SiteRow.id).where(SiteRow.slug == site.slug).scalar_subquery()
        db.session.execute(update(AuthorRow).where(AuthorRow.site_id == mine).values(created_at=long_ago))
    forgets(site, later(days=1), batch=2)
    assert "email" not in site.opened(quiet["id"])
    assert site.opened(busy["id"])["email"] == "busy@example.org"
    assert site.opened(known["id"])["email"] == "known@example.org"
    assert runs_logged(site)[0]["unproven_emails"] == 1
    # Moderators who know the address find what came from it, and its author is the same one as before.
    assert [one["id"] for one in site.queue(author="quiet@example.org")["comments"]] == [quiet["id"]]
    assert site.revise(quiet, "In other words.").status_code == 200
    again = site.submitted(email="quiet@example.org")
    assert site.opened(again["id"])["author"]["id"] == site.opened(quiet["id"])["author"]["id"]
    assert site.opened(again["id"])["email"] == "quiet@example.org"


def test_the_log_loses_words_and_names_and_stays_whole(site: SiteDriver) -> None:
    first = site.submitted()
    site.decide(first["id"], "reject", reason="Names a patient", note="Rang the clinic")
    (batch,) = {decision["batch_id"] for decision in site.opened(first["id"])["decisions"]}
    before = verdict(site)
    site.change(retention={"log": 30})
    forgets(site, later(days=31), batch=2)
    after = verdict(site)
    assert (before.broken, after.broken) == (None, None)
    assert after.entries > before.entries
    log = site.client.get("/v1/moderation/log?limit=100", headers=site.bearer)
    for word in ("patient", "clinic", "Mira"):
        assert word not in log.text
    kept = [entry for entry in log.get_json()["entries"] if entry["kind"] == "decision"]
    assert [(entry["action"], entry["actor_name"], entry["to_status"]) for entry in kept] == [
        ("reject", "a token", "rejected")
    ]
    assert kept[0]["erased_at"]
    undone = site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer).get_json()
    assert "log has lost" in str(undone)
    assert site.decide(first["id"], "restore").status_code == 201
    assert verdict(site).broken is None


def test_whoever_takes_words_out_of_the_log_otherwise_is_found_out(site: SiteDriver) -> None:
    decided(site, "reject", body="One.")
    site.change(retention={"log": 30})
    forgets(site, later(days=31))
    last = verdict(site).entries
    decided(site, "reject", body="Another.")
    with site.app.app_context(), writing():
        mine = select(SiteRow.id).where(SiteRow.slug == site.slug).scalar_subquery()
        one = (LogRow.site_id == mine) & (LogRow.number == last + 1)
        db.session.execute(update(LogRow).where(one).values(reason=None, erased_at=later()))
    found = verdict(site)
    assert (found.broken, found.number) == (audit.Break.CHANGED, last + 1)


def test_a_run_that_is_cut_off_goes_on_and_counts_nothing_twice(site: SiteDriver) -> None:
    for _ in range(5):
        decided(site, "spam")
    site.change(retention={"spam": 1, "client_keys": 1})
    now = later(days=2)
    pieces = 0
    with site.app.app_context():
        # Each piece is a transaction of its own: whoever is killed after any of them leaves the rest to the next.
        while retention.do_some(now=now, batch=20):
            pieces += 1
        assert not retention.do_some(now=now + timedelta(hours=23))
        assert pieces > 3
        told = retention.last_run(db.session.scalars(select(SiteRow.id).where(SiteRow.slug == site.slug)).one())
    (run,) = runs_logged(site)
    # A text that goes takes its client key along, whichever of the two comes first.
    assert run == {"client_keys": 5, "spam": 5}
    assert told is not None
    assert (told.removed["spam"], told.is_going_on) == (5, False)
    with site.app.app_context():
        assert retention.do_some(now=now + timedelta(hours=25))


def test_a_site_that_keeps_everything_loses_nothing_to_another_that_does_not(app: Flask, site: SiteDriver) -> None:
    other = make_site(app, limits="off")
    other.change(retention={"client_keys": 3})
    mine, theirs = site.published(), other.published()
    for one, sent in ((site, mine), (other, theirs)):
        one.vote(sent["id"], address="198.51.100.7")
    forgets(site, later(days=4))
    assert site.opened(mine["id"])["client"] is not None
    assert other.opened(theirs["id"])["client"] is None
    assert site.vote(mine["id"], 0, address="198.51.100.7").get_json()["votes"] == 0
    assert other.vote(theirs["id"], 0, address="198.51.100.7").get_json()["votes"] == 1


def test_a_worker_does_it_between_its_jobs(app: Flask, site: SiteDriver) -> None:
    worker = Worker(app)
    while worker.forget():
        worker.drain()
    assert runs_logged(site) == [{}]
    assert not worker.forget()

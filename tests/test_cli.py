"""The commands of `flask --app wsgi`, each on a database of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from service.actions import upkeep
from service.domain.life import Status
from service.extensions import db
from service.store.models import AuthorRow, CommentRow, FlagRow, IdempotencyRow, VoteRow
from service.store.session import reading
from tests.commands import NEW_KEY, OLD_KEY, empty_postgres, make, printed, run, running
from tests.driver import SiteDriver
from tests.store.ledger import discrepancies


@pytest.fixture(params=["sqlite", "postgresql"])
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database of this test alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'own.sqlite'}"
        return
    with empty_postgres(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def app(own_url: str, redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application on an empty, migrated database."""
    with running(own_url, redis_url, tmp_path) as app:
        with app.app_context():
            upgrade()
        yield app


def test_a_site_is_made_changed_and_listed(app: Flask) -> None:
    made = printed(
        app, "site", "create", "news", "--name", " The  News ", "--origin", "HTTPS://News.Example:443/", "--origin",
        "http://localhost:8000",
    )  # fmt: skip
    assert made == (
        "news: The News; origins https://news.example http://localhost:8000; policy all; limits default; depth 5; "
        "15 minutes to revise; flag threshold 3; articles close never\n"
    )
    changed = printed(
        app, "site", "set", "news", "--name", "New News", "--origin", "https://other.example", "--policy", "none",
        "--limits", "client=10/60,email=3/60", "--max-depth", "2", "--revise-minutes", "0",
        "--flag-threshold", "0", "--close-after-days", "90",
    )  # fmt: skip
    assert changed == (
        "news: New News; origins https://other.example; policy none; limits client=10/60,email=3/60; depth 2; "
        "0 minutes to revise; flag threshold 0; articles close after 90 days\n"
    )
    first = printed(app, "site", "set", "news", "--policy", "first", "--trusted-after", "5", "--close-after-days", "0")
    assert "policy first (trusted after 5)" in first
    assert first.endswith("articles close never\n")
    printed(app, "site", "create", "a-paper", "--name", "A", "--origin", "https://a.example")
    assert [line.partition(":")[0] for line in printed(app, "site", "list").splitlines()] == ["a-paper", "news"]


def test_what_is_not_given_stays_as_it_is(app: Flask) -> None:
    before = printed(app, "site", "create", "news", "--name", "News", "--origin", "https://news.example")
    assert printed(app, "site", "set", "news") == before
    printed(app, "site", "set", "news", "--limits", "off")
    assert "limits off; depth 5" in printed(app, "site", "set", "news", "--max-depth", "5")
    assert printed(app, "site", "set", "news", "--limits", "default") == before


def test_a_token_is_printed_alone_and_listed_without_its_secret(app: Flask) -> None:
    site = make(app)
    result = run(app, "token", "create", "--site", "news", "--scope", "moderate")
    assert re.fullmatch(r"pb_[A-Za-z0-9_-]{43}\n", result.stdout)
    assert result.stderr == ""
    listed = printed(app, "token", "list", "--site", "news")
    assert len(listed.splitlines()) == 2
    assert re.match(r"[0-9a-f-]{36}  Mira  integrate moderate pii  never used\n", listed)
    assert site.token not in listed
    assert result.stdout.strip() not in listed
    site.queue()
    assert re.search(
        r"Mira .* last used \d{4}-\d\d-\d\d \d\d:\d\d UTC", printed(app, "token", "list", "--site", "news")
    )


def test_a_revoked_token_opens_nothing_and_says_so_in_the_list(app: Flask) -> None:
    site = make(app)
    token_id = printed(app, "token", "list", "--site", "news").split()[0]
    assert printed(app, "token", "revoke", token_id, "--site", "news") == f"Revoked {token_id}.\n"
    assert "revoked" in printed(app, "token", "list", "--site", "news")
    assert site.client.get("/v1/moderation/comments", headers=site.bearer).status_code == 401


def test_the_api_document_is_written_and_reads_as_openapi(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"
    assert printed(app, "openapi", "write", str(file)) == "Wrote openapi.yaml.\n"
    first = file.read_text()
    assert yaml.safe_load(first)["openapi"].startswith("3.")
    printed(app, "openapi", "write", str(file))
    assert file.read_text() == first


def test_client_keys_are_dropped_after_thirty_days_and_younger_ones_kept(app: Flask) -> None:
    site = make(app)
    for number in range(3):
        site.submitted(headers={"Idempotency-Key": f"key {number}"})
    now = datetime.now(UTC)
    with app.app_context():
        assert upkeep.apply_retention(now=now) == upkeep.Forgotten(0, 0)
        assert upkeep.apply_retention(now=now + timedelta(days=2)) == upkeep.Forgotten(0, 3)
        assert upkeep.apply_retention(now=now + timedelta(days=29, hours=23)) == upkeep.Forgotten(0, 0)
        assert _count_client_keys() == 3
        assert upkeep.apply_retention(now=now + timedelta(days=30, minutes=1)) == upkeep.Forgotten(3, 0, jobs=3)
        assert upkeep.apply_retention(now=now + timedelta(days=30, minutes=1)) == upkeep.Forgotten(0, 0)
        assert _count_client_keys() == 0
    assert printed(app, "retention", "apply") == (
        "Dropped 0 client keys, 0 idempotency answers, 0 numbers of sketches, 0 jobs of the outbox "
        "and 0 deliveries to webhooks; took 0 texts, 0 addresses and the words of 0 log entries.\n"
    )


def test_who_voted_and_flagged_is_forgotten_after_thirty_days_and_what_was_counted_stays(app: Flask) -> None:
    site = make(app)
    sent = site.published()
    for number in range(3):
        site.vote(sent["id"], address=f"192.0.2.{number}")
    for number in range(2):
        site.flag(sent["id"], "Rude to me", address=f"192.0.2.{number}")
    now = datetime.now(UTC)
    with app.app_context():
        assert upkeep.apply_retention(now=now + timedelta(days=29, hours=23)).client_keys == 0
        assert upkeep.apply_retention(now=now + timedelta(days=30, minutes=1), batch=2).client_keys == 1 + 3 + 2
        with reading():
            assert db.session.scalar(select(func.count()).select_from(VoteRow)) == 0
            assert db.session.scalar(select(func.count(FlagRow.client_hash))) == 0
    opened = site.opened(sent["id"])
    assert (opened["votes"], opened["flags"]["reasons"]) == (3, {"other": 2})
    assert [flag["detail"] for flag in opened["flags"]["latest"]] == ["Rude to me"] * 2
    assert site.page()["comments"][0]["votes"] == 3


def test_more_than_one_batch_is_forgotten_in_one_run(app: Flask) -> None:
    site = make(app)
    for number in range(5):
        site.submitted(headers={"Idempotency-Key": f"key {number}"})
    with app.app_context():
        later = datetime.now(UTC) + timedelta(days=31)
        assert upkeep.apply_retention(now=later, batch=2) == upkeep.Forgotten(5, 5, jobs=5)
        assert _count_client_keys() == 0


def _count_client_keys() -> int:
    with reading():
        return db.session.scalar(select(func.count(CommentRow.client_hash))) or 0


def test_a_new_key_with_the_old_one_beside_it_finds_and_opens_everything(
    own_url: str, redis_url: str, tmp_path: Path, app: Flask
) -> None:
    before = make(app)
    key = {"Idempotency-Key": "sent twice"}
    sent = before.submitted(email="ada@example.org", body="Before", headers=key, name="Ada")
    before.submitted(email="ada@example.org", body="Before too")
    cursor = before.queue(limit=1)["next"]
    with running(own_url, redis_url, tmp_path, NEW_KEY, OLD_KEY) as rotated:
        site = SiteDriver(rotated, before.slug, before.origin, before.token, before.article)
        assert site.opened(sent["id"])["email"] == "ada@example.org"
        assert len(site.queue(author="ada@example.org")["comments"]) == 2
        assert len(site.queue(limit=1, cursor=cursor)["comments"]) == 1
        assert site.receipt(sent)["body"] == "Before"
        again = site.submit(email="ada@example.org", body="Before", headers=key, name="Ada")
        assert (again.status_code, again.get_json()["id"]) == (202, sent["id"])
        other = site.submit(email="ada@example.org", body="Another", headers=key, name="Ada")
        assert other.get_json()["code"] == "idempotency_key_reused"
        assert site.submit(email="ada@example.org", body="Before").get_json()["code"] == "duplicate"
        site.submitted(email="ada@example.org", body="After")
        assert printed(rotated, "email", "reseal") == "Re-sealed 0 addresses.\n", "the submission has moved it"
        assert discrepancies(rotated, site.slug) == []


def test_addresses_in_rules_are_moved_to_the_new_key(own_url: str, redis_url: str, tmp_path: Path, app: Flask) -> None:
    old_process = make(app)
    rule = old_process.rule("author", "spam", "Eve@Spam.example\n@junk.example\nmallory@spam.example")

    def of(process: Flask) -> SiteDriver:
        return SiteDriver(process, old_process.slug, old_process.origin, old_process.token, old_process.article)

    def status(site: SiteDriver, email: str) -> str:
        return str(site.opened(site.submitted(email=email)["id"])["status"])

    with running(own_url, redis_url, tmp_path, NEW_KEY, OLD_KEY) as rotated:
        site = of(rotated)
        assert status(site, "eve@spam.example") == "spam", "by the older key"
        change = {"note": "Sellers"}
        address = f"/v1/moderation/rules/{rule['id']}"
        changed = site.client.patch(address, json=change, headers=site.bearer).get_json()
        assert changed["value"] == "Eve@Spam.example\n@junk.example\nmallory@spam.example".replace("Eve@S", "eve@s")
        moved = printed(rotated, "email", "reseal")
        assert re.fullmatch(r"Re-sealed [0-9]+ addresses\.\n", moved)
        assert printed(rotated, "email", "reseal") == "Re-sealed 0 addresses.\n"
        assert status(site, "mallory@spam.example") == "spam", "the process that moved it"
    with running(own_url, redis_url, tmp_path, NEW_KEY) as after:
        site = of(after)
        told = site.client.get(address, headers=site.bearer).get_json()
        assert told == changed
        for email in ("eve@spam.example", "mallory@spam.example", "anybody@junk.example"):
            assert status(site, email) == "spam"
        assert status(site, "ada@example.org") == "pending"


def test_after_resealing_the_old_key_can_go_and_authors_of_both_times_are_one(
    own_url: str, redis_url: str, tmp_path: Path, app: Flask
) -> None:
    old_process = make(app)
    first = old_process.published(email="ada@example.org", body="With the old key")
    lonely = old_process.submitted(email="ben@example.org", body="Only with the old key")
    with running(own_url, redis_url, tmp_path, NEW_KEY) as hasty:
        # A process that was not told of the old key has made a second author of Ada.
        new_process = SiteDriver(hasty, old_process.slug, old_process.origin, old_process.token, old_process.article)
        second = new_process.submitted(email="ada@example.org", body="With the new key")
        new_process.decide(second["id"], "spam")
        with hasty.app_context():
            refused = run(hasty, "email", "reseal")
        assert refused.exit_code == 1
        assert refused.stderr.count("\n") == 1
        assert "SECRET_KEY_FALLBACKS" in refused.stderr
    with running(own_url, redis_url, tmp_path, NEW_KEY, OLD_KEY) as rotated:
        assert printed(rotated, "email", "reseal") == "Re-sealed 2 addresses.\n"
        assert printed(rotated, "email", "reseal") == "Re-sealed 0 addresses.\n"
    with running(own_url, redis_url, tmp_path, NEW_KEY) as after:
        site = SiteDriver(after, old_process.slug, old_process.origin, old_process.token, old_process.article)
        assert site.opened(lonely["id"])["email"] == "ben@example.org"
        found = [site.opened(sent["id"]) for sent in (first, second)]
        assert [comment["email"] for comment in found] == ["ada@example.org"] * 2
        assert found[0]["author"]["id"] == found[1]["author"]["id"]
        assert found[0]["author"]["record"] == {"pending": 0, "approved": 1, "rejected": 0, "spam": 1, "deleted": 0}
        for status in (Status.APPROVED, Status.SPAM):
            assert len(site.queue(author="ada@example.org", status=status)["comments"]) == 1
        assert discrepancies(after, site.slug) == []
        with after.app_context(), reading():
            assert db.session.scalar(select(func.count(AuthorRow.id))) == 2
            assert db.session.scalar(select(func.count()).select_from(IdempotencyRow)) == 0

"""What lies in the database tells nobody who has only the database whose comment it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from service.extensions import db
from service.store.models import AuthorRow, CommentRow, FlagRow, SiteRow, VoteRow
from service.store.session import reading
from tests.driver import SiteDriver, make_site
from tests.stored import everything_stored, files_stored

ADDRESS = "Quetzal.Xq7z+7c1f@Obsidian-Shaft.example"
FORMS = [
    ADDRESS,
    ADDRESS.lower(),
    ADDRESS.upper(),
    "Quetzal.Xq7z+7c1f@obsidian-shaft.example",
    f" {ADDRESS} ",
    f"mailto:{ADDRESS.lower()}",
]
UNKEYED = ["md5", "sha1", "sha256", "sha512", "blake2b"]


def traces() -> list[bytes]:
    """Return the address in every form it could be found in, and its hashes without a key."""
    found = [form.encode() for form in FORMS]
    for form in FORMS:
        for name in UNKEYED:
            digest = hashlib.new(name, form.encode())
            found += [digest.digest(), digest.hexdigest().encode(), digest.hexdigest()[:16].encode()]
    return [*found, b"uetzal", b"bsidian", b"xq7z", b"7c1f@", b"203.0.113.99"]


def live_a_little(site: SiteDriver) -> None:
    """Let the address pass through everything that stores: a keyed submission, an edit, decisions, a duplicate."""
    sent = site.submitted(email=ADDRESS, body="From the mine", headers={"Idempotency-Key": "once"})
    site.submit(email=ADDRESS.lower(), body="From the mine")
    site.approve(sent["id"])
    site.revise(sent, "From deeper in the mine")
    site.vote(sent["id"], address="203.0.113.99")
    site.flag(sent["id"], address="203.0.113.99")
    site.queue(author=ADDRESS)
    assert site.opened(sent["id"])["email"] == "Quetzal.Xq7z+7c1f@obsidian-shaft.example"


def test_no_column_holds_an_address_or_an_unkeyed_hash_of_it(free_site: SiteDriver) -> None:
    live_a_little(free_site)
    stored = everything_stored(free_site.app)
    assert b"From deeper in the mine" in stored, "the search looks where it should"
    assert [trace for trace in traces() if trace in stored] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
def test_no_file_beside_the_database_holds_an_address_either(app: Flask, free_site: SiteDriver) -> None:
    live_a_little(free_site)
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    stored = files_stored(Path(path).parent)
    assert b"From deeper in the mine" in stored, "the write-ahead log counts too"
    assert [trace for trace in traces() if trace in stored] == []


def test_two_sites_cannot_compare_whom_they_know(app: Flask) -> None:
    sites = [make_site(app), make_site(app)]
    for site in sites:
        site.submitted(email="both@example.org", address="198.51.100.7", name="Same")
    with app.app_context(), reading():
        ids = [db.session.scalars(select(SiteRow.id).where(SiteRow.slug == site.slug)).one() for site in sites]
        hashes = set(db.session.scalars(select(AuthorRow.email_hash).where(AuthorRow.site_id.in_(ids))))
        rows = db.session.execute(
            select(CommentRow.client_hash, CommentRow.avatar).where(CommentRow.site_id.in_(ids))
        ).all()
    assert len(hashes) == 2
    for site in sites:
        reply = site.published(address="198.51.100.8")
        site.vote(reply["id"], address="198.51.100.9")
        site.flag(reply["id"], address="198.51.100.9")
    with app.app_context(), reading():
        for kept in (VoteRow, FlagRow):
            there = db.session.scalars(
                select(kept.client_hash)
                .join(CommentRow, CommentRow.id == kept.comment_id)
                .where(CommentRow.site_id.in_(ids))
            ).all()
            assert len(set(there)) == len(there) == 2
    assert len({row.client_hash for row in rows}) == len({row.avatar for row in rows}) == 2

"""Admins do for an author what they ask for by post: everything of theirs is handed out, or erased with a proof."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from service.actions import audit, erase, retention
from service.domain.life import AUTHOR
from service.domain.permissions import Scope
from service.store.session import reading
from service.store.sites import find_site
from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import signed_in
from tests.driver import SiteDriver
from tests.refusals import refused
from tests.store.ledger import discrepancies
from tests.web.test_log import read

ANN = "ann@example.org"


def author_of(site: SiteDriver, sent: dict[str, Any]) -> str:
    return str(site.opened(sent["id"])["author"]["id"])


@pytest.fixture
def sent(free_site: SiteDriver) -> dict[str, Any]:
    """Return one of two comments of Ann's, about whom a colleague has noted something."""
    sent = free_site.published(email=ANN, name="Ann Q", body="About marzipan.")
    turned_down = free_site.submitted(email=ANN, name="Ann Quill", body="About nougat.")
    free_site.decide(turned_down["id"], "reject", reason="We know that Ann.")
    note = {"text": "A private word.", "about": "author"}
    free_site.client.post(f"/v1/moderation/comments/{sent['id']}/notes", json=note, headers=free_site.bearer)
    return sent


@ON_SQLITE_ALONE
def test_the_page_has_what_is_kept_and_the_file_all_of_it(free_site: SiteDriver, sent: dict[str, Any]) -> None:
    admin = signed_in(free_site, role="admin")
    author = author_of(free_site, sent)
    comment = admin.get(f"/desk/comments/{sent['id']}", site=free_site.slug).text
    assert f'href="/desk/authors/{author}?site={free_site.slug}"' in comment
    page = admin.get(f"/desk/authors/{author}", site=free_site.slug).text
    for said in ("Ann Quill", "Ann Q<", ANN, "1 approved, 1 rejected", "Yes, 2 comments are to go for good"):
        assert said in page
    file = admin.get(f"/v1/moderation/authors/{author}/export", site=free_site.slug)
    assert "attachment" in file.headers["Content-Disposition"]
    told = file.get_json()
    assert told["author"]["email"] == ANN
    assert [one["revisions"][0]["body"] for one in told["comments"]] == ["About nougat.", "About marzipan."]
    assert "A private word." not in file.text
    noted = admin.get(f"/v1/moderation/authors/{author}/export", site=free_site.slug, notes="true")
    assert noted.get_json()["notes"][0]["text"] == "A private word."


@ON_SQLITE_ALONE
def test_only_admins_are_offered_it(free_site: SiteDriver, sent: dict[str, Any]) -> None:
    author = author_of(free_site, sent)
    for role in ("viewer", "moderator"):
        colleague = signed_in(free_site, role=role)
        assert "/desk/authors/" not in colleague.get(f"/desk/comments/{sent['id']}", site=free_site.slug).text
        assert colleague.get(f"/desk/authors/{author}", site=free_site.slug).status_code == 403
        assert colleague.post(f"/desk/authors/{author}?site={free_site.slug}", confirm="yes").status_code == 403
    assert free_site.receipt(sent)["status"] == "approved"


@ON_SQLITE_ALONE
def test_a_token_sees_the_address_with_pii_alone(free_site: SiteDriver, sent: dict[str, Any]) -> None:
    path = f"/v1/moderation/authors/{author_of(free_site, sent)}/export"
    for scopes, email in (((Scope.ADMIN,), ""), ((Scope.ADMIN, Scope.PII), ANN)):
        told = free_site.client.get(path, headers=free_site.another_token(*scopes)).get_json()
        assert told["author"]["email"] == email
    nobody = f"/v1/moderation/authors/{UUID(int=1)}"
    refused(free_site.client.get(f"{nobody}/export", headers=free_site.bearer), 404, "not_found")
    refused(free_site.client.delete(nobody, headers=free_site.bearer), 404, "not_found")


def test_erasing_takes_a_tick_and_leaves_a_proof_and_an_entry(free_site: SiteDriver, sent: dict[str, Any]) -> None:
    admin = signed_in(free_site, role="admin", name="Noor")
    author = author_of(free_site, sent)
    path, on = f"/desk/authors/{author}", f"?site={free_site.slug}"
    unticked = admin.post(path + on)
    assert unticked.status_code == 422
    assert "tick the box" in unticked.text
    assert admin.get(f"{path}/proof", site=free_site.slug).status_code == 404
    for _ in range(2):
        assert admin.post(path + on, confirm="yes").headers["Location"] == path + on
    page = admin.get(path, site=free_site.slug).text
    assert "Everything was erased" in page
    assert "Ann" not in page
    file = admin.get(f"{path}/proof", site=free_site.slug)
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.get_json()["comments"] == 2
    assert file.get_json()["id"] in page
    assert "Ann" not in file.text
    with free_site.app.app_context():
        assert erase.check_proof(file.text) is not None
    entries = read(free_site, limit=100)["entries"]
    done, redacted = entries[0], next(entry for entry in entries if entry["action"] == "redact")
    assert (done["action"], done["actor_name"], done["subject"]) == ("erase", "Noor", file.get_json()["id"])
    assert redacted["actor_name"] == "the service"
    assert free_site.client.delete(f"/v1/moderation/authors/{author}", headers=free_site.bearer).get_json() == (
        file.get_json()
    )
    gone = free_site.client.get(f"/v1/moderation/authors/{author}/export", headers=free_site.bearer)
    assert "erased" in refused(gone, 404, "not_found")["detail"]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_retention_takes_the_colleague_s_name_and_the_proof_still_holds(
    free_site: SiteDriver, sent: dict[str, Any]
) -> None:
    admin = signed_in(free_site, role="admin", name="Noor Marzouk")
    author = author_of(free_site, sent)
    admin.post(f"/desk/authors/{author}?site={free_site.slug}", confirm="yes")
    free_site.change(retention={"log": 30})
    with free_site.app.app_context():
        with reading():
            here = find_site(free_site.slug)
        done = erase.find_erasure(UUID(author), here)
        assert done is not None
        retention.apply_now(now=datetime.now(UTC) + timedelta(days=31))
        assert erase.check_proof(erase.proof(done)) is not None
        assert [found.broken for found in audit.verify(free_site.slug)] == [None]
    log = read(free_site, limit=100)
    assert "Marzouk" not in json.dumps(log)
    erasures = {entry["action"]: entry for entry in log["entries"] if entry["kind"] == "erasure"}
    assert (erasures["erase"]["actor_name"], erasures["erase"]["details"]) == ("a moderator", {"comments": 2})
    assert "erased_at" in erasures["erase"]
    assert "erased_at" not in erasures["redact"]
    # Whoever looks again finds the same proof.
    assert f"{done.id}" in admin.get(f"/desk/authors/{author}", site=free_site.slug).text


@ON_SQLITE_ALONE
def test_much_of_it_is_left_to_the_worker(free_site: SiteDriver, sent: dict[str, Any]) -> None:
    admin = signed_in(free_site, role="admin")
    author = author_of(free_site, sent)
    with free_site.app.app_context():
        with reading():
            here = find_site(free_site.slug)
        # As where more than a thousand were to go.
        assert erase.erase_everything(UUID(author), here, actor=AUTHOR, now=datetime.now(UTC), batches=0) is None
    page = admin.get(f"/desk/authors/{author}", site=free_site.slug).text
    assert "It is being erased" in page
    assert "Ann" not in page

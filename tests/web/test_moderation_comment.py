"""A comment opened: everything known about it, and the address only for who may see it."""

from __future__ import annotations

from flask import Flask

from service.domain.permissions import Scope
from tests.driver import SiteDriver, make_site

LINKS = "https://a.example https://b.example https://c.example"


def test_a_comment_opens_with_its_revisions_signals_and_decisions(free_site: SiteDriver) -> None:
    sent = free_site.published(body="First", email="ada@example.org")
    free_site.revise(sent, f"Second {LINKS}")
    free_site.decide(sent["id"], "reject", revision=2, reason="Advertising", note="Watch this one")
    opened = free_site.opened(sent["id"])
    assert [(r["number"], r["body"]) for r in opened["revisions"]] == [(1, "First"), (2, f"Second {LINKS}")]
    assert [[s["name"] for s in r["signals"]] for r in opened["revisions"]] == [
        ["first_time_author", "policy"],
        ["many_links", "edit_adds_link", "policy"],
    ]
    first, second = opened["decisions"]
    assert (first["action"], first["revision"], first["from_status"], first["to_status"]) == (
        "approve", 1, "pending", "approved",
    )  # fmt: skip
    assert (second["action"], second["revision"], second["reason"], second["note"]) == (
        "reject", 2, "Advertising", "Watch this one",
    )  # fmt: skip
    assert opened["email"] == "ada@example.org"
    assert opened["author"]["record"]["approved"] == 1


def test_the_address_is_shown_only_with_the_scope_pii(free_site: SiteDriver) -> None:
    sent = free_site.submitted(email="ada@example.org")
    plain = free_site.another_token(Scope.MODERATE)
    opened = free_site.client.get(f"/v1/moderation/comments/{sent['id']}", headers=plain)
    assert opened.status_code == 200
    assert "email" not in opened.get_json()
    assert "ada@example.org" not in opened.text


def test_a_comment_of_another_site_is_not_found(app: Flask, free_site: SiteDriver) -> None:
    elsewhere = make_site(app).submitted()
    refused = free_site.client.get(f"/v1/moderation/comments/{elsewhere['id']}", headers=free_site.bearer)
    assert (refused.status_code, refused.get_json()["code"]) == (404, "not_found")

"""What no browser sends to the desk: addresses that are none, and fields that were tampered with."""

from __future__ import annotations

import pytest

from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import DeskBrowser, new_moderator, signed_in
from tests.driver import SiteDriver

NO_ADDRESS = ["http://[", "//[", "http://[::1", "//[::1]x/desk", "https://\u2100.example"]


@ON_SQLITE_ALONE
@pytest.mark.parametrize("place", [*NO_ADDRESS, "//evil.example/desk", "/\\evil.example", "/desk\\@evil.example"])
def test_signing_in_leads_to_the_desk_from_what_is_no_page_of_it(site: SiteDriver, place: str) -> None:
    noor = DeskBrowser(site.app, new_moderator(site))
    assert noor.get("/desk/sign-in", next=place).status_code == 200
    answer = noor.sign_in(next=place)
    assert (answer.status_code, answer.location) == (303, "/desk")
    assert noor.get("/desk/sign-in", next=place).location == "/desk"


@ON_SQLITE_ALONE
@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "https://evil.example"])
def test_an_origin_that_is_none_is_a_foreign_one(site: SiteDriver, origin: str) -> None:
    noor = signed_in(site)
    foreign = {"Origin": origin}
    assert noor.client.post("/desk/sign-in", data={"email": noor.email}, headers=foreign).status_code == 403
    sent = site.submitted()["id"]
    refused = noor.api("PUT", f"/v1/moderation/comments/{sent}/claim", headers=foreign)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "kept", ["[" * 50_000, '[["note", "\\ud800"]]', "{}", "[1]", "null", '[["a"]]'], ids=lambda text: text[:9]
)
def test_what_was_kept_through_signing_in_is_dropped_where_it_cannot_be_read(site: SiteDriver, kept: str) -> None:
    noor = DeskBrowser(site.app, new_moderator(site))
    answer = noor.sign_in(next="/desk/account", kept=kept)
    assert (answer.status_code, answer.location) == (303, "/desk/account")


@pytest.mark.parametrize("place", ["/desk", "/desk/items"])
@pytest.mark.parametrize("name", ["q", "author", "reason", "article", "status", "sort", "cursor", "has_links"])
def test_a_nul_in_an_address_is_no_fault_of_ours(site: SiteDriver, place: str, name: str) -> None:
    noor = signed_in(site)
    site.submitted()
    for others in ({}, {"status": "approved"}):
        assert noor.get(place, **({name: "a\0b"} | others)).status_code in {200, 422}


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "place", ["/desk/comments/" + "-" * 36, "/desk/comments/" + "0" * 36, "/desk/comments/x", "//["]
)
def test_a_refused_form_of_a_page_that_cannot_be_is_told_on_the_queue(site: SiteDriver, place: str) -> None:
    refused = signed_in(site).post("/desk/decisions", action="approve", next=place)
    assert refused.status_code == 422
    assert "Tick the comments that you want to decide on." in refused.text

"""Addresses that are none, in the headers and fields that the desk takes addresses from."""

from __future__ import annotations

import pytest

from tests.desk_driver import DeskBrowser, new_moderator, signed_in
from tests.driver import SiteDriver

NO_ADDRESS = ["http://[", "//[", "http://[::1", "//[::1]x/desk", "https://\u2100.example"]


@pytest.mark.parametrize("place", [*NO_ADDRESS, "//evil.example/desk", "/\\evil.example", "/desk\\@evil.example"])
def test_signing_in_leads_to_the_desk_from_what_is_no_page_of_it(site: SiteDriver, place: str) -> None:
    noor = DeskBrowser(site.app, new_moderator(site))
    assert noor.get("/desk/sign-in", next=place).status_code == 200
    answer = noor.sign_in(next=place)
    assert (answer.status_code, answer.location) == (303, "/desk")
    assert noor.get("/desk/sign-in", next=place).location == "/desk"


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "https://evil.example"])
def test_an_origin_that_is_none_is_a_foreign_one(site: SiteDriver, origin: str) -> None:
    noor = signed_in(site)
    foreign = {"Origin": origin}
    assert noor.client.post("/desk/sign-in", data={"email": noor.email}, headers=foreign).status_code == 403
    sent = site.submitted()["id"]
    refused = noor.api("PUT", f"/v1/moderation/comments/{sent}/claim", headers=foreign)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")

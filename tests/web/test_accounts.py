"""One's own account, and who moderates a site."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from flask import Flask

from service.domain.permissions import Scope
from tests.desk_driver import PASSWORD, DeskBrowser, new_moderator, signed_in
from tests.driver import SiteDriver, codes, make_site

TEAM = "/v1/moderation/moderators"
OFFERS = "/v1/moderation/invitations"


def link_in(page: str) -> str:
    """Return the path of the invitation's link on a page."""
    found = re.search(r"(/desk/invitations/pbi_[\w-]+)", page)
    assert found is not None, page
    return found[1]


def test_a_name_is_changed_and_an_empty_one_is_refused(site: SiteDriver) -> None:
    noor = signed_in(site)
    assert noor.post("/desk/account/name", name=" Noor  Haddad ").status_code == 303
    assert "Noor Haddad" in noor.get("/desk/account").text
    refused = noor.post("/desk/account/name", name=" ")
    assert (refused.status_code, "please fill it in" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("wrong", "a long enough password", "not your present password"),
        (PASSWORD, "too short", "at least 12 characters"),
        (PASSWORD, "", "Please choose a password"),
        (PASSWORD, "x" * 201, "at most 200"),
    ],
)
def test_a_password_is_changed_only_by_who_knows_it_to_a_long_one(
    site: SiteDriver, old: str, new: str, told: str
) -> None:
    noor = signed_in(site)
    refused = noor.post("/desk/account/password", old_password=old, new_password=new)
    assert (refused.status_code, told in refused.text) == (422, True)
    assert DeskBrowser(site.app, noor.email).sign_in().status_code == 303


def test_a_changed_password_ends_every_other_session(site: SiteDriver) -> None:
    noor = signed_in(site)
    other = DeskBrowser(site.app, noor.email)
    other.sign_in()
    assert noor.post("/desk/account/password", old_password=PASSWORD, new_password="a new long one").status_code == 303
    assert noor.get("/desk/account").status_code == 200
    assert other.get("/desk/account").status_code == 303
    assert DeskBrowser(site.app, noor.email).sign_in().status_code == 422
    assert DeskBrowser(site.app, noor.email).sign_in("a new long one").status_code == 303


def test_sessions_are_listed_and_ended_one_by_one_or_together(site: SiteDriver) -> None:
    noor = signed_in(site)
    others = [DeskBrowser(site.app, noor.email) for _ in range(3)]
    for other in others:
        other.client.post(
            "/desk/sign-in", data={"email": noor.email, "password": PASSWORD}, headers={"User-Agent": "Phone <b>"}
        )
    page = noor.get("/desk/account").text
    assert page.count("Phone &lt;b&gt;") == 3
    assert page.count("This one") == 1
    first = re.findall(r'name="session" value="([0-9a-f-]{36})"', page)[0]
    noor.post("/desk/account/sessions", session=first)
    assert [other.get("/desk/account").status_code for other in others].count(303) == 1
    noor.post("/desk/account/sessions", session="others")
    assert {other.get("/desk/account").status_code for other in others} == {303}
    assert noor.get("/desk/account").status_code == 200


def test_nobody_ends_the_session_of_another(site: SiteDriver) -> None:
    noor, mira = signed_in(site), signed_in(site, name="Mira")
    DeskBrowser(site.app, mira.email).sign_in()
    theirs = re.findall(r'name="session" value="([0-9a-f-]{36})"', mira.get("/desk/account").text)
    for session in theirs:
        noor.post("/desk/account/sessions", session=session)
    assert len(re.findall(r'name="session" value="[0-9a-f-]{36}"', mira.get("/desk/account").text)) == len(theirs)


def test_an_invitation_makes_an_account_once(site: SiteDriver) -> None:
    admin = signed_in(site, "admin", "Mira")
    page = admin.post("/desk/moderators", do="invite", name="Noor", role="viewer")
    link = link_in(page.text)
    newcomer = DeskBrowser(site.app, "noor-invited@example.org")
    assert "the role of viewer" in newcomer.get(link).text
    fields = {"name": "Noor", "email": newcomer.email, "password": "short"}
    refused = newcomer.client.post(link, data=fields)
    assert (refused.status_code, newcomer.email in refused.text) == (422, True)
    assert newcomer.client.post(link, data=fields | {"password": PASSWORD}).status_code == 303
    assert newcomer.sign_in().status_code == 303
    assert newcomer.api("GET", "/v1/moderation/comments").status_code == 200
    assert newcomer.get(link).status_code == 404
    assert newcomer.client.post(link, data={"csrf": newcomer.csrf}).status_code == 404


def test_who_has_an_account_accepts_with_it(app: Flask, site: SiteDriver) -> None:
    noor = signed_in(make_site(app))
    link = link_in(signed_in(site, "admin").post("/desk/moderators", do="invite", name="N", role="moderator").text)
    assert "You are signed in as" in noor.get(link).text
    assert noor.post(link).location == f"/desk?site={site.slug}"
    sent = site.submitted()["id"]
    decided = noor.api("POST", f"/v1/moderation/comments/{sent}/decisions", json={"action": "approve", "revision": 1})
    assert decided.status_code == 201
    assert site.opened(sent)["decisions"][0]["moderator"] == "Noor"


def test_an_address_has_one_account(site: SiteDriver) -> None:
    taken = new_moderator(site)
    link = link_in(signed_in(site, "admin").post("/desk/moderators", do="invite", name="N", role="admin").text)
    refused = site.client.post(link, data={"name": "N", "email": taken.upper(), "password": PASSWORD})
    assert (refused.status_code, "There is an account of this address" in refused.text) == (422, True)
    assert site.client.get(link).status_code == 200, "the invitation is still good"


def test_an_invitation_can_be_called_back(site: SiteDriver) -> None:
    admin = signed_in(site, "admin")
    page = admin.post("/desk/moderators", do="invite", name="Noor", role="viewer").text
    invitation = re.search(r'name="invitation" value="([0-9a-f-]{36})"', page)
    assert invitation is not None
    admin.post("/desk/moderators", do="call_back", invitation=invitation[1])
    assert site.client.get(link_in(page)).status_code == 404


@pytest.mark.parametrize("do", ["change", "remove"])
def test_the_last_admin_stays_one(site: SiteDriver, do: str) -> None:
    admin = signed_in(site, "admin")
    own = admin.api("GET", TEAM).get_json()["moderators"][0]["id"]
    refused = admin.post("/desk/moderators", do=do, moderator=own, role="viewer")
    assert (refused.status_code, "at least one admin" in refused.text) == (422, True)
    new_moderator(site, "admin")
    assert admin.post("/desk/moderators", do=do, moderator=own, role="viewer").status_code == 303
    assert admin.get("/desk/moderators").status_code == 403


def test_roles_are_changed_and_taken_through_the_api_and_logged(site: SiteDriver) -> None:
    noor = signed_in(site)
    (member,) = site.client.get(TEAM, headers=site.bearer).get_json()["moderators"]
    assert (member["name"], member["role"], member["has_second_factor"]) == ("Noor", "moderator", False)
    changed = site.client.patch(f"{TEAM}/{member['id']}", json={"role": "viewer"}, headers=site.bearer)
    assert changed.get_json()["role"] == "viewer"
    sent = site.submitted()["id"]
    decision = {"action": "approve", "revision": 1}
    assert noor.api("POST", f"/v1/moderation/comments/{sent}/decisions", json=decision).status_code == 403
    assert site.client.delete(f"{TEAM}/{member['id']}", headers=site.bearer).status_code == 204
    assert noor.api("GET", "/v1/moderation/comments").status_code == 403
    assert site.client.delete(f"{TEAM}/{member['id']}", headers=site.bearer).status_code == 404


def test_invitations_are_made_listed_and_called_back_through_the_api(site: SiteDriver) -> None:
    made = site.client.post(OFFERS, json={"name": "Noor", "role": "viewer"}, headers=site.bearer)
    assert made.status_code == 201
    assert site.client.get(link_in(made.get_json()["url"])).status_code == 200
    (listed,) = site.client.get(OFFERS, headers=site.bearer).get_json()["invitations"]
    assert (listed["name"], listed["invited_by"], "url" in listed) == ("Noor", "Mira", False)
    assert site.client.delete(f"{OFFERS}/{listed['id']}", headers=site.bearer).status_code == 204
    assert site.client.delete(f"{OFFERS}/{listed['id']}", headers=site.bearer).status_code == 404
    refused = site.client.post(OFFERS, json={"name": ""}, headers=site.bearer)
    assert (refused.status_code, codes(refused)) == (422, {"name": "required"})


def test_moderators_addresses_are_in_no_answer(site: SiteDriver) -> None:
    admin = signed_in(site, "admin")
    for answer in (
        admin.api("GET", TEAM),
        admin.get("/desk/moderators"),
        site.client.get(TEAM, headers=site.another_token(Scope.ADMIN)),
    ):
        assert "@" not in answer.text


def test_of_two_sites_a_moderator_is_on_the_one_that_is_named(app: Flask, site: SiteDriver) -> None:
    noor = signed_in(site)
    foreign = make_site(app)
    sent = foreign.submitted()["id"]
    assert noor.api("GET", f"/v1/moderation/comments?site={foreign.slug}").status_code == 403
    assert noor.api("GET", f"/v1/moderation/comments/{sent}").status_code == 404
    assert noor.api("GET", f"/v1/moderation/comments/{uuid4()}").status_code == 404
    assert noor.api("GET", f"/v1/moderation/comments?site={site.slug}").status_code == 200

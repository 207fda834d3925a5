"""Who has a role already opens an invitation: to a lower one, to the same, to a higher one."""

from __future__ import annotations

import re

import pytest

from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver


def invited_by(admin: DeskBrowser, role: str) -> str:
    """Invite somebody and return the path of the link."""
    page = admin.post("/desk/moderators", do="invite", name="Newcomer", role=role).text
    found = re.search(r"/desk/invitations/[\w-]+", page)
    assert found is not None, page
    return found[0]


@pytest.mark.parametrize("role", ["admin", "moderator", "viewer"])
def test_an_admin_who_tries_the_link_stays_one_and_leaves_it_to_the_newcomer(site: SiteDriver, role: str) -> None:
    ada = signed_in(site, "admin", "Ada")
    link = invited_by(ada, role)
    refused = ada.post(link)
    assert (refused.status_code, "You have the role of admin here already" in refused.text) == (422, True)
    assert ada.get("/desk/moderators").status_code == 200
    assert site.client.get(link).status_code == 200, "the invitation is still good"
    actions = [entry["action"] for entry in ada.api("GET", "/v1/moderation/log").get_json()["entries"]]
    assert "accept" not in actions


def test_a_viewer_rises_and_the_log_tells_from_what(site: SiteDriver) -> None:
    link = invited_by(signed_in(site, "admin", "Ada"), "moderator")
    noor = signed_in(site, "viewer", "Noor")
    assert noor.post(link).status_code == 303
    sent = site.submitted()["id"]
    assert noor.api("PUT", f"/v1/moderation/comments/{sent}/claim").status_code == 200
    entry = noor.api("GET", "/v1/moderation/log", query_string={"action": "accept"}).get_json()["entries"][0]
    assert (entry["actor_name"], entry["details"]) == ("Noor", {"role": ["viewer", "moderator"]})

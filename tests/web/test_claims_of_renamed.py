"""A claim is its holder's, whatever name colleagues read."""

from __future__ import annotations

import re

import pytest
import redis

from service.adapters.claims import CLAIM_LASTS
from tests.desk_driver import signed_in
from tests.driver import SiteDriver


@pytest.mark.parametrize("name", ["Noor II", "نور", "5 moderator:00 x", 'No"or\\'])
def test_who_changes_their_name_keeps_and_ends_their_claim(site: SiteDriver, name: str) -> None:
    noor, bob = signed_in(site), signed_in(site, name="Bob")
    claim = f"/v1/moderation/comments/{site.submitted()['id']}/claim"
    first = noor.api("PUT", claim).get_json()
    assert noor.post("/desk/account/name", name=name).status_code == 303
    renewed = noor.api("PUT", claim).get_json()
    assert (renewed["moderator"], renewed["mine"]) == (name, True)
    assert renewed["until"] > first["until"]
    assert bob.api("PUT", claim).get_json()["claim"]["moderator"] == name
    assert noor.api("DELETE", claim).status_code == 204
    assert bob.api("PUT", claim).status_code == 200


def test_a_claim_ends_by_itself_a_minute_after_it_was_renewed(site: SiteDriver, redis_url: str) -> None:
    comment_id = site.submitted()["id"]
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(2):
            site.client.put(f"/v1/moderation/comments/{comment_id}/claim", headers=site.bearer)
            (key,) = client.keys(f"*{re.sub('-', '', comment_id)}*")
            assert 0 < client.pttl(key) <= CLAIM_LASTS.total_seconds() * 1000
            client.pexpire(key, 1_000)
        client.pexpire(key, 1)
    while site.opened(comment_id)["claim"] is not None:
        pass
    assert site.approve(comment_id).status_code == 201

"""Soft limits and floods as clients meet them: a challenge, which solved lets the same reply through."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.desk_driver import signed_in
from tests.driver import SiteDriver
from tests.proofs import solved
from tests.refusals import nothing_stored, refused

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ARTICLE_SOFT = {"article-soft": (1, 3600)}


def challenged(response: TestResponse) -> dict[str, Any]:
    challenge: dict[str, Any] = refused(response, 429, "challenge_required")["challenge"]
    return challenge


def given(site: SiteDriver) -> dict[str, Any]:
    response = site.client.get("/v1/challenge", query_string={"site": site.slug})
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    challenge: dict[str, Any] = response.get_json()
    return challenge


def test_a_soft_limit_asks_and_the_same_reply_sent_with_a_proof_is_accepted(site: SiteDriver) -> None:
    site.change(limits=ARTICLE_SOFT)
    site.submitted()
    reply, key = site.reply(), {"Idempotency-Key": "one press of a button"}
    with nothing_stored(site):
        response = site.submit(headers=key, **reply)
        challenge = challenged(response)
    assert 1 <= int(response.headers["Retry-After"]) <= 2 * 3600
    solution = solved(challenge)
    accepted = site.submit(headers=key, challenge=solution, **reply)
    assert accepted.status_code == 202, accepted.text
    again = site.submit(headers=key, challenge=solution, **reply)
    assert again.json == accepted.json, "the same request gets the same answer, though its proof is used"


def test_whose_limit_asks_is_not_told(site: SiteDriver) -> None:
    site.change(limits=ARTICLE_SOFT)
    site.submitted()
    assert "article" not in site.submit().headers["RateLimit"]


def test_a_challenge_solved_ahead_is_good_once(site: SiteDriver, free_site: SiteDriver) -> None:
    solution = solved(given(site))
    assert challenged(free_site.submit(challenge=solution)), "of another site"
    assert site.submit(challenge=solution).status_code == 202
    refusal = site.submit(challenge=solution)
    assert challenged(refusal)
    assert "used before" in refusal.get_json()["detail"]


@pytest.mark.parametrize(
    ("solution", "words"),
    [("nonsense", "base64"), ("e30=", "base64"), (None, ""), ("", "")],
    ids=["nonsense", "no-payload", "null", "empty"],
)
def test_a_proof_that_does_not_hold_is_told_so(site: SiteDriver, solution: str | None, words: str) -> None:
    response = site.client.post("/v1/comments", json=site.reply() | {"challenge": solution})
    if words:
        assert challenged(response)
        assert words in response.get_json()["detail"]
        assert response.headers["Retry-After"] == "1"
    else:
        assert response.status_code == 202


def test_a_proof_buys_nothing_from_a_hard_limit_and_is_kept_for_later(site: SiteDriver) -> None:
    site.change(limits={"email": (1, 3600)})
    solution = solved(given(site))
    site.submitted(email="ada@example.org")
    for _ in range(2):
        refused(site.submit(email="ada@example.org", challenge=solution), 429, "rate_limited")
    assert site.submit(challenge=solution).status_code == 202


def test_a_reply_refused_in_the_transaction_keeps_its_proof(site: SiteDriver) -> None:
    reply = site.reply()
    site.submitted(**reply)
    solution = solved(given(site))
    assert site.submit(challenge=solution, **reply).status_code == 409
    assert site.submit(challenge=solution).status_code == 202


def test_a_neighbourhood_is_asked_and_then_refused(site: SiteDriver) -> None:
    site.change(limits={"network-soft": (2, 3600), "network": (3, 3600)})
    assert [site.submit(address=f"192.0.2.{n}").status_code for n in range(2)] == [202, 202]
    solution = solved(challenged(site.submit(address="192.0.2.9")))
    assert site.submit(address="192.0.2.9", challenge=solution).status_code == 202
    refused(site.submit(address="192.0.2.10"), 429, "rate_limited")
    assert site.submit(address="192.0.3.1").status_code == 202


def test_a_client_is_asked_from_its_sixteenth_reply_within_an_hour(site: SiteDriver) -> None:
    site.change(limits={"client": (60, 60)})
    answers = [site.submit().status_code for _ in range(16)]
    assert answers == [202] * 15 + [429]


def test_the_sites_own_servers_are_asked_for_nothing(site: SiteDriver) -> None:
    site.change(limits={"article-soft": (1, 3600), "site-soft": (1, 3600)})
    assert [site.submit(headers=site.bearer).status_code for _ in range(4)] == [202] * 4
    assert site.submit().status_code == 202, "and are not taken for a flood"


@pytest.mark.parametrize(("language", "words"), [("en", "calculation"), ("de", "Rechnung"), ("ja", "JavaScript")])
def test_the_form_without_javascript_says_so_and_keeps_everything(site: SiteDriver, language: str, words: str) -> None:
    site.change(limits=ARTICLE_SOFT)
    site.submitted()
    reply = site.reply(body="Something *long* to keep", url="https://ada.example")
    with nothing_stored(site):
        response = site.client.post(
            f"/v1/comments?lang={language}", data=reply, headers={"Origin": site.origin, "Accept": "text/html"}
        )
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 1
    assert words in response.text
    assert all(value in response.text for value in (reply["name"], reply["email"], reply["body"], reply["url"]))


def flooded(site: SiteDriver, attempts: int) -> list[int]:
    """Press a site from as many addresses, each in a neighbourhood of its own."""
    return [site.submit(address=f"198.18.{n}.1", article=f"{site.origin}/{n}").status_code for n in range(attempts)]


def log_of(site: SiteDriver) -> list[tuple[str, str, dict[str, Any]]]:
    entries = site.client.get("/v1/moderation/log?kind=flood", headers=site.bearer).get_json()["entries"]
    return [(entry["action"], entry["actor_kind"], entry["details"]) for entry in entries]


def level(site: SiteDriver) -> int:
    return int(site.client.get("/v1/moderation/stats", headers=site.bearer).get_json()["flood_level"])


def test_a_flood_raises_the_price_for_everybody_and_the_desk_is_told(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (3, 86_400)})
    assert flooded(site, 5) == [202, 202, 202, 429, 429]
    assert level(site) == 1
    first = challenged(site.submit())
    assert first["parameters"]["data"] == {"site": site.slug, "price": 1}
    dearer = challenged(site.submit(challenge=solved(first)))
    assert dearer["parameters"]["data"]["price"] == 2
    assert dearer["parameters"]["cost"] > first["parameters"]["cost"]
    assert site.submit(challenge=solved(dearer)).status_code == 202
    assert level(site) == 2
    assert given(site)["parameters"]["data"]["price"] == 2
    assert sorted(log_of(site), key=str) == [
        ("rise", "policy", {"level": [0, 1]}),
        ("rise", "policy", {"level": [1, 2]}),
    ]


def test_whoever_paid_the_price_stands_before_what_came_while_sending_was_cheap(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (3, 86_400)})
    flooded(site, 5)
    dearer = challenged(site.submit(challenge=solved(challenged(site.submit()))))
    honest = site.submit(challenge=solved(dearer), name="Honest").get_json()["id"]
    queue = site.queue()["comments"]
    assert [one["id"] for one in queue].index(honest) == 0, [(one["score"], one["signals"]) for one in queue]
    assert {signal["name"] for signal in queue[0]["signals"]} >= {"flood", "proof_of_work"}


def test_the_desk_shows_a_flood_while_it_lasts(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (2, 86_400)})
    mira = signed_in(site, role="admin")
    for address in ("/desk", "/desk/site"):
        assert 'id="flood"' not in mira.get(address, site=site.slug).text
    flooded(site, 3)
    for address in ("/desk", "/desk/site"):
        assert "Every reply needs a proof of work" in mira.get(address, site=site.slug).text
    flooded(site, 2)
    assert "new authors are held" in mira.get("/desk", site=site.slug).text
    site.change(limits="off")
    assert 'id="flood"' not in mira.get("/desk", site=site.slug).text


def test_refused_attempts_of_a_flood_spend_nothing(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (2, 86_400), "site": (3, 86_400)})
    assert flooded(site, 8) == [202, 202] + [429] * 6
    solution = solved(challenged(site.submit()))
    assert site.submit(challenge=solution).status_code == 202
    refused(site.submit(), 429, "rate_limited")


def test_a_flood_that_is_over_is_noticed_by_whoever_looks_at_the_desk(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (1, 86_400)})
    flooded(site, 2)
    assert level(site) == 1
    # Time cannot be turned, but a site may decide that this was no flood.
    site.change(limits="off")
    assert level(site) == 0
    assert log_of(site)[0][0] == "sink" or log_of(site)[-1][0] == "sink"


def test_a_flood_that_is_over_is_noticed_by_the_next_reply(site: SiteDriver) -> None:
    site.change(limits={"site-soft": (1, 86_400)})
    flooded(site, 2)
    site.change(limits="off")
    assert site.submit().status_code == 202
    assert {action for action, _, _ in log_of(site)} == {"rise", "sink"}

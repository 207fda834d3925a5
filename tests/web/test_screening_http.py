"""What the rules do to replies, over HTTP: held, called spam without a word, refused with one, or trusted."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from service.domain.site import Policy
from service.extensions import db
from service.store.models import RuleRow
from service.store.session import writing
from tests.driver import SiteDriver, codes
from tests.refusals import nothing_stored
from tests.store.ledger import discrepancies
from tests.web.test_vouching import proven

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MET: dict[str, tuple[str, dict[str, Any], str | None, str]] = {
    "word": ("casino\nbuy now", {"body": "Win at the CASINO, buy  now!"}, "body", "“CASINO”"),
    "pattern": (r"win \d+ euros?", {"body": "You can Win 500 Euros."}, "body", "“Win 500 Euros”"),
    "domain": ("casino.example", {"body": "See https://www.casino.example/x for more."}, "body", "casino.example"),
    "author": ("@spam.example", {"email": "eve@mail.spam.example"}, None, "@spam.example"),
    "network": ("203.0.113.0/24", {"address": "203.0.113.9"}, None, "203.0.113.0/24"),
}
"""By kind: a value, a reply that it meets, the field that a refusal names, and what a moderator is shown."""
ORDINARY = [
    pytest.param("word", {"body": "The Casinos of old"}, id="another-word"),
    pytest.param("domain", {"body": "See https://notcasino.example/"}, id="another-domain"),
    pytest.param("author", {"email": "eve@notspam.example"}, id="another-author"),
    pytest.param("network", {"address": "203.0.114.9"}, id="another-network"),
]


@pytest.fixture
def open_site(free_site: SiteDriver) -> SiteDriver:
    """Return a site that publishes everything at once, unless something holds it."""
    free_site.change(policy=Policy.NONE)
    return free_site


def signals_of(site: SiteDriver, sent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {signal["name"]: signal for signal in site.opened(sent["id"])["signals"]}


@pytest.mark.parametrize("kind", MET)
def test_hold_keeps_a_reply_for_a_person_and_says_which_rule_and_words(open_site: SiteDriver, kind: str) -> None:
    value, reply, field, shown = MET[kind]
    rule = open_site.rule(kind, "hold", value, note="Sellers")
    sent = open_site.submitted(**reply)
    assert sent["status"] == "pending"
    signal = signals_of(open_site, sent)[f"rule_{kind}"]
    assert (signal["verdict"], signal["rule"]) == ("hold", {"id": rule["id"], "version": 1})
    assert shown in signal["detail"]
    assert "“Sellers”" in signal["detail"]
    body = open_site.opened(sent["id"])["body"]
    assert bool(signal["spans"]) == (field == "body")
    assert all(body[start:end] for start, end in signal["spans"])
    (waiting,) = open_site.queue(reason=f"rule_{kind}")["comments"]
    assert waiting["id"] == sent["id"]


@pytest.mark.parametrize(("kind", "reply"), ORDINARY)
def test_what_a_rule_does_not_meet_is_published(open_site: SiteDriver, kind: str, reply: dict[str, Any]) -> None:
    open_site.rule(kind, "reject", MET[kind][0])
    assert open_site.submitted(**reply)["status"] == "approved"


@pytest.mark.parametrize("kind", MET)
def test_spam_is_answered_as_what_waits_and_stands_under_spam(open_site: SiteDriver, kind: str) -> None:
    site = open_site
    site.rule(kind, "spam", MET[kind][0])
    held = site.submit(body="One https://a.example, two https://b.example, three https://c.example")
    answer = site.submit(**MET[kind][1])
    assert (answer.status_code, answer.get_json()["status"]) == (202, "pending")
    assert shape(answer.get_json()) == shape(held.get_json())
    assert {name for name, _ in answer.headers} == {name for name, _ in held.headers}
    sent = answer.get_json()
    assert shape(site.receipt(sent)) == shape(site.receipt(held.get_json()))
    assert site.receipt(sent)["status"] == "pending"
    pages = [site.client.get(f"/receipts/{one['receipt']['token']}").text for one in (sent, held.get_json())]
    headings, ordinary = (re.findall(r"<(?:h1|h2|label|button)[^>]*>[^<]*", page) for page in pages)
    assert headings == ordinary
    assert headings
    assert "A person will read it" in pages[0]
    assert site.queue(status="pending")["totals"]["spam"] == 1
    (found,) = site.queue(status="spam")["comments"]
    assert found["id"] == sent["id"]
    assert sent["id"] not in [waiting["id"] for waiting in site.queue()["comments"]]
    assert site.page()["comments"] == []
    assert site.decide(sent["id"], "restore").get_json()["status"] == "approved"
    assert site.receipt(sent)["status"] == "approved"
    assert [one["id"] for one in site.page()["comments"]] == [sent["id"]]
    assert discrepancies(site.app, site.slug) == []


def shape(told: Any) -> Any:
    """Return an answer with the kinds of its values alone, and every word of status kept."""
    if isinstance(told, dict):
        return {name: value if name == "status" else shape(value) for name, value in told.items()}
    return type(told).__name__


def test_a_form_of_what_is_called_spam_leads_to_a_receipt_as_any(open_site: SiteDriver) -> None:
    open_site.rule("word", "spam", "casino")
    answers = [open_site.submit_form(body=body) for body in ("A casino!", "https://a.example " * 3)]
    assert answers[0].status_code == answers[1].status_code == 303
    assert {name for name, _ in answers[0].headers} == {name for name, _ in answers[1].headers}


def test_an_edit_of_what_is_called_spam_is_taken_and_may_make_it_wait(open_site: SiteDriver) -> None:
    site = open_site
    site.rule("word", "spam", "casino")
    sent = site.submitted(body="The best casino!")
    again = site.revise(sent, "The very best casino!")
    assert (again.status_code, again.get_json()["status"]) == (200, "pending")
    assert site.opened(sent["id"])["status"] == "spam"
    site.change(policy=Policy.ALL)
    honest = site.revise(sent, "The best of all theatres.")
    assert (honest.status_code, honest.get_json()["status"]) == (200, "pending")
    assert site.opened(sent["id"])["status"] == "pending"
    assert discrepancies(site.app, site.slug) == []


def test_an_edit_that_meets_a_rule_leaves_what_readers_see(open_site: SiteDriver) -> None:
    site = open_site
    site.rule("word", "spam", "casino")
    site.rule("word", "reject", "roulette")
    sent = site.submitted(body="The theatre.")
    assert site.revise(sent, "The casino.").get_json()["status"] == "pending"
    (shown,) = site.page()["comments"]
    assert "theatre" in shown["body_html"]
    refused = site.revise(sent, "Roulette!")
    assert (refused.status_code, codes(refused)) == (422, {"body": "not_accepted"})
    assert site.opened(sent["id"])["revision"] == 2


@pytest.mark.parametrize("kind", MET)
def test_reject_takes_nothing_and_says_what_is_not_taken(open_site: SiteDriver, kind: str) -> None:
    value, reply, field, shown = MET[kind]
    open_site.rule(kind, "reject", value, note="Never in public")
    with nothing_stored(open_site):
        answer = open_site.submit(**reply)
    if field is None:
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
        assert answer.get_json()["detail"] == "This site takes no replies from you."
    else:
        assert (answer.status_code, codes(answer)) == (422, {field: "not_accepted"})
        assert shown in answer.get_json()["detail"]
    assert "Never in public" not in answer.text


def test_a_refusal_quotes_the_beginning_of_a_long_match(open_site: SiteDriver) -> None:
    open_site.rule("pattern", "reject", "zzz+")
    detail = open_site.submit(body="z" * 5000).get_json()["errors"][0]["detail"]
    assert f"“{'z' * 60}…”" in detail
    assert len(detail) < 200


@pytest.mark.parametrize(
    ("kind", "value", "reply", "field"),
    [
        pytest.param("word", "casino", {"name": "Casino Royale"}, "name", id="name"),
        pytest.param("domain", "casino.example", {"url": "https://casino.example/"}, "url", id="website"),
    ],
)
def test_names_and_websites_are_looked_at_too(
    open_site: SiteDriver, kind: str, value: str, reply: dict[str, Any], field: str
) -> None:
    open_site.rule(kind, "reject", value)
    answer = open_site.submit(**reply)
    assert (answer.status_code, codes(answer)) == (422, {field: "not_accepted"})


def test_an_author_is_met_by_id_and_by_address(open_site: SiteDriver) -> None:
    sent = open_site.submitted(email="eve@mail.example", body="One")
    author = open_site.opened(sent["id"])["author"]["id"]
    by_id = open_site.rule("author", "hold", author)
    assert signals_of(open_site, open_site.submitted(email="Eve@mail.example", body="Two"))["rule_author"]["rule"] == {
        "id": by_id["id"],
        "version": 1,
    }
    open_site.rule("author", "reject", "ADA@mail.example")
    assert open_site.submit(email="ada@mail.example").status_code == 403
    assert open_site.submitted(email="bo@mail.example")["status"] == "approved"


def test_the_strongest_of_several_rules_counts_and_all_are_told(open_site: SiteDriver) -> None:
    site = open_site
    site.rule("word", "hold", "casino")
    site.rule("domain", "spam", "casino.example")
    sent = site.submitted(body="A casino at https://casino.example/")
    assert site.opened(sent["id"])["status"] == "spam"
    assert {"rule_word", "rule_domain"} <= set(signals_of(site, sent))
    site.rule("pattern", "reject", "c.sino")
    assert site.submit(body="Another casino").status_code == 422


def test_a_trusted_word_keeps_the_word_within_it_from_counting(open_site: SiteDriver) -> None:
    site = open_site
    site.rule("word", "hold", "casino")
    site.rule("word", "trust", "Casino Royale")
    assert site.submitted(body="I liked Casino Royale.")["status"] == "approved"
    assert site.submitted(body="I liked Casino Royale, and the casino.")["status"] == "pending"


def test_a_trusted_network_is_published_where_others_wait(free_site: SiteDriver) -> None:
    site = free_site
    site.change(policy=Policy.FIRST)
    site.rule("network", "trust", "203.0.113.0/24")
    assert site.submitted(address="203.0.113.9")["status"] == "approved"
    assert site.submitted(address="203.0.114.9")["status"] == "pending"


def test_a_trusted_author_is_published_only_at_a_proven_address(free_site: SiteDriver) -> None:
    site = free_site
    site.change(policy=Policy.FIRST)
    site.rule("author", "trust", "ada@example.org")
    sent = site.submitted(email="ada@example.org", body="One")
    assert sent["status"] == "pending", "anybody can type an address"
    token = proven(site, sent)
    assert site.submitted(email="ada@example.org", body="Two")["status"] == "pending"
    assert site.submitted(email="ada@example.org", body="Three", author_token=token)["status"] == "approved"


def test_links_to_a_trusted_domain_are_not_counted(open_site: SiteDriver) -> None:
    site = open_site
    site.rule("domain", "trust", "harbour.example")
    links = "See https://harbour.example/1 https://www.harbour.example/2 https://harbour.example/3"
    assert site.submitted(body=links)["status"] == "approved"
    assert site.submitted(body=links.replace("harbour", "casino"))["status"] == "pending"


def test_a_trusted_word_does_not_spare_what_another_check_holds(open_site: SiteDriver) -> None:
    open_site.rule("word", "trust", "theatre")
    assert open_site.submitted(body="theatre https://a.example https://b.example https://c.example")["status"] == (
        "pending"
    )


def test_a_rule_ends_when_it_expires_and_can_be_prolonged(open_site: SiteDriver) -> None:
    site = open_site
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    rule = site.rule("word", "reject", "casino", expires_at=later)
    assert site.submit(body="One casino").status_code == 422
    with site.app.app_context(), writing():
        over = datetime.now(UTC) - timedelta(seconds=1)
        db.session.execute(update(RuleRow).where(RuleRow.id == UUID(rule["id"])).values(expires_at=over))
    # What the process keeps of the rules is as old as their last change.
    change = {"note": "Over by now"}
    address = f"/v1/moderation/rules/{rule['id']}"
    told = site.client.patch(address, json=change, headers=site.bearer).get_json()
    assert (told["expired"], told["version"]) == (True, 2)
    assert site.submitted(body="Two casinos, one casino")["status"] == "approved"
    site.client.patch(address, json={"expires_at": None}, headers=site.bearer)
    assert site.submit(body="Three times casino").status_code == 422


def test_signals_keep_the_version_that_made_them_and_outlive_the_rule(open_site: SiteDriver) -> None:
    site = open_site
    rule = site.rule("word", "hold", "casino")
    address = f"/v1/moderation/rules/{rule['id']}"
    first = site.submitted(body="The first casino")
    site.client.patch(address, json={"value": "casino\nroulette"}, headers=site.bearer)
    second = site.submitted(body="Nothing but roulette")
    site.client.delete(address, headers=site.bearer)
    assert site.submitted(body="Quite another thing about the casino")["status"] == "approved"
    versions = [signals_of(site, sent)["rule_word"]["rule"]["version"] for sent in (first, second)]
    assert versions == [1, 2]
    entries = site.client.get("/v1/moderation/log?kind=rule", headers=site.bearer).get_json()["entries"]
    assert [entry["details"]["version"][1] for entry in entries] == [2, 2, 1]


def test_a_reply_is_as_fast_beside_a_long_list(open_site: SiteDriver) -> None:
    words = "\n".join(f"{letter}word{number}" for letter in "abcde" for number in range(13_000))
    open_site.rule("word", "hold", words)
    taken = []
    for number in range(5):
        began = time.perf_counter()
        sent = open_site.submitted(body=f"Nothing of note in the {number} lines, but for cword{number}.")
        taken.append(time.perf_counter() - began)
        assert f"“cword{number}”" in signals_of(open_site, sent)["rule_word"]["detail"]
    assert min(taken) < 0.5


@pytest.mark.parametrize("action", ["hold", "spam", "reject", "trust"])
def test_every_action_works_on_a_page_as_well(open_site: SiteDriver, action: str) -> None:
    open_site.rule("word", action, "casino")
    answer = open_site.submit_form(body="The casino")
    assert answer.status_code == (422 if action == "reject" else 303)
    if action == "reject":
        assert "“casino”" in answer.text
        assert "The casino</textarea>" in answer.text

"""The queue narrowed to what a moderator looks for."""

from __future__ import annotations

from typing import Any

import pytest

from service.domain.permissions import Scope
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, codes

QUEUE = "/v1/moderation/comments"


def ids(page: dict[str, Any]) -> list[str]:
    """Return the comments of a page."""
    return [item["id"] for item in page["comments"]]


def test_what_has_links_is_found_also_after_an_edit(free_site: SiteDriver) -> None:
    plain, linked = free_site.submitted(), free_site.submitted(body="See https://example.org/minutes")
    assert ids(free_site.queue(has_links="true")) == [linked["id"]]
    free_site.revise(linked, "See the minutes.")
    free_site.revise(plain, "See www.example.org")
    assert ids(free_site.queue(has_links="true")) == [plain["id"]]


def test_what_was_edited_and_what_readers_reported_is_found(free_site: SiteDriver) -> None:
    edited, reported, _ = free_site.submitted(), free_site.published(), free_site.submitted()
    free_site.revise(edited, "Another text.")
    free_site.flagged(reported["id"], "spam", "abuse", "spam")
    assert ids(free_site.queue(edited="true")) == [edited["id"]]
    assert ids(free_site.queue(flagged="true")) == [reported["id"]]
    assert ids(free_site.queue(flagged="true", edited="true")) == []
    assert len(ids(free_site.queue(flagged="false"))) == 3


@pytest.mark.parametrize("sort", ["oldest", "newest", "score", "promising"])
def test_one_reason_is_listed_in_every_order_a_page_at_a_time(free_site: SiteDriver, sort: str) -> None:
    wanted = [
        free_site.submitted(body=f"http://a.example http://b.example http://c.example {number}")["id"]
        for number in range(5)
    ]
    for _ in range(3):
        free_site.submitted()
    found, cursor = [], None
    while True:
        page = free_site.queue(reason="many_links", sort=sort, limit="2", **({"cursor": cursor} if cursor else {}))
        found += ids(page)
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == sorted(wanted)
    if sort not in {"score", "promising"}:
        assert found == (wanted if sort == "oldest" else wanted[::-1])


def test_what_was_held_twice_for_one_reason_is_listed_once(free_site: SiteDriver) -> None:
    for word in ("marigold", "tagetes"):
        free_site.rule("word", "hold", word)
    twice = free_site.submitted(body="Either marigold or tagetes")
    once = free_site.submitted(body="Rather tagetes")
    assert ids(free_site.queue(reason="rule_word")) == [twice["id"], once["id"]]
    assert ids(free_site.queue(reason="rule_word", q="either")) == [twice["id"]]


def test_a_reason_lists_what_waits_for_it_now(free_site: SiteDriver) -> None:
    links = "http://a.example http://b.example http://c.example"
    first, second = free_site.submitted(body=links), free_site.submitted(body=f"{links} too")
    free_site.revise(first, "No links any more.")
    assert ids(free_site.queue(reason="many_links")) == [second["id"]]
    free_site.approve(second["id"])
    assert ids(free_site.queue(reason="many_links")) == []
    assert ids(free_site.queue(reason="many_links", status="approved")) == [second["id"]]
    free_site.flagged(second["id"], "spam", "spam", "spam")
    assert ids(free_site.queue(reason="many_links")) == [second["id"]]
    assert ids(free_site.queue(reason="flagged")) == [second["id"]]


def test_an_address_is_searched_for_by_who_may_see_it(free_site: SiteDriver) -> None:
    sent = free_site.submitted(email="ada@example.org")
    quoted = free_site.submitted(email="ben@example.org", body="Write to ada at example org")
    assert ids(free_site.queue(q="Ada@example.org")) == [sent["id"]]
    assert ids(free_site.queue(q="ada@example")) == [], "only the whole address is one"
    plain = free_site.client.get(
        QUEUE, query_string={"q": "ada@example.org"}, headers=free_site.another_token(Scope.MODERATE)
    )
    assert ids(plain.get_json()) == [quoted["id"]], "without permission to see addresses it is words like any others"


@ON_SQLITE_ALONE
@pytest.mark.parametrize("name", ["has_links", "flagged", "edited"])
@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE"])
def test_yes_and_no_have_one_word_each(site: SiteDriver, name: str, value: str) -> None:
    refused = site.client.get(QUEUE, query_string={name: value}, headers=site.bearer)
    assert (refused.status_code, codes(refused)) == (422, {name: "wrong_type"})


def test_the_queue_is_asked_for_again_at_little_cost(free_site: SiteDriver) -> None:
    free_site.submitted()
    first = free_site.client.get(QUEUE, headers=free_site.bearer)
    asked = free_site.bearer | {"If-None-Match": first.headers["ETag"]}
    again = free_site.client.get(QUEUE, headers=asked)
    assert (again.status_code, again.data) == (304, b"")
    free_site.submitted()
    assert free_site.client.get(QUEUE, headers=asked).status_code == 200


def test_comments_of_one_network_are_told_by_one_opaque_mark(free_site: SiteDriver) -> None:
    for address in ("192.0.2.1", "192.0.2.1", "198.51.100.7"):
        free_site.submit(address=address)
    first, second, third = (item["client"] for item in free_site.queue()["comments"])
    assert first == second != third
    assert "192.0.2.1" not in first


def test_an_edit_is_shown_against_the_text_that_readers_see(free_site: SiteDriver) -> None:
    sent = free_site.published(body="The vote is on Monday.")
    assert free_site.queue(status="approved")["comments"][0]["edit"] is None
    free_site.revise(sent, "The vote is on Tuesday.")
    edit = free_site.queue()["comments"][0]["edit"]
    assert edit["from_revision"] == 1
    assert [(change["kind"], change["text"]) for change in edit["changes"]] == [
        ("same", "The vote is on "), ("removed", "Monday"), ("added", "Tuesday"), ("same", "."),
    ]  # fmt: skip

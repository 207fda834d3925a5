"""POST /v1/comments/{id}/flags: what readers report, and how it comes before a person."""

from __future__ import annotations

from typing import Any

import pytest

from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import refused, refused_fields
from tests.store.ledger import discrepancies
from tests.web.test_read_page import statements

THREE = ("spam", "spam", "other")


def seen(site: SiteDriver, sent: dict[str, Any]) -> dict[str, Any] | None:
    """Return a comment as readers see it, or None."""
    return next((comment for comment in site.page()["comments"] if comment["id"] == sent["id"]), None)


def signals_of(opened: dict[str, Any]) -> list[str]:
    """Return the names of what was found in the revision under review."""
    return [signal["name"] for signal in opened["signals"]]


def test_a_flag_is_stored_and_told_once_to_its_reader(site: SiteDriver) -> None:
    sent = site.published()
    response = site.flag(sent["id"], "Off topic", detail="It is about shoes.")
    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")
    assert response.get_json() == {"id": sent["id"], "flagged": True}
    again = site.flag(sent["id"], "spam", detail="And it is rude.")
    assert (again.status_code, again.get_json()) == (200, response.get_json())
    flags = site.opened(sent["id"])["flags"]
    assert (flags["count"], flags["reasons"], flags["settled"]) == (1, {"off_topic": 1}, False)
    (flag,) = flags["latest"]
    assert {name: flag[name] for name in ("reason", "detail", "revision")} == {
        "reason": "off_topic",
        "detail": "It is about shoes.",
        "revision": 1,
    }
    assert flag["flagged_at"].endswith("Z")


def test_a_reason_in_the_reader_s_own_words_is_kept_as_other(site: SiteDriver) -> None:
    sent = site.published()
    assert site.flag(sent["id"], "He calls me names", detail="Twice.").status_code == 201
    assert site.flag(sent["id"], "other", detail=None, address="192.0.2.2").status_code == 201
    latest = site.opened(sent["id"])["flags"]["latest"]
    assert [(flag["reason"], flag["detail"]) for flag in latest] == [
        ("other", None),
        ("other", "He calls me names\n\nTwice."),
    ]


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("body", "faults"),
    [
        pytest.param({}, {"reason": "required"}, id="nothing"),
        pytest.param({"reason": None}, {"reason": "required"}, id="null"),
        pytest.param({"reason": ""}, {"reason": "required"}, id="empty"),
        pytest.param({"reason": " \n"}, {"reason": "required"}, id="blank"),
        pytest.param({"reason": 1}, {"reason": "wrong_type"}, id="a-number"),
        pytest.param({"reason": "x" * (REASON_MAX + 1)}, {"reason": "too_long"}, id="too-long"),
        pytest.param({"reason": "a\0"}, {"reason": "forbidden_character"}, id="nul"),
        pytest.param({"reason": "spam", "detail": 1}, {"detail": "wrong_type"}, id="a-detail-that-is-a-number"),
        pytest.param({"reason": "spam", "detail": "x" * (NOTE_MAX + 1)}, {"detail": "too_long"}, id="a-long-detail"),
        pytest.param({"reason": "spam", "why": "x"}, {"why": "unknown_field"}, id="another-field"),
    ],
)
def test_a_flag_that_says_nothing_or_too_much_is_refused_and_spends_nothing(
    site: SiteDriver, body: dict[str, object], faults: dict[str, str]
) -> None:
    sent = site.published()
    site.change(limits={"flag": (1, 60)})
    for _ in range(2):
        response = site.client.post(f"/v1/comments/{sent['id']}/flags", json=body, headers={"Origin": site.origin})
        assert refused_fields(response) == faults
    assert site.opened(sent["id"])["flags"]["count"] == 0


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"", "application/json", 400, "malformed_json"),
        (b"{", "application/json", 400, "malformed_json"),
        (b"reason=spam", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
    ids=["nothing", "half an object", "a form"],
)
def test_a_flag_comes_as_json(site: SiteDriver, data: bytes, content_type: str, status: int, code: str) -> None:
    path = f"/v1/comments/{site.published()['id']}/flags"
    refused(site.client.post(path, data=data, content_type=content_type), status, code)


def test_enough_flags_bring_a_comment_back_to_the_queue_and_readers_see_it_meanwhile(free_site: SiteDriver) -> None:
    sent, other = free_site.published(body="Buy shoes"), free_site.submitted()
    before = seen(free_site, sent)
    free_site.flagged(sent["id"], "spam", "spam")
    assert free_site.opened(sent["id"])["status"] == "approved"
    free_site.flagged(sent["id"], "It is rude")
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["revision"], opened["published_revision"]) == ("pending", 1, 1)
    assert opened["actions"] == ["approve", "reject", "spam", "delete"]
    flagged = opened["signals"][0]
    assert (flagged["name"], flagged["verdict"]) == ("flagged", "hold")
    assert flagged["detail"] == "3 readers have reported it: spam 2, other 1."
    assert opened["score"] == sum(signal["score"] for signal in opened["signals"])
    assert seen(free_site, sent) == before
    # It waits behind what came before it, is found by why it waits, and outweighs the rest.
    assert [item["id"] for item in free_site.queue()["comments"]] == [other["id"], sent["id"]]
    (item,) = free_site.queue(reason="flagged")["comments"]
    assert (item["id"], item["flags"]) == (
        sent["id"],
        {"count": 3, "reasons": {"spam": 2, "other": 1}, "settled": False},
    )
    assert free_site.queue(sort="score")["comments"][0]["id"] == sent["id"]
    assert free_site.queue()["totals"]["pending"] == 2
    assert discrepancies(free_site.app, free_site.slug) == []


@pytest.mark.parametrize(("threshold", "returns"), [(1, True), (2, True), (3, False), (0, False)])
def test_the_site_says_how_many_flags_are_enough(free_site: SiteDriver, threshold: int, returns: bool) -> None:
    free_site.change(flag_threshold=threshold)
    sent = free_site.published()
    free_site.flagged(sent["id"], "spam", "abuse")
    assert (free_site.opened(sent["id"])["status"] == "pending") == returns


def test_one_reader_alone_brings_nothing_back(free_site: SiteDriver) -> None:
    sent = free_site.published()
    assert [free_site.flag(sent["id"]).status_code for _ in range(5)] == [201, 200, 200, 200, 200]
    assert free_site.opened(sent["id"])["status"] == "approved"


def test_what_waits_for_its_review_already_is_not_brought_back_again(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], *THREE)
    before = free_site.opened(sent["id"])
    free_site.flagged(sent["id"], *THREE)
    after = free_site.opened(sent["id"])
    assert (after["version"], after["queued_at"]) == (before["version"], before["queued_at"])
    assert signals_of(after).count("flagged") == 1
    assert after["flags"]["count"] == 6


@pytest.mark.parametrize(
    ("action", "status"), [("reject", "rejected"), ("spam", "spam"), ("delete", "deleted")], ids=lambda word: word
)
def test_turning_down_what_was_flagged_takes_it_down(free_site: SiteDriver, action: str, status: str) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], *THREE)
    decided = free_site.decide(sent["id"], action).get_json()
    assert (decided["status"], decided["published_revision"]) == (status, None)
    assert seen(free_site, sent) is None
    assert free_site.page()["article"]["count"] == 0
    assert discrepancies(free_site.app, free_site.slug) == []


def test_approving_what_was_flagged_settles_it(free_site: SiteDriver) -> None:
    sent = free_site.published()
    before = seen(free_site, sent)
    free_site.flagged(sent["id"], *THREE)
    assert free_site.approve(sent["id"]).status_code == 201
    assert seen(free_site, sent) == before, "nothing looks edited"
    free_site.flagged(sent["id"], *THREE)
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["flags"]["count"], opened["flags"]["settled"]) == ("approved", 6, True)
    assert discrepancies(free_site.app, free_site.slug) == []


@pytest.mark.parametrize("action", ["reject", "spam"])
def test_restoring_what_was_taken_down_settles_it_too(free_site: SiteDriver, action: str) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], *THREE)
    free_site.decide(sent["id"], action)
    free_site.decide(sent["id"], "restore")
    free_site.flagged(sent["id"], *THREE)
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["flags"]["settled"]) == ("approved", True)


def test_a_new_text_of_a_settled_comment_is_brought_back_by_flags_of_its_own(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], *THREE)
    free_site.approve(sent["id"])
    free_site.revise(sent, "Another text")
    free_site.approve(sent["id"], revision=2)
    assert not free_site.opened(sent["id"])["flags"]["settled"]
    free_site.flagged(sent["id"], "abuse", "abuse")
    assert free_site.opened(sent["id"])["status"] == "approved"
    free_site.flagged(sent["id"], "abuse")
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["revision"]) == ("pending", 2)
    assert opened["signals"][0]["detail"] == "3 readers have reported it: abuse 3."
    assert opened["flags"]["reasons"] == {"spam": 2, "abuse": 3, "other": 1}


def test_after_a_rejected_edit_the_text_that_readers_see_is_what_returns(free_site: SiteDriver) -> None:
    sent = free_site.published(body="What readers see")
    free_site.revise(sent, "An edit that was turned down")
    free_site.decide(sent["id"], "reject", revision=2, reason="Worse than before")
    before = seen(free_site, sent)
    free_site.flagged(sent["id"], *THREE)
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["revision"], opened["published_revision"]) == ("pending", 3, 3)
    assert (opened["body"], opened["reason"], signals_of(opened)) == ("What readers see", None, ["flagged"])
    first, _, third = opened["revisions"]
    assert {**third, "number": 1, "signals": first["signals"]} == first
    assert [item["id"] for item in free_site.queue(q="readers see")["comments"]] == [sent["id"]]
    assert free_site.queue(q="turned down")["comments"] == []
    assert seen(free_site, sent) == before
    assert free_site.approve(sent["id"], revision=3).status_code == 201
    assert seen(free_site, sent) == before, "a text that nobody changed does not look edited"
    assert free_site.opened(sent["id"])["flags"]["settled"]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_flags_that_came_while_an_edit_waited_are_reviewed_once_the_edit_is_rejected(free_site: SiteDriver) -> None:
    sent = free_site.published(body="Rude")
    free_site.revise(sent, "Ruder")
    free_site.flagged(sent["id"], *THREE)
    assert signals_of(free_site.opened(sent["id"])) == ["policy"], "what waits is the edit, which nobody has flagged"
    decided = free_site.decide(sent["id"], "reject", revision=2).get_json()
    assert (decided["status"], decided["revision"], decided["decision"]["to_status"]) == ("pending", 3, "approved")
    opened = free_site.opened(sent["id"])
    assert (opened["body"], opened["version"], signals_of(opened)) == ("Rude", decided["version"], ["flagged"])
    assert seen(free_site, sent) is not None
    free_site.decide(sent["id"], "reject", revision=3)
    assert seen(free_site, sent) is None
    assert discrepancies(free_site.app, free_site.slug) == []


def test_flags_that_came_while_an_edit_waited_are_settled_where_the_edit_is_approved(free_site: SiteDriver) -> None:
    sent = free_site.published(body="Rude")
    free_site.revise(sent, "Polite")
    free_site.flagged(sent["id"], *THREE)
    free_site.approve(sent["id"], revision=2)
    free_site.flagged(sent["id"], "spam", "spam")
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["body"]) == ("approved", "Polite"), "three flags were of another text"


@pytest.mark.parametrize("policy", list(Policy), ids=lambda policy: policy.value)
def test_an_author_cannot_edit_the_review_away(free_site: SiteDriver, policy: Policy) -> None:
    sent = free_site.published(body="Rude")
    free_site.change(policy=policy)
    free_site.flagged(sent["id"], *THREE)
    assert free_site.revise(sent, "Polite").status_code == 200
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["published_revision"], opened["body"]) == ("pending", 1, "Polite")
    assert signals_of(opened)[0] == "flagged"
    assert [item["id"] for item in free_site.queue(reason="flagged")["comments"]] == [sent["id"]]
    # Turned down, the edit leaves what readers see, and that is what was flagged.
    decided = free_site.decide(sent["id"], "reject", revision=2).get_json()
    assert (decided["status"], decided["revision"]) == ("pending", 3)
    assert free_site.opened(sent["id"])["body"] == "Rude"
    assert discrepancies(free_site.app, free_site.slug) == []


def test_an_edit_that_is_published_at_once_does_not_shed_the_flags_of_the_text_before(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.NONE)
    sent = free_site.submitted(body="Rude")
    free_site.flagged(sent["id"], "abuse", "abuse")
    assert free_site.revise(sent, "Rude again").get_json()["status"] == "approved"
    free_site.flagged(sent["id"], "abuse")
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["body"]) == ("pending", "Rude again")
    assert [flag["revision"] for flag in opened["flags"]["latest"]] == [2, 1, 1]


def test_a_decision_made_before_the_flags_were_seen_comes_too_late(free_site: SiteDriver) -> None:
    sent = free_site.published()
    version = free_site.opened(sent["id"])["version"]
    free_site.flagged(sent["id"], *THREE)
    body = refused(free_site.decide(sent["id"], "spam", version=version), 409, "stale_decision")
    assert body["current"]["status"] == "pending"
    assert "Readers have reported" in body["detail"]


def test_another_moderator_may_decide_on_what_was_flagged_without_a_version(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], *THREE)
    decided = free_site.decide(sent["id"], "approve", headers=free_site.another_token())
    assert decided.status_code == 201


def test_its_author_is_not_told_that_a_published_comment_waits(free_site: SiteDriver) -> None:
    sent = free_site.published()
    path = f"/receipts/{sent['receipt']['token']}"
    before = free_site.client.get(path).text
    free_site.flagged(sent["id"], *THREE)
    assert free_site.client.get(path).text == before
    assert free_site.client.get(path, query_string={"done": "revised"}).text == before
    receipt = free_site.receipt(sent)
    assert (receipt["status"], receipt["published_revision"]) == ("pending", 1)
    assert "flag" not in str(receipt).replace(free_site.slug, "")
    free_site.decide(sent["id"], "reject", reason="Insults")
    assert "Your reply was not published" in free_site.client.get(path).text


@pytest.mark.parametrize("by", ["its author", "a moderator"])
def test_what_readers_said_of_a_deleted_comment_is_gone_and_their_number_stays(free_site: SiteDriver, by: str) -> None:
    sent = free_site.published(body="Xyzzy")
    free_site.flag(sent["id"], "It says Xyzzy", address="192.0.2.5")
    free_site.flagged(sent["id"], *THREE)
    if by == "its author":
        assert free_site.withdraw(sent).status_code == 204
    else:
        assert free_site.decide(sent["id"], "delete").status_code == 201
    opened = free_site.client.get(f"/v1/moderation/comments/{sent['id']}", headers=free_site.bearer)
    assert "Xyzzy" not in opened.text
    flags = opened.get_json()["flags"]
    assert (flags["count"], flags["reasons"]) == (4, {"spam": 2, "other": 2})
    assert {flag["detail"] for flag in flags["latest"]} == {None}


def test_the_latest_hundred_flags_are_listed_and_all_are_counted(free_site: SiteDriver) -> None:
    free_site.change(flag_threshold=0)
    sent = free_site.published()
    free_site.flagged(sent["id"], "The first", *(["spam"] * 100))
    flags = free_site.opened(sent["id"])["flags"]
    assert (flags["count"], flags["reasons"], len(flags["latest"])) == (101, {"spam": 100, "other": 1}, 100)
    assert {flag["reason"] for flag in flags["latest"]} == {"spam"}


def test_a_page_of_the_queue_costs_the_same_however_many_were_flagged(free_site: SiteDriver) -> None:
    asked = []
    for number in range(4):
        sent = free_site.published(body=f"Shoes {number}")
        free_site.flagged(sent["id"], *THREE)
        with statements(free_site) as queries:
            assert len(free_site.queue(reason="flagged")["comments"]) == number + 1
        asked.append(len(queries))
    assert len(set(asked)) == 1, asked
    assert len([query for query in queries if "FROM flags" in query]) == 1


def test_votes_flags_and_returns_are_counted_for_operators(free_site: SiteDriver) -> None:
    def counted() -> list[float]:
        lines = dict(
            line.rsplit(" ", 1) for line in free_site.client.get("/metrics").text.splitlines() if line[:1] != "#"
        )
        names = [
            'postbag_votes_total{change="given"}',
            'postbag_votes_total{change="taken back"}',
            'postbag_flags_total{reason="spam"}',
            "postbag_flagged_returns_total",
        ]
        return [float(lines.get(name, 0)) for name in names]

    sent, before = free_site.published(), counted()
    for value in (1, 1, 0, 0):
        free_site.vote(sent["id"], value)
    free_site.flagged(sent["id"], "spam", "spam", "spam", "spam")
    assert [after - earlier for after, earlier in zip(counted(), before, strict=True)] == [1, 1, 4, 1]


def test_what_readers_report_is_for_moderators_alone(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.flag(sent["id"], "Xyzzy", detail="Plugh")
    comment = seen(free_site, sent)
    assert comment is not None
    assert "flags" not in comment
    for path in (
        f"/comments?site={free_site.slug}&article={free_site.article}",
        f"/receipts/{sent['receipt']['token']}",
    ):
        text = free_site.client.get(path).text
        assert "Xyzzy" not in text
        assert "Plugh" not in text

"""What the screening finds in a reply, in which order, and what it asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.domain.flags import FlagReason
from service.domain.screening import (
    Facts,
    Signal,
    Submission,
    Verdict,
    may_be_published_at_once,
    screen,
    total_score,
)
from service.domain.site import Policy

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KNOWN = Facts(Policy.NONE, now=NOW, author_approved=3)


def names(body: str, facts: Facts = KNOWN, *, is_edit: bool = False) -> list[str]:
    """Return the names of what is found."""
    return [signal.name for signal in screen(Submission(body, is_edit), facts)]


@pytest.mark.parametrize(
    ("body", "is_held"),
    [
        ("no link at all", False),
        ("http://a.example https://b.example", False),
        ("http://a.example https://b.example www.c.example", True),
        ("HTTP://A.EXAMPLE HTTPS://B.EXAMPLE WWW.C.EXAMPLE", True),
        ("[one](https://a.example) [two](https://b.example) [three](https://c.example)", True),
        ("https://a.example\nhttps://a.example\nhttps://a.example", True),
        ("https:// http:// www.", False),
        ("I said www and http three times: www, http, www", False),
    ],
    ids=["none", "two", "three", "upper case", "in markdown", "the same thrice", "schemes alone", "words"],
)
def test_three_links_are_held_whatever_the_policy(body: str, is_held: bool) -> None:
    assert ("many_links" in names(body)) == is_held
    assert may_be_published_at_once(screen(Submission(body, is_edit=False), KNOWN)) != is_held


def test_a_signal_quotes_the_links_it_found() -> None:
    body = "é https://a.example and\nwww.b.example, then 🎉 http://c.example"
    (signal,) = screen(Submission(body, is_edit=False), KNOWN)
    assert [body[start:end] for start, end in signal.spans] == [
        "https://a.example", "www.b.example", "http://c.example",
    ]  # fmt: skip
    assert "3 links" in signal.detail


def test_a_first_time_author_is_noted_and_not_held() -> None:
    signals = screen(Submission("Hello", is_edit=False), Facts(Policy.NONE, now=NOW, author_approved=0))
    assert [(signal.name, signal.verdict) for signal in signals] == [("first_time_author", Verdict.NOTE)]
    assert may_be_published_at_once(signals)


@pytest.mark.parametrize(("is_edit", "word"), [(False, "reply"), (True, "edit")], ids=["a reply", "an edit"])
def test_a_site_that_reads_everything_holds_everything(is_edit: bool, word: str) -> None:
    (signal,) = screen(Submission("Hello", is_edit), Facts(Policy.ALL, now=NOW, author_approved=9))
    assert (signal.name, signal.verdict) == ("policy", Verdict.HOLD)
    assert word in signal.detail


def test_nothing_is_found_in_a_plain_reply_of_a_known_author() -> None:
    assert names("Hello") == []
    assert may_be_published_at_once(())


def test_signals_come_in_the_order_of_the_phases() -> None:
    body = "https://a.example https://b.example https://c.example"
    assert names(body, Facts(Policy.ALL, now=NOW, author_approved=0)) == ["many_links", "first_time_author", "policy"]


def test_scores_add_up() -> None:
    signals = [Signal("a", Verdict.NOTE, 0.25, ""), Signal("b", Verdict.HOLD, 1.0, "")]
    assert (total_score(signals), total_score([])) == (1.25, 0)
    assert not may_be_published_at_once(signals)


def test_a_text_with_its_author_s_own_address_is_held_whatever_the_policy() -> None:
    body = "Write to me: ADA@example.org"
    (signal,) = screen(Submission(body, is_edit=False, email="ada@example.org"), KNOWN)
    assert (signal.name, signal.verdict) == ("own_email", Verdict.HOLD)
    assert [body[start:end] for start, end in signal.spans] == ["ADA@example.org"]
    assert "ada@" not in signal.detail.lower()


@pytest.mark.parametrize("policy", list(Policy), ids=lambda policy: policy.value)
def test_an_edit_of_what_readers_have_flagged_is_held_whatever_the_policy(policy: Policy) -> None:
    flags = {FlagReason.SPAM: 2, FlagReason.OTHER: 1}
    signals = screen(Submission("Harmless now", is_edit=True), Facts(policy, author_approved=1, now=NOW, flags=flags))
    assert (signals[0].name, signals[0].verdict) == ("flagged", Verdict.HOLD)
    assert signals[0].detail == "3 readers have reported it: spam 2, other 1."
    assert not may_be_published_at_once(signals)

"""What an outside opinion may be, and how it is told."""

from __future__ import annotations

import pytest

from service.domain.opinions import (
    NotAnOpinion,
    OpinionKind,
    akismet_opinion,
    closed_without_answer,
    hook_opinion,
    not_asked_yet,
    unanswered,
)
from service.domain.screening import Verdict


@pytest.mark.parametrize(
    ("body", "verdict", "score", "detail"),
    [
        ('{"verdict": "spam", "score": 1, "reason": "On our list."}', Verdict.SPAM, 2.0,
         "The site's hook calls it spam: On our list."),
        ('{"verdict": "hold"}', Verdict.HOLD, 1.0, "The site's hook wants a person to look."),
        ('{"verdict": "note", "score": 0.9, "reason": null, "more": [1]}', Verdict.NOTE, 0.0,
         "The site's hook has no objection."),
        ('{"verdict": "hold", "reason": "two\\nlines \\u202e"}', Verdict.HOLD, 1.0,
         "The site's hook wants a person to look: two lines."),
    ],
    ids=["spam", "hold", "note", "untidy reason"],
)  # fmt: skip
def test_a_hook_answers_with_a_verdict_a_score_and_a_reason(
    body: str, verdict: Verdict, score: float, detail: str
) -> None:
    signal = hook_opinion(body.encode()).signal
    assert (signal.name, signal.verdict, signal.score, signal.detail) == ("hook", verdict, score, detail)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'"spam"', "no JSON object"),
        (b"{}", "`verdict`"),
        (b'{"verdict": "reject"}', "`note`, `hold` and `spam`"),
        (b'{"verdict": ["spam"]}', "`verdict`"),
        (b'{"verdict": "spam", "score": 2}', "`score`"),
        (b'{"verdict": "spam", "score": NaN}', "`score`"),
        (b'{"verdict": "spam", "score": true}', "`score`"),
        (b'{"verdict": "spam", "reason": 7}', "`reason`"),
        (b'{"verdict": "spam", "reason": "\\ud800"}', "half a character"),
    ],
)  # fmt: skip
def test_a_hook_that_answers_nonsense_is_told_what_would_be_right(body: bytes, said: str) -> None:
    with pytest.raises(NotAnOpinion, match=said):
        hook_opinion(body)


def test_a_reason_that_goes_on_and_on_is_cut() -> None:
    assert len(hook_opinion(b'{"verdict": "hold", "reason": "%s"}' % (b"x" * 10_000)).reason) == 300


@pytest.mark.parametrize(
    ("body", "is_blatant", "verdict"),
    [
        (b"true", False, Verdict.HOLD),
        (b"true", True, Verdict.SPAM),
        (b" FALSE\n", False, Verdict.NOTE),
    ],
)  # fmt: skip
def test_akismet_calls_spam_only_what_it_would_discard_itself(body: bytes, is_blatant: bool, verdict: Verdict) -> None:
    assert akismet_opinion(body, is_blatant=is_blatant).verdict is verdict


@pytest.mark.parametrize("body", [b"invalid", b"", b"<html>"])
def test_akismet_that_answers_something_else_has_no_opinion(body: bytes) -> None:
    with pytest.raises(NotAnOpinion):
        akismet_opinion(body, is_blatant=False)


@pytest.mark.parametrize("kind", OpinionKind)
def test_only_what_was_never_answered_is_closed_without_an_answer(kind: OpinionKind) -> None:
    for signal in (
        not_asked_yet(kind),
        unanswered(kind, "It is down.", tries=3, is_last=False),
        unanswered(kind, "It is down.", tries=10, is_last=True),
    ):
        closed = closed_without_answer(signal)
        assert closed is not None
        assert "had not answered" in closed
    lying = hook_opinion(b'{"verdict": "hold", "reason": "The site\'s hook has not answered yet"}').signal
    assert closed_without_answer(lying) is None
    assert closed_without_answer(akismet_opinion(b"true", is_blatant=False).signal) is None


def test_only_the_last_try_says_that_nobody_asks_again() -> None:
    again = unanswered(OpinionKind.HOOK, "It is down.", tries=9, is_last=False)
    last = unanswered(OpinionKind.HOOK, "It is down.", tries=10, is_last=True)
    assert "will be asked again" in again.detail
    assert "will be asked again" not in last.detail
    assert {again.verdict, last.verdict} == {Verdict.HOLD}

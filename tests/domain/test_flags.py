"""What readers may say is wrong, how it is told to moderators, and what an approval settles."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.errors import Invalid
from service.domain.flags import Flag, FlagReason, counted_in_words, parse_flag, settled_by_approval
from service.domain.life import Standing, Status


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param("spam", FlagReason.SPAM, id="the-word"),
        pytest.param("Spam", FlagReason.SPAM, id="with-a-capital"),
        pytest.param(" ABUSE\n", FlagReason.ABUSE, id="with-blanks-around-it"),
        pytest.param("off_topic", FlagReason.OFF_TOPIC, id="with-an-underscore"),
        pytest.param("Off topic", FlagReason.OFF_TOPIC, id="with-a-space"),
        pytest.param("off-topic", FlagReason.OFF_TOPIC, id="with-a-hyphen"),
        pytest.param("off   topic", FlagReason.OFF_TOPIC, id="with-many-spaces"),
        pytest.param("other", FlagReason.OTHER, id="other"),
    ],
)
def test_a_known_reason_is_known_however_it_is_written(said: str, reason: FlagReason) -> None:
    assert parse_flag(said, "") == Flag(reason, None)
    assert parse_flag(said, "It sells shoes.") == Flag(reason, "It sells shoes.")


@pytest.mark.parametrize("said", ["rude", "offtopic", "spam!", "spam, abuse", "Это реклама", "s" * REASON_MAX])
def test_any_other_reason_is_other_in_the_reader_s_words(said: str) -> None:
    assert parse_flag(said, "") == Flag(FlagReason.OTHER, said)
    assert parse_flag(said, "And more.\nAnd more.") == Flag(FlagReason.OTHER, f"{said}\n\nAnd more.\nAnd more.")


@pytest.mark.parametrize(
    ("reason", "detail", "faults"),
    [
        pytest.param("", "", {"reason": "required"}, id="nothing"),
        pytest.param(" \u200b ", "It is wrong", {"reason": "required"}, id="nothing-to-be-seen"),
        pytest.param("x" * (REASON_MAX + 1), "", {"reason": "too_long"}, id="a-long-reason"),
        pytest.param("spam", "x" * (NOTE_MAX + 1), {"detail": "too_long"}, id="a-long-detail"),
        pytest.param("", "x\0", {"reason": "required", "detail": "forbidden_character"}, id="both"),
    ],
)
def test_a_flag_that_says_nothing_or_too_much_is_refused_by_field(
    reason: str, detail: str, faults: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        parse_flag(reason, detail)
    assert {fault.field: fault.code for fault in refused.value.faults} == faults


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({FlagReason.SPAM: 2, FlagReason.OTHER: 1}, "3 readers have reported it: spam 2, other 1."),
        ({FlagReason.OTHER: 1}, "1 reader has reported it: other 1."),
        ({FlagReason.OFF_TOPIC: 1, FlagReason.ABUSE: 4}, "5 readers have reported it: abuse 4, off topic 1."),
        ({FlagReason.OTHER: 1, FlagReason.SPAM: 1}, "2 readers have reported it: spam 1, other 1."),
    ],
)
def test_moderators_are_told_how_many_say_what(flags: Mapping[FlagReason, int], sentence: str) -> None:
    assert counted_in_words(flags) == sentence


@pytest.mark.parametrize(
    ("before", "settled"),
    [
        pytest.param(Standing(Status.PENDING, 2, 2, 5), 2, id="what readers had reported"),
        pytest.param(Standing(Status.PENDING, 3, 1, 5), 2, id="an edit"),
        pytest.param(Standing(Status.APPROVED, 3, 1, 5), 2, id="an edit that was rejected first"),
        pytest.param(Standing(Status.REJECTED, 2, None, 5), 2, id="what had been taken down"),
    ],
)
def test_an_approval_settles_what_was_said_of_the_text_that_was_looked_at(before: Standing, settled: int) -> None:
    after = Standing(Status.APPROVED, before.revision, before.revision, before.version + 1)
    assert settled_by_approval(before, after) == settled

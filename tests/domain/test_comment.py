"""Where a reply stands in its thread, and until when its author may change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.comment import (
    Comment,
    author_may_revise,
    author_may_withdraw,
    check_author_may_revise,
    place_in_thread,
    split_path,
)
from service.domain.errors import Forbidden
from service.domain.life import Standing, Status

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)
ids = st.uuids()
ancestries = st.lists(ids, min_size=1, max_size=25)


def comment(status: Status, published: int | None = None) -> Comment:
    """Return a comment in a status whose window ends at noon."""
    standing = Standing(status, 1, published, 1)
    no = UUID(int=0)
    return Comment(
        no, no, no, None, 0, no.bytes, no, "Ada", None, "", standing, "", 0, 0, None, 0.0, None, UNTIL, UNTIL, None,
        None, UNTIL, None,
    )  # fmt: skip


def path_of(ancestry: list[UUID]) -> bytes:
    """Return the path of the last of a line of comments."""
    return b"".join(one.bytes for one in ancestry)


@given(ids, ancestries, st.integers(0, 20))
def test_a_reply_is_never_deeper_than_allowed_and_its_path_says_where_it_is(
    new: UUID, ancestry: list[UUID], most: int
) -> None:
    place = place_in_thread(new, (ancestry[-1], path_of(ancestry)), max_depth=most)
    line = split_path(place.path)
    assert place.depth <= most
    assert len(line) == place.depth + 1
    assert line[-1] == new
    assert line[:-1] == ancestry[: place.depth]
    assert place.parent_id == (line[-2] if place.depth else None)


@given(ids, ancestries)
def test_within_the_depth_a_reply_stands_below_what_it_answers(new: UUID, ancestry: list[UUID]) -> None:
    place = place_in_thread(new, (ancestry[-1], path_of(ancestry)), max_depth=len(ancestry))
    assert (place.parent_id, place.depth) == (ancestry[-1], len(ancestry))


@given(ids, st.integers(0, 20))
def test_what_answers_nothing_is_a_thread_of_its_own(new: UUID, most: int) -> None:
    place = place_in_thread(new, None, max_depth=most)
    assert (place.parent_id, place.depth, place.path) == (None, 0, new.bytes)


@given(ids, ids, ancestries)
def test_a_reply_sorts_after_what_it_answers_and_before_the_next_thread(
    new: UUID, other: UUID, line: list[UUID]
) -> None:
    place = place_in_thread(new, (line[-1], path_of(line)), max_depth=30)
    assert path_of(line) < place.path
    if other.bytes > line[0].bytes:
        assert place.path < other.bytes


@given(ancestries)
def test_a_path_is_taken_apart_as_it_was_put_together(line: list[UUID]) -> None:
    assert list(split_path(path_of(line))) == line


@pytest.mark.parametrize(
    ("status", "minutes", "may"),
    [
        (Status.PENDING, -1, True),
        (Status.PENDING, 0, False),
        (Status.PENDING, 1, False),
        (Status.APPROVED, -1, True),
        (Status.REJECTED, -1, False),
        (Status.SPAM, -1, False),
        (Status.DELETED, -1, False),
    ],
    ids=["waiting", "at the end", "after it", "approved", "rejected", "spam", "deleted"],
)
def test_an_author_may_revise_inside_the_window(status: Status, minutes: int, may: bool) -> None:
    now = UNTIL + timedelta(minutes=minutes)
    assert author_may_revise(comment(status), now) == may
    if may:
        check_author_may_revise(comment(status), now)
    else:
        with pytest.raises(Forbidden):
            check_author_may_revise(comment(status), now)


def test_a_closed_window_says_when_it_closed_and_what_can_still_be_done() -> None:
    with pytest.raises(Forbidden, match=r"ended at 2026-11-24 12:00:00 UTC. You can still withdraw it"):
        check_author_may_revise(comment(Status.PENDING), UNTIL)


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.value)
def test_an_author_may_withdraw_whatever_is_still_there(status: Status) -> None:
    assert author_may_withdraw(comment(status)) == (status is not Status.DELETED)

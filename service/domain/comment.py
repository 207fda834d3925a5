"""A comment: what one author wrote under one article, in numbered revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from service.domain import life
from service.domain.errors import Forbidden
from service.domain.life import Action, Standing, Status

NAME_MAX = 100  # characters; the longest personal names on record fit
EMAIL_MAX = 254  # octets in a path (RFC 5321, section 4.5.3.1.3, less the angle brackets)
URL_MAX = 500  # characters of an author's website
BODY_MAX = 10_000  # characters as a reader counts them: a long essay, short of a flood
REASON_MAX = 500  # characters of a rejection reason, which the author reads on the receipt
APPEAL_MAX = 500  # characters in which an author says why a moderator should look again
NOTE_MAX = 2_000  # characters of a private note to colleagues
TITLE_MAX = 300  # characters of an article's title

DUPLICATE_WINDOW = timedelta(days=1)
"""The same text by the same author under the same article within this time is taken for a double click."""
CLIENT_KEY_LIFE = timedelta(days=30)
"""How long the keyed hash of a client address is kept, with comments, votes and flags: long enough to see a campaign,
no longer. Who gave a vote before that is not known any more, so they could give it again and cannot take it back."""


class CommentKey(NamedTuple):
    """What names a comment in every row that belongs to it: with its article, by which rows can be spread."""

    site_id: UUID
    article_id: UUID
    id: UUID


@dataclass(frozen=True)
class Comment:
    """One row of `comments`, without the texts of its revisions.

    `path` is the identifiers of all ancestors and itself, 16 bytes each: it orders a thread depth-first.
    `body_html` is the published revision as sanitised HTML, empty while nothing is published. `flags` counts every
    reader who has flagged it; those of the revisions up to `flags_settled` a person has seen and overruled.
    """

    id: UUID
    site_id: UUID
    article_id: UUID
    parent_id: UUID | None
    depth: int
    path: bytes
    author_id: UUID
    author_name: str
    author_url: str | None
    avatar: str
    standing: Standing
    body_html: str
    votes: int
    flags: int
    flags_settled: int | None
    score: float
    reason: str | None
    created_at: datetime
    queued_at: datetime
    published_at: datetime | None
    edited_at: datetime | None
    edit_until: datetime
    client_hash: bytes | None
    """The keyed hash of the network it came from, as long as it is kept."""
    quietly_spam: bool = False
    """True where the screening, and no person, has called it spam."""
    appealed_at: datetime | None = None
    """When its author asked for another look; they can once."""
    author_badge: str | None = None
    """What the site said of a reader whom it knows."""
    is_proven: bool = False
    """True where it came from whoever has proven the address; anybody can type one."""

    @property
    def key(self) -> CommentKey:
        """Return what names it in the rows that belong to it."""
        return CommentKey(self.site_id, self.article_id, self.id)

    @property
    def status_for_author(self) -> Status:
        """Where its author is told that it stands: a persistent spammer is to learn nothing, so it seems to wait."""
        return Status.PENDING if self.is_quietly_spam else self.standing.status

    @property
    def is_quietly_spam(self) -> bool:
        """True for spam that nobody but the screening has called so."""
        return self.quietly_spam and self.standing.status is Status.SPAM

    @property
    def is_erased(self) -> bool:
        """True where its words are gone, for good: nothing is left that could be published."""
        return not self.author_name

    @property
    def flags_are_settled(self) -> bool:
        """True where a person has approved the text that readers see after it was flagged: more flags only count."""
        seen = self.standing.published_revision or self.standing.revision
        return self.flags_settled is not None and seen <= self.flags_settled


@dataclass(frozen=True)
class Revision:
    """One numbered text of a comment.

    Danger: `body_raw` is what a stranger typed. It goes back into a form field, escaped, and nowhere else.
    """

    number: int
    body_raw: str
    body_html: str
    created_at: datetime


@dataclass(frozen=True)
class PublishedComment:
    """What readers may see of a comment; a tombstone (`deleted`) has neither author nor text."""

    id: UUID
    parent_id: UUID | None
    depth: int
    author_name: str
    author_url: str | None
    avatar: str
    body_html: str
    published_at: datetime | None
    edited_at: datetime | None
    votes: int
    deleted: bool
    author_badge: str | None = None


def offered_actions(comment: Comment) -> Sequence[Action]:
    """Return what can be decided on a comment; what has no words any more is not published again."""
    offered = comment.standing.offered_actions
    return tuple(action for action in offered if not (comment.is_erased and action in {Action.APPROVE, Action.RESTORE}))


def author_may_revise(comment: Comment, now: datetime) -> bool:
    """True inside the revise window, while the comment is pending or approved."""
    return _may_still_change(comment) and now < comment.edit_until


def author_may_withdraw(comment: Comment) -> bool:
    """True at any time until it is gone: nobody has to leave their words standing."""
    return comment.standing.status is not Status.DELETED


def check_author_may_revise(comment: Comment, now: datetime) -> None:
    """Pass where the author may still revise; else raise Forbidden with the reason in words."""
    if not _may_still_change(comment):
        sentence = f"This comment is {comment.standing.status} and can no longer be revised."
        raise Forbidden(sentence, says="revise_no_more")
    if now >= comment.edit_until:
        raise Forbidden(
            "The time to revise this comment ended at "
            f"{comment.edit_until.strftime('%Y-%m-%d %H:%M:%S UTC')}. You can still withdraw it.",
            values={"time": comment.edit_until},
            says="revise_window_over",
        )


def author_may_appeal(comment: Comment) -> bool:
    """True where a person has turned it down, and its author has not asked for another look before."""
    is_there = not comment.is_erased and not comment.is_quietly_spam
    return life.can_be_appealed(comment.standing) and is_there and comment.appealed_at is None


def check_author_may_appeal(comment: Comment) -> None:
    """Pass where the author may ask for another look; else raise Forbidden with the reason in words."""
    if comment.appealed_at is not None:
        raise Forbidden("You have asked for another look at this comment; that is possible once.", says="appealed")
    if not author_may_appeal(comment):
        sentence = f"This comment is {comment.status_for_author}, so there is no decision to look at again."
        raise Forbidden(sentence, says="nothing_to_appeal")


def author_may_vouch(comment: Comment) -> bool:
    """True while it waits, or seems to, and nothing shows that it came from whoever has proven the address.

    What readers have reported is published as far as its author is told, so nothing waits.
    """
    waits = comment.status_for_author is Status.PENDING and not comment.standing.is_reported
    return waits and not comment.is_proven and not comment.is_erased


def check_author_may_vouch(comment: Comment) -> None:
    """Pass where the author may say that it is theirs; else raise Forbidden with the reason in words."""
    if not author_may_vouch(comment):
        status = Status.APPROVED if comment.standing.is_reported else comment.status_for_author
        sentence = f"This comment is {status}, so it does not wait for anybody to say whose it is."
        raise Forbidden(sentence, says="nothing_to_vouch")


def _may_still_change(comment: Comment) -> bool:
    # What seems to wait has to take an edit as what waits does.
    return life.can_be_revised(comment.standing) or comment.is_quietly_spam


@dataclass(frozen=True)
class Place:
    """Where in the thread a new comment stands."""

    parent_id: UUID | None
    depth: int
    path: bytes


def place_in_thread(new_id: UUID, parent: tuple[UUID, bytes] | None, *, max_depth: int) -> Place:
    """Return the place below `parent` (its id and path), or below its deepest ancestor that may still have replies.

    A thread that is deep enough goes on sideways: replies beyond `max_depth` become siblings of what they answer.
    """
    if parent is None or max_depth == 0:
        return Place(None, 0, new_id.bytes)
    parent_id, path = parent
    above = path[: 16 * max_depth]
    if len(above) < len(path):
        parent_id = UUID(bytes=above[-16:])
    return Place(parent_id, len(above) // 16, above + new_id.bytes)


def split_path(path: bytes) -> Sequence[UUID]:
    """Return the identifiers a path is made of, the top-level comment first."""
    return [UUID(bytes=path[start : start + 16]) for start in range(0, len(path), 16)]

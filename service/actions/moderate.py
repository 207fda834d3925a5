"""Moderators read the queue, and open a comment with everything known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from service.actions import claims
from service.actions.claims import Claim
from service.actions.paging import queue_cursor, queue_position, scope_of
from service.actions.toolbox import tools
from service.domain.comment import Revision
from service.domain.emails import email_lookup_form
from service.domain.errors import NotFound
from service.domain.life import Status
from service.domain.permissions import Caller, Permission
from service.domain.queue import LoggedDecision, QueueItem
from service.domain.screening import Signal
from service.domain.site import Site
from service.domain.sorting import QueueSort
from service.store import authors, counters, flags, log, queue, revisions, sites
from service.store.queue import QueueFilter
from service.store.session import reading

FLAGS_LISTED = 100
"""Flags of one comment that are listed in full; all are counted, and nobody reads more of them to decide."""


@dataclass(frozen=True)
class QueueQuestion:
    """Which comments to list, and from where on; `author` is an id, or an e-mail address with permission to see them.

    `words` is looked for in names and texts; an e-mail address with that permission is looked for as the author's.
    Without a `sort` the order is the usual one.
    """

    status: Status = Status.PENDING
    article_key: str | None = None
    reason: str | None = None
    author: str | None = None
    words: str | None = None
    has_links: bool = False
    flagged: bool = False
    edited: bool = False
    sort: QueueSort | None = None
    cursor: str | None = None
    limit: int = 50

    @property
    def is_narrowed(self) -> bool:
        """True where some of a status are looked for, not all."""
        return bool(self.narrowed) or any(
            said is not None for said in (self.article_key, self.reason, self.author, self.words)
        )

    @property
    def order(self) -> QueueSort:
        """The order that is asked for, or the usual one."""
        return self.sort or QueueSort.usual(waits=self.status is Status.PENDING, is_narrowed=self.is_narrowed)

    @property
    def narrowed(self) -> frozenset[str]:
        """The names of what the comments have to be."""
        said = {"links": self.has_links, "flagged": self.flagged, "edited": self.edited}
        return frozenset(name for name, is_asked in said.items() if is_asked)


@dataclass(frozen=True)
class QueueView:
    """A page of the queue, who is on which of its comments, and the number of the site's comments in every status."""

    site: Site
    items: Sequence[QueueItem]
    claims: Mapping[UUID, Claim]
    next_cursor: str | None
    totals: dict[str, int]


@dataclass(frozen=True)
class CommentFile:
    """Everything known about a comment; `email` only for a caller who may see addresses."""

    site: Site
    item: QueueItem
    claim: Claim | None
    revisions: Sequence[Revision]
    signals: dict[tuple[UUID, int], list[Signal]]
    decisions: Sequence[LoggedDecision]
    email: str | None


def read_queue(caller: Caller, asked: QueueQuestion) -> QueueView:
    """Return a page of the caller's site.

    Raises Forbidden for an author's address without the permission, and Invalid for a cursor of another list.
    """
    scope = scope_of("queue", caller.site_id, replace(asked, sort=asked.order, cursor=None, limit=0))
    author, words = asked.author, asked.words
    if words is not None and author is None and _is_address(words) and caller.may(Permission.READ_EMAIL):
        author, words = words, None
    with reading():
        site = sites.get_site(caller.site_id)
        wanted = QueueFilter(
            asked.status, asked.article_key, asked.reason, _author_ids(caller, author), words, asked.narrowed
        )
        after = queue_position(scope, asked.cursor)
        page = queue.read_queue(caller.site_id, wanted, sort=asked.order, after=after, limit=asked.limit)
        totals = counters.site_totals(caller.site_id)
    held = claims.held(caller, [item.comment.id for item in page.items])
    return QueueView(site, page.items, held, queue_cursor(scope, page.next), totals)


def read_comment(caller: Caller, comment_id: UUID) -> CommentFile:
    """Return everything known about a comment of the caller's site; raises NotFound for any other."""
    with reading():
        item = queue.find_item(comment_id, site_id=caller.site_id)
        if item is None:
            raise NotFound("This site has no such comment.")
        texts = revisions.all_revisions(comment_id)
        listed = flags.latest_flags(comment_id, limit=FLAGS_LISTED) if item.comment.flags else ()
        file = CommentFile(
            site=sites.get_site(caller.site_id),
            item=replace(item, flags=replace(item.flags, latest=listed)),
            claim=None,
            revisions=texts,
            signals=revisions.signals_of([(comment_id, text.number) for text in texts]),
            decisions=log.decisions_on(comment_id),
            email=_email(item) if caller.may(Permission.READ_EMAIL) else None,
        )
    return replace(file, claim=claims.held(caller, [comment_id]).get(comment_id))


def _is_address(words: str) -> bool:
    return "@" in words.strip("@") and not words.strip().count(" ")


def _author_ids(caller: Caller, author: str | None) -> list[UUID] | None:
    if author is None:
        return None
    if "@" in author:
        caller.check(Permission.READ_EMAIL)
        hashes = tools().keyring.lookup_hashes("email", str(caller.site_id), email_lookup_form(author.strip()))
        return authors.find_author_ids(caller.site_id, hashes)
    try:
        return [UUID(author)]
    except ValueError:
        return []


def _email(item: QueueItem) -> str | None:
    comment = item.comment
    sealed = authors.find_sealed_email(comment.author_id)
    return tools().keyring.unseal(sealed, context=comment.site_id.bytes) if sealed else None

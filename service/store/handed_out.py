"""What other programs read of a site: its threads for WordPress, its queue and its log for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from service.domain.life import Status
from service.domain.log import ChainedEntry
from service.domain.rules import Rule
from service.store.log import ENTRY_COLUMNS, entry_from_row
from service.store.models import ArticleRow, AuthorRow, CommentRow, LogRow, RevisionRow, RuleRow, SignalRow
from service.store.rules import RULE_COLUMNS, rule_from_row
from service.store.snapshot import Snapshot

ARTICLES_AT_ONCE = 200
ROWS_AT_ONCE = 500

_SEEN = func.coalesce(CommentRow.published_revision, CommentRow.revision)
"""The revision that readers see, or else the latest one."""


def articles(view: Snapshot, site_id: UUID) -> Iterator[Sequence[Any]]:
    """Yield (id, key, url, title, open, created_at) of the articles of a site, some at a time."""
    columns = (ArticleRow.id, ArticleRow.key, ArticleRow.url, ArticleRow.title, ArticleRow.open, ArticleRow.created_at)
    first = select(*columns).where(ArticleRow.site_id == site_id).order_by(ArticleRow.id).limit(ARTICLES_AT_ONCE)
    page = view.found(first)
    while page:
        yield page
        page = view.found(first.where(ArticleRow.id > page[-1][0]))


def threads(view: Snapshot, article_ids: Sequence[UUID]) -> Iterator[Any]:
    """Yield the comments of articles, those of each together, parents before their replies."""
    return view.streamed(
        select(
            CommentRow.article_id,
            CommentRow.id,
            CommentRow.parent_id,
            CommentRow.status,
            CommentRow.published_revision,
            CommentRow.author_name,
            CommentRow.author_url,
            CommentRow.created_at,
            RevisionRow.body_html,
            AuthorRow.email_sealed,
        )
        .join(RevisionRow, (RevisionRow.comment_id == CommentRow.id) & (RevisionRow.number == _SEEN))
        .join(AuthorRow, AuthorRow.id == CommentRow.author_id)
        .where(CommentRow.article_id.in_(article_ids))
        .order_by(CommentRow.article_id, CommentRow.path),
        at_once=ROWS_AT_ONCE,
    )


def waiting(view: Snapshot, site_id: UUID) -> Iterator[tuple[Sequence[Any], dict[UUID, list[str]]]]:
    """Yield what waits for a person, the oldest first, some at a time, with the names of what holds each."""
    first = (
        select(
            CommentRow.queued_at,
            CommentRow.id,
            ArticleRow.key,
            ArticleRow.title,
            CommentRow.author_name,
            CommentRow.author_url,
            CommentRow.created_at,
            CommentRow.revision,
            RevisionRow.body_raw,
            CommentRow.flags,
            CommentRow.votes,
            AuthorRow.email_sealed,
        )
        .join(ArticleRow, ArticleRow.id == CommentRow.article_id)
        .join(AuthorRow, AuthorRow.id == CommentRow.author_id)
        .join(RevisionRow, (RevisionRow.comment_id == CommentRow.id) & (RevisionRow.number == CommentRow.revision))
        .where(CommentRow.site_id == site_id, CommentRow.status == Status.PENDING.value)
        .order_by(CommentRow.queued_at, CommentRow.id)
        .limit(ROWS_AT_ONCE)
    )
    page = view.found(first)
    while page:
        held = select(SignalRow.comment_id, SignalRow.name).where(
            SignalRow.comment_id.in_([row.id for row in page]), SignalRow.waiting_since.is_not(None)
        )
        names: dict[UUID, list[str]] = {}
        for comment_id, name in view.found(held.order_by(SignalRow.comment_id, SignalRow.name)):
            names.setdefault(comment_id, []).append(name)
        yield page, names
        after = tuple_(CommentRow.queued_at, CommentRow.id) > (page[-1].queued_at, page[-1].id)
        page = view.found(first.where(after))


def rules(view: Snapshot, site_id: UUID) -> list[Rule]:
    """Return the rules of a site, the first made first."""
    found = view.found(select(*RULE_COLUMNS).where(RuleRow.site_id == site_id).order_by(RuleRow.id))
    return [rule_from_row(row) for row in found]


def log(view: Snapshot, site_id: UUID) -> Iterator[ChainedEntry]:
    """Yield the log of a site from its beginning."""
    first = select(*ENTRY_COLUMNS).where(LogRow.site_id == site_id).order_by(LogRow.number).limit(ROWS_AT_ONCE)
    page = view.found(first)
    while page:
        yield from map(entry_from_row, page)
        page = view.found(first.where(LogRow.number > page[-1].number))

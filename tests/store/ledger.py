"""What the kept numbers have to be, worked out anew from the comments themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from service.domain.life import Status
from service.extensions import db
from service.store.counters import site_totals
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    FlagRow,
    LogRow,
    RevisionRow,
    SignalRow,
    SiteRow,
    VoteRow,
)
from service.store.session import reading


def discrepancies(app: Flask, slug: str) -> list[str]:
    """Return a sentence for every number or mark of a site that is not what its comments say; empty when all agree."""
    with app.app_context(), reading():
        site_id = db.session.scalars(select(SiteRow.id).where(SiteRow.slug == slug)).one()
        return list(_discrepancies(site_id))


def reference_page(app: Flask, slug: str, article: str) -> list[dict[str, Any]]:
    """Return what readers must see under an article, oldest thread first, from the rows of comments and revisions."""
    with app.app_context(), reading():
        rows = db.session.scalars(
            select(CommentRow).join(ArticleRow).join(SiteRow).where(SiteRow.slug == slug, ArticleRow.key == article)
        ).all()
        texts = {
            (revision.comment_id, revision.number): revision.body_html
            for revision in db.session.scalars(
                select(RevisionRow).where(RevisionRow.comment_id.in_([row.id for row in rows]))
            )
        }
        shown = _ought_to_be_shown(rows)
        return [
            {
                "id": str(row.id),
                "parent_id": row.parent_id and str(row.parent_id),
                "depth": row.depth,
                "deleted": row.published_revision is None,
                "name": None if row.published_revision is None else row.author_name,
                "body_html": "" if row.published_revision is None else texts[row.id, row.published_revision],
            }
            for row in sorted(rows, key=lambda row: row.path)
            if row.id in shown
        ]


def _discrepancies(site_id: UUID) -> Iterator[str]:
    rows = db.session.scalars(select(CommentRow).where(CommentRow.site_id == site_id)).all()
    by_status = Counter(row.status for row in rows)
    kept = site_totals(site_id)
    for status in Status:
        if kept[status] != by_status[status]:
            yield f"the site counts {kept[status]} {status} comments and has {by_status[status]}"
    by_author = Counter((row.author_id, row.status) for row in rows)
    for author in db.session.scalars(select(AuthorRow).where(AuthorRow.site_id == site_id)):
        for status in Status:
            counted, has = getattr(author, status), by_author[author.id, status]
            if counted != has:
                yield f"author {author.id} counts {counted} {status} comments and has {has}"
    published = Counter(row.article_id for row in rows if row.published_revision is not None)
    for article in db.session.scalars(select(ArticleRow).where(ArticleRow.site_id == site_id)):
        if article.count != published[article.id]:
            yield f"article {article.key} counts {article.count} published comments and has {published[article.id]}"
    shown = _ought_to_be_shown(rows)
    shown_replies = Counter(row.parent_id for row in rows if row.id in shown)
    decisions = Counter(
        db.session.scalars(select(LogRow.comment_id).where(LogRow.site_id == site_id, LogRow.comment_id.is_not(None)))
    )
    ids = [row.id for row in rows]
    votes = Counter(db.session.scalars(select(VoteRow.comment_id).where(VoteRow.comment_id.in_(ids))))
    flags = Counter(db.session.scalars(select(FlagRow.comment_id).where(FlagRow.comment_id.in_(ids))))
    returned = Counter(
        db.session.scalars(
            select(SignalRow.comment_id).where(SignalRow.comment_id.in_(ids), SignalRow.name == "flagged")
        )
    )
    for row in rows:
        # Whoever voted for a deleted comment is forgotten.
        if row.votes != votes[row.id] and row.status != Status.DELETED:
            yield f"comment {row.id} counts {row.votes} votes and has {votes[row.id]}"
        if row.flags != flags[row.id]:
            yield f"comment {row.id} counts {row.flags} flags and has {flags[row.id]}"
        if row.shown != (row.id in shown):
            yield f"comment {row.id} is {'' if row.shown else 'not '}shown"
        if row.shown_replies != shown_replies[row.id]:
            yield f"comment {row.id} counts {row.shown_replies} shown replies and has {shown_replies[row.id]}"
        if row.status == Status.DELETED and (row.author_name or row.body_html or row.search_text):
            yield f"comment {row.id} is deleted and has words left"
        if row.published_revision is None and row.body_html:
            yield f"comment {row.id} is not published and has published words"
        changes = row.version - 1
        edits = row.revision - 1
        # Readers' flags change a comment too; the signals that say so are gone with the words of a deleted one.
        returns = row.flags if row.status == Status.DELETED else returned[row.id]
        if not decisions[row.id] <= changes + 1 <= decisions[row.id] + edits + returns + 1:
            yield f"comment {row.id} has version {row.version} after {decisions[row.id]} decisions and {edits} edits"


def _ought_to_be_shown(rows: Any) -> set[UUID]:
    """Return the published comments and everything above one."""
    shown: set[UUID] = set()
    by_id = {row.id: row for row in rows}
    for row in rows:
        at = row if row.published_revision is not None else None
        while at is not None:
            shown.add(at.id)
            at = by_id.get(at.parent_id)
    return shown

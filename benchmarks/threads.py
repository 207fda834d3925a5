"""A site whose articles have as many published comments as a benchmark asks for, made by the store in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from service.actions import sites
from service.domain.comment import CommentKey, Place, Revision, split_path
from service.domain.life import Standing, Status
from service.store import articles, authors, comments, revisions
from service.store.ids import new_id
from service.store.session import writing
from service.store.sites import find_site

SITE = "bench"
BODY = (
    "<p>The council votes on the ninth. Before that there are <em>open evenings</em> at the Seamen’s Hall, where the "
    'models of all three proposals stand on one table, see <a href="https://example.org/" rel="nofollow ugc noopener">'
    "the minutes</a>.</p><p>On the first evening the queue for the jug was longer than that for the microphone.</p>"
)


def fill_articles(app: Flask, origin: str, sizes: Iterable[int]) -> None:
    """Make a site with an article of each size, named by it: threads of five, as they look when they were talked in."""
    now = datetime.now(UTC) - timedelta(days=30)
    with app.app_context():
        sites.create_site(SITE, name="Bench", origins=[origin], now=now)
        sites.change_site(SITE, limits="off", now=now)
        for size in sizes:
            with writing():
                site = find_site(SITE)
                key = f"{origin}/{size}"
                article, _ = articles.add_article_if_absent(site.id, key, url=key, title="An article", now=now)
                author = authors.take_author(site.id, email_hashes=[b"bench"], email_sealed=b"", now=now)
                path = b""
                for number in range(size):
                    at = now + timedelta(seconds=number)
                    comment_id = new_id(at)
                    path = (path if number % 5 else b"") + comment_id.bytes
                    _add(site.id, article.id, author.id, comment_id, path, at)
                articles.change_counts({article.id: size})


def _add(site_id: Any, article_id: Any, author_id: Any, comment_id: Any, path: bytes, at: datetime) -> None:
    ancestors = split_path(path)
    comments.add_comment(
        comments.NewComment(
            id=comment_id,
            site_id=site_id,
            article_id=article_id,
            place=Place(ancestors[-2] if len(ancestors) > 1 else None, len(ancestors) - 1, path),
            author_id=author_id,
            author_name="Ines Okafor",
            author_url=None,
            author_badge=None,
            avatar=comment_id.hex[:16],
            standing=Standing(Status.APPROVED, 1, 1, 1),
            body_html=BODY,
            body_fingerprint=comment_id.bytes,
            search_text="",
            score=0.0,
            has_links=False,
            quietly_spam=False,
            client_hash=None,
            receipt_hash=comment_id.bytes,
            created_at=at,
            edit_until=at,
        ),
        now=at,
    )
    key = CommentKey(site_id, article_id, comment_id)
    revisions.add_revision(key, Revision(1, "", BODY, at), sanitiser_version=1)
    comments.settle_visibility([comment_id])

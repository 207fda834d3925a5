"""The one way in which a comment's standing changes: with its counters, its article's count and the public page."""

from __future__ import annotations

from typing import Any

from service.domain.comment import Comment
from service.domain.life import Standing
from service.store import articles, authors, comments, counters


def change_standing(comment: Comment, after: Standing, **changes: Any) -> bool:
    """Move a comment to its next standing inside the caller's transaction; False where it moved on meanwhile.

    `changes` are other columns of the comment that change with it. Rows are taken in one order everywhere, so that no
    two transactions wait for each other: comments from the reply up to its ancestors, author, article, counters.
    """
    before = comment.standing
    author_id = comments.save_comment(comment, after, **changes)
    if author_id is None:
        return False
    comments.settle_visibility(comment.id)
    authors.move_author_counters(author_id, before=before.status, after=after.status)
    if before.is_published != after.is_published:
        articles.change_count(comment.article_id, 1 if after.is_published else -1)
    counters.move_site_counters(comment.site_id, before=before.status, after=after.status)
    return True

"""The small shapes that several answers share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from service.domain.article import Article
from service.domain.comment import Comment, PublishedComment
from service.domain.site import Site


def avatar_path(seed: str) -> str:
    """Return where the picture of an avatar seed is served; relative, so that a cached page fits every host name."""
    return f"/avatars/{seed}.svg"


def author_view(comment: Comment | PublishedComment) -> dict[str, Any]:
    """Return who wrote a comment, as far as readers may know; not for one that is deleted."""
    return {
        "name": comment.author_name,
        "url": comment.author_url,
        "avatar": avatar_path(comment.avatar),
        "badge": comment.author_badge,
    }


def article_view(article: Article | None, key: str, *, site: Site, now: datetime) -> dict[str, Any]:
    """Return an article as JSON, open or closed as it is now; one that nobody wrote under yet is open and empty."""
    if article is None:
        is_url = key.startswith(("http://", "https://"))
        return {"key": key, "title": "", "url": key if is_url else None, "open": True, "count": 0}
    return {
        "key": article.key,
        "title": article.title,
        "url": article.url,
        "open": article.is_open(site, now),
        "count": article.count,
    }

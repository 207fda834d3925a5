"""Readers see what is published; nothing here writes, and nothing here knows an e-mail address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.actions.paging import scope_of, thread_cursor, thread_position
from service.actions.public_reads import read_public
from service.domain import tags
from service.domain.article import Article
from service.domain.article_keys import parse_article_key
from service.domain.comment import PublishedComment
from service.domain.errors import Invalid, UnknownSite
from service.domain.site import Site, is_slug
from service.domain.sorting import Sort
from service.store import articles, comments, threads


@dataclass(frozen=True)
class PublishedPage:
    """One page of an article's published comments.

    `article` is None where nobody has written under it; `key` is its normalised key all the same. `names` holds the
    authors of the comments that those of this page answer, also where they stand on an earlier page. `answered` is the
    published comment that was asked for by `answering`. `is_first` says that no comments stand before this page.
    """

    site: Site
    key: str
    article: Article | None
    comments: Sequence[PublishedComment]
    next_cursor: str | None
    names: Mapping[UUID, str]
    answered: PublishedComment | None = None
    is_first: bool = True


def read_page(
    slug: str,
    article: str,
    *,
    sort: Sort,
    cursor: str | None,
    limit: int,
    with_names: bool = False,
    showing: UUID | None = None,
    answering: UUID | None = None,
) -> PublishedPage:
    """Return a page of what is published under an article, empty where nobody wrote; at most four queries.

    In place of a cursor, `showing` names a comment that is to be on the page; it needs the oldest-first order. For
    `answering`, a comment that may be on any page, there is one query more.
    Raises UnknownSite, and Invalid for a key that no article could have, or a cursor of another list.
    """
    if not is_slug(slug):
        raise UnknownSite
    key = parse_article_key(article).value

    def read() -> PublishedPage:
        found = articles.find_site_and_article(slug, key)
        if found is None:
            raise UnknownSite
        site, known = found
        scope = scope_of("thread", site.id, key, sort)
        after = thread_position(scope, cursor)
        if known is None:
            return PublishedPage(site, key, None, (), None, {})
        if showing is not None:
            assert sort is Sort.OLDEST, "a position in one order says nothing about another"
            after = threads.position_before(known.id, showing, limit=limit)
        page = threads.read_thread(known.id, sort=sort, after=after, limit=limit)
        names = _names(page.comments) if with_names else {}
        answered = threads.find_published(known.id, answering) if answering is not None else None
        return PublishedPage(
            site, key, known, page.comments, thread_cursor(scope, page.next), names, answered, is_first=after is None
        )

    return read_public(read)


@dataclass(frozen=True)
class PublishedCounts:
    """The number of published comments for every key, by the key as it was asked for; `tags` is what they depend on."""

    counts: Mapping[str, int]
    tags: frozenset[bytes]


def read_counts(slug: str, keys: Sequence[str]) -> PublishedCounts:
    """Return the number of published comments for every key; 0 for articles that nobody wrote under.

    Raises UnknownSite, and Invalid for a key that no article could have.
    """
    if not is_slug(slug):
        raise UnknownSite
    normalised = {}
    for asked in keys:
        try:
            normalised[asked] = parse_article_key(asked).value
        except Invalid as fault:
            raise Invalid("article", fault.faults[0].code, f"{asked[:80]!r}: {fault.detail}") from fault
    wanted = list(set(normalised.values()))

    def read() -> tuple[UUID, dict[str, tuple[UUID, int]]]:
        found = articles.published_counts(slug, wanted)
        if found is None:
            raise UnknownSite
        return found

    site_id, known = read_public(read)
    depends_on = {tags.of_site(site_id), *(tags.of_article(article_id) for article_id, _ in known.values())}
    if len(known) < len(set(normalised.values())):
        depends_on.add(tags.of_new_articles(site_id))
    counts = {asked: known[key][1] if key in known else 0 for asked, key in normalised.items()}
    return PublishedCounts(counts, frozenset(depends_on))


def _names(page: Sequence[PublishedComment]) -> dict[UUID, str]:
    names = {comment.id: comment.author_name for comment in page if not comment.deleted}
    ids = {comment.id for comment in page}
    earlier = {c.parent_id for c in page if c.parent_id is not None and c.parent_id not in ids}
    return names | comments.published_names(earlier)

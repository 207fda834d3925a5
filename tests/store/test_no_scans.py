"""No operation that people wait for scans a table that grows, or sorts more than a page: asked of PostgreSQL itself.

Each operation is carried out over HTTP, or as the worker carries it out, and every statement that it sends is explained
as it is sent. What is allowed to be different stands in `JUSTIFIED`, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.actions import outbox
from service.actions.proven import author_token
from service.domain.feed import FEED_LENGTH
from service.domain.life import Status
from service.domain.sorting import QueueSort, Sort
from service.extensions import db
from service.store import mine
from service.store.models import ArticleRow, CommentRow
from service.store.session import reading, writing
from service.worker import HANDLERS
from tests.driver import SiteDriver
from tests.store.crowd import ROWS, START
from tests.store.plans import Sent, plans_of

GROWING = frozenset(
    {
        "articles",
        "authors",
        "comments",
        "flags",
        "idempotency_keys",
        "log",
        "memberships",
        "moderators",
        "notes",
        "outbox",
        "revisions",
        "sessions",
        "signals",
        "sketches",
        "votes",
    }
)
"""Tables that grow with what people write; of what grows with the number of sites there are few rows."""

PAGE = 101  # rows: a page has a hundred at most, and one more tells whether there is another
READ = (
    1_200  # rows; a page of the queue has eight queries, of which one reads some ten signals or notes of each comment
)

JUSTIFIED: Mapping[str, str] = {
    "erasing an author": "it looks through all that is still to be done; an index for it would cost every submission",
    "the numbers of a month": "it counts everything of that time, which is asked for by hand, once",
}
"""By the name of an operation, why it may read or sort more."""


def _answered(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.get_json() if answer.is_json else answer.text


def _read(site: SiteDriver, **query: Any) -> Any:
    asked = {"site": site.slug, "article": f"{site.origin}/7"} | query
    return _answered(site.client.get("/v1/comments", query_string=asked))


def _two_pages(read: Callable[..., Any]) -> None:
    page = read()
    assert page["next"] is not None
    read(cursor=page["next"])


def _thread(sort: Sort) -> Callable[[SiteDriver], None]:
    return lambda site: _two_pages(lambda **more: _read(site, sort=sort.value, **more))


def _permalinks(site: SiteDriver) -> None:
    comment_id = str(_some(site, CommentRow.id, CommentRow.shown, CommentRow.parent_id.is_not(None)))
    _read(site, comment=comment_id)
    _answered(
        site.client.get(
            "/comments", query_string={"site": site.slug, "article": f"{site.origin}/7", "reply_to": comment_id}
        )
    )


def _counts(site: SiteDriver) -> None:
    keys = [f"{site.origin}/{number}" for number in range(100)]
    _answered(site.client.get("/v1/counts", query_string={"site": site.slug, "article": keys}))


def _feeds(site: SiteDriver) -> None:
    for article in ([], [f"{site.origin}/7"]):
        document = _answered(site.client.get("/v1/feed.atom", query_string={"site": site.slug, "article": article}))
        assert document.count("<entry>") == FEED_LENGTH


def _queue(**query: Any) -> Callable[[SiteDriver], None]:
    def read(site: SiteDriver) -> None:
        said = {name: value(site) if callable(value) else value for name, value in query.items()}
        page = site.queue(**said)
        assert page["comments"]
        if page["next"]:
            site.queue(**said, cursor=page["next"])

    return read


def _some(site: SiteDriver, column: Any, *conditions: Any) -> Any:
    """Return a value of some comment in the middle of the site's seventh article."""
    with site.app.app_context(), reading():
        article = select(ArticleRow.id).where(ArticleRow.key == f"{site.origin}/7").scalar_subquery()
        found = select(column).where(CommentRow.article_id == article, *conditions).order_by(CommentRow.id)
        return db.session.scalars(found.offset(7).limit(1)).one()


def _submit(site: SiteDriver) -> None:
    words = "A text of some length so that it has a sketch and can be compared with what others have written before"
    here: dict[str, Any] = {"article": f"{site.origin}/7", "body": words, "email": "one@example.org"}
    parent = str(_some(site, CommentRow.id, CommentRow.status == "approved"))
    again = site.reply(**here)
    headers = {"Origin": site.origin, "Idempotency-Key": "one-and-the-same"}
    for _ in range(2):
        _answered(site.client.post("/v1/comments", json=again, headers=headers), 202)
    _answered(site.submit(**here), 409)
    _answered(site.submit(**here | {"body": words + " again", "parent_id": parent}), 202)
    _answered(site.submit(**here | {"article": f"{site.origin}/new"}), 202)
    _answered(site.submit_form(**here | {"body": "By a form"}), 303)


def _decide(site: SiteDriver) -> None:
    ids = [site.submitted(email="two@example.org")["id"] for _ in range(5)]
    for action in ("approve", "reject", "spam", "delete"):
        _answered(site.decide(ids.pop(), action), 201)
    two = [str(_some(site, CommentRow.id, CommentRow.status == "pending", CommentRow.revision == 1)), *ids]
    said = {"decisions": [{"comment_id": one, "action": "approve", "revision": 1} for one in two]}
    done = _answered(site.client.post("/v1/moderation/decisions", json=said, headers=site.bearer))
    batch = done["batch_id"]
    _answered(site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer))


def _receipt(site: SiteDriver) -> None:
    sent = site.submitted(email="three@example.org")
    site.receipt(sent)
    _answered(site.revise(sent, "In other words"))
    assert site.withdraw(sent).status_code == 204


def _own(site: SiteDriver) -> None:
    """Prove an address, vouch for a reply, and take everything out."""
    sent = [site.submitted(email="four@example.org") for _ in range(2)]
    site.decide(sent[0]["id"], "reject", reason="A word about somebody.")
    author_id = UUID(site.opened(sent[0]["id"])["author"]["id"])
    with site.app.app_context(), writing():
        asked_at = datetime.now(UTC)
        assert mine.prove(author_id, asked_at=asked_at, now=asked_at)
        token = author_token(author_id, now=asked_at)
    vouching = f"/v1/receipts/{sent[1]['receipt']['token']}/vouch"
    assert _answered(site.client.post(vouching, json={"author_token": token}))["address_proven"]
    address = f"/v1/moderation/authors/{author_id}"
    assert len(_answered(site.client.get(f"{address}/export", headers=site.bearer))["comments"]) == 2


def _erase(site: SiteDriver) -> None:
    sent = [site.submitted(email="five@example.org") for _ in range(2)]
    site.decide(sent[0]["id"], "reject", reason="A word about somebody.")
    address = f"/v1/moderation/authors/{site.opened(sent[0]['id'])['author']['id']}"
    for _ in range(2):
        _answered(site.client.delete(address, headers=site.bearer))


def _react(site: SiteDriver) -> None:
    comment_id = str(_some(site, CommentRow.id, CommentRow.shown, CommentRow.parent_id.is_not(None)))
    _answered(site.vote(comment_id))
    _answered(site.vote(comment_id, 0))
    for reader in range(4):
        _answered(site.flag(comment_id, address=f"198.51.100.{reader}"), 201)


def _look_closer(site: SiteDriver) -> None:
    comment_id = str(_some(site, CommentRow.id, CommentRow.status == "pending"))
    site.opened(comment_id)
    address = f"/v1/moderation/comments/{comment_id}"
    for about in ("comment", "author"):
        note = {"text": "Again", "about": about}
        _answered(site.client.post(f"{address}/notes", json=note, headers=site.bearer), 201)
    _answered(site.client.put(f"{address}/claim", headers=site.bearer))


def _work(site: SiteDriver) -> None:
    site.submitted()  # leaves something to do, whichever tests have run before in this process
    with site.app.app_context():
        now = datetime.now(UTC)
        jobs = outbox.claim(list(HANDLERS), now=now)
        assert jobs
        outbox.finish([job.id for job in jobs])
        outbox.backlog(now=now)


def _log(**query: Any) -> Callable[[SiteDriver], None]:
    def read(site: SiteDriver) -> None:
        said = {name: value(site) if callable(value) else value for name, value in query.items()}
        page = _answered(site.client.get("/v1/moderation/log", query_string=said, headers=site.bearer))
        if page["next"]:
            more = said | {"cursor": page["next"]}
            _answered(site.client.get("/v1/moderation/log", query_string=more, headers=site.bearer))

    return read


def _articles(site: SiteDriver) -> None:
    def read(**query: Any) -> Any:
        return _answered(
            site.client.get("/v1/moderation/articles", query_string={"limit": 5} | query, headers=site.bearer)
        )

    _two_pages(read)
    said = {"site": site.slug, "key": f"{site.origin}/7", "title": "Seven"}
    _answered(site.client.put("/v1/articles", json=said, headers=site.bearer))


def _search_articles(site: SiteDriver) -> None:
    said = {"q": "/7", "limit": 5}
    _answered(site.client.get("/v1/moderation/articles", query_string=said, headers=site.bearer))


def _stats(site: SiteDriver) -> None:
    said = {"from": START.isoformat(), "until": (START + timedelta(days=30)).isoformat()}
    _answered(site.client.get("/v1/moderation/stats", query_string=said, headers=site.bearer))


STATUSES = {f"the queue of what is {status.value}": _queue(status=status.value, sort="oldest") for status in Status}
ORDERS = {f"the queue, {sort.value} first": _queue(sort=sort.value) for sort in QueueSort}
NARROWED = {
    "the queue of an article": _queue(article=lambda site: f"{site.origin}/7"),
    "the queue of an author": _queue(
        author=lambda site: str(_some(site, CommentRow.author_id, CommentRow.status == "pending"))
    ),
    "the queue of a reason": _queue(reason="many_links"),
    "the queue of a reason, newest first": _queue(reason="first_comment", sort="newest"),
    "the queue with links": _queue(has_links="true"),
    "the queue of what was flagged": _queue(flagged="true", sort="newest"),
    "the queue of what was edited": _queue(edited="true"),
    "a search for a word": _queue(q="word69"),
    "a search for two words": _queue(q="word69 like", sort="newest"),
}
LOGS = {
    "the log": _log(),
    "the log of decisions": _log(kind="decision"),
    "the log of an action": _log(action="approve"),
    "the log of a comment": _log(comment=lambda site: str(_some(site, CommentRow.id))),
    "the log of a day": _log(**{"from": (START + timedelta(seconds=ROWS // 2)).isoformat()}),
}
OPERATIONS: Mapping[str, Callable[[SiteDriver], None]] = {
    **{f"a thread, {sort.value} first": _thread(sort) for sort in Sort},
    "a comment's own page": _permalinks,
    "counts": _counts,
    "feeds": _feeds,
    **STATUSES,
    **ORDERS,
    **NARROWED,
    "a submission": _submit,
    "decisions": _decide,
    "a receipt": _receipt,
    "an author's own": _own,
    "erasing an author": _erase,
    "votes and flags": _react,
    "one comment at the desk": _look_closer,
    "the worker": _work,
    **LOGS,
    "the list of articles": _articles,
    "a search for articles": _search_articles,
    "the numbers of a month": _stats,
}


def _faults(sent: list[Sent]) -> list[str]:
    found = []
    for one in sent:
        scanned, sorted_rows, read = one.scans_whole(GROWING), one.sorts(), one.reads(GROWING)
        if scanned:
            found.append(f"scans {sorted(scanned)}: {one.brief()}")
        elif sorted_rows > PAGE:
            found.append(f"sorts {sorted_rows} rows: {one.brief()}")
        elif read > READ:
            found.append(f"reads {read} rows: {one.brief()}")
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_reads_and_sorts_about_what_it_shows(crowded: SiteDriver, operation: str) -> None:
    with plans_of(crowded.app) as sent:
        OPERATIONS[operation](crowded)
    assert sent
    faults = _faults(sent)
    if operation in JUSTIFIED:
        assert faults, f"{operation} reads no more than it has to: take it out of JUSTIFIED"
    else:
        assert not faults, "\n\n".join(faults)

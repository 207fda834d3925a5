"""Whole threads of an export become rows: one transaction a batch, with its counters, its articles and its authors."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from service.actions import announce
from service.actions.beside import Beside
from service.actions.submit import avatar_seed
from service.actions.toolbox import tools
from service.adapters.imports.bodies import Bodies, Body
from service.adapters.imports.staging import StagedArticle, Staging, Text
from service.adapters.markup import SANITISER_VERSION
from service.domain.comment import Place, place_in_thread, split_path
from service.domain.emails import email_lookup_form
from service.domain.errors import StoreUnavailable
from service.domain.imports import HELD_AS, Node, System, tidy_email, tidy_name, tidy_title, tidy_website
from service.domain.life import Standing, Status, first_standing
from service.domain.site import Site
from service.domain.text import folded
from service.store import articles, authors, comments, counters, imports
from service.store.ids import new_id
from service.store.imports import NewArticle, NewAuthor
from service.store.session import take_time, writing

log = logging.getLogger(__name__)

NOBODY_AT = "no-address.invalid"
"""Where authors without an address seem to live: RFC 2606 keeps `.invalid` from ever being somewhere."""
TRIES = 5  # of one batch; it waits for people's rows a second at most each time
EMPTY = Body("", "", "", b"", False)


@dataclass(slots=True)
class Planned:
    """A comment in its thread; `known` is its id and path where it was imported before."""

    node: Node
    known: tuple[UUID, bytes] | None


@dataclass(slots=True)
class Batch:
    """Whole threads of some articles; `texts` and `bodies` are of those that are new, by `seq`."""

    planned: list[tuple[StagedArticle, Planned]] = field(default_factory=list)
    texts: dict[int, Text] = field(default_factory=dict)
    bodies: dict[int, Body] = field(default_factory=dict)
    size: int = 0
    """Characters of all texts."""

    def add(self, article: StagedArticle, thread: Iterable[Planned]) -> None:
        """Take one more thread."""
        for one in thread:
            self.planned.append((article, one))
            self.size += one.node.size

    @property
    def new(self) -> list[Planned]:
        """Those that are not there yet."""
        return [one for _, one in self.planned if one.known is None]


@dataclass(slots=True)
class Placed:
    """A comment that gets rows; `kept` is what one of our own exports says of it besides."""

    node: Node
    id: UUID
    place: Place
    article: StagedArticle
    standing: Standing
    body: Body
    name: str
    url: str | None
    email_hash: bytes
    email: str
    votes: int
    held: str
    kept: dict[str, Any] = field(default_factory=dict)
    shown_replies: int = 0

    @property
    def is_shown(self) -> bool:
        return self.standing.is_published or self.shown_replies > 0


class Writer:
    """Writes batches of one import into a site; without an `import_id` it only counts."""

    places_ahead = True
    """False where the place of a comment depends on what was stored before it."""

    def __init__(
        self,
        site: Site,
        import_id: UUID | None,
        system: System,
        staged: Staging,
        bodies: Bodies,
        beside: Beside,
        *,
        now: datetime,
    ) -> None:
        self._site, self.import_id, self._system, self._staged = site, import_id, system, staged
        self._bodies, self._beside, self._now = bodies, beside, now
        self._under_way: Callable[[], None] | None = None
        self.imported = 0
        self.pending = 0
        self.done = 0
        """Comments of the batches that are there."""

    def with_bodies(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield batches with their texts prepared; those of the next one are under way meanwhile."""
        before: tuple[Batch, Callable[[], Sequence[Body]]] | None = None
        for batch in batches:
            seqs = [one.node.seq for one in batch.new]
            batch.texts = dict(zip(seqs, self._staged.texts(seqs), strict=True))
            has_words = [one.node.seq for one in batch.new if one.node.status is not Status.DELETED]
            coming = self._bodies.begin([(batch.texts[seq].text, batch.texts[seq].markup) for seq in has_words])
            if before is not None:
                yield _with_bodies(*before)
            before = (batch, coming)
        if before is not None:
            yield _with_bodies(*before)

    def write(self, batch: Batch) -> None:
        """Begin to write a batch, when the one before is there; `settle` waits for the last."""
        if not self.places_ahead:
            self.settle()
        placed, said = self._place(batch)
        self.settle()
        stored = self._beside.begin(lambda: self._store_at_last(placed))

        def end() -> None:
            stored()
            self._told_of(placed)
            for kind, source_id, sentence in said:
                self._staged.tell(kind, source_id, sentence)
            for one in placed:
                self.count(one.standing.status)
            self.done += len(batch.planned)

        self._under_way = end

    def settle(self) -> None:
        """Wait until all that was begun is there; raises what went wrong with it."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way()

    def _store_at_last(self, placed: Sequence[Placed]) -> None:
        """Store what was placed in one transaction, again where somebody held a row of it for too long."""
        if self.import_id is None:
            return
        for attempt in range(TRIES):
            try:
                with writing():
                    take_time()
                    self._store(self.import_id, placed)
                return
            except StoreUnavailable:
                if attempt == TRIES - 1:
                    raise
                log.warning("a batch of an import is tried again")

    def _told_of(self, placed: Sequence[Placed]) -> None:
        """Keep what was stored is called here, for what refers to it."""
        self._staged.give((one.node.id, one.id) for one in placed if one.kept)

    def count(self, status: Status) -> None:
        """Count a comment that has been imported."""
        self.imported += 1
        self.pending += status is Status.PENDING

    def _place(self, batch: Batch) -> tuple[list[Placed], list[tuple[str, str, str]]]:
        """Return what gets rows, parents first, and what the report says of the others."""
        places: dict[int, tuple[UUID, bytes]] = {}
        placed: list[Placed] = []
        said: list[tuple[str, str, str]] = []
        for article, planned in batch.planned:
            node = planned.node
            if planned.known is not None:
                places[node.seq] = planned.known
                continue
            body, status = batch.bodies.get(node.seq, EMPTY), node.status
            if body.fault:
                if not node.replies:
                    said.append(("skipped", node.id, body.fault))
                    continue
                said.append(("noted", node.id, f"only its place is kept, for the replies below it: {body.fault}"))
                body, status = EMPTY, Status.DELETED
            one = self._placed(article, node, batch.texts[node.seq], body, status, places)
            places[node.seq] = (one.id, one.place.path)
            placed.append(one)
        by_id = {one.id: one for one in placed}
        for one in reversed(placed):
            above = by_id.get(one.place.parent_id) if one.place.parent_id else None
            if above is not None and one.is_shown:
                above.shown_replies += 1
        return placed, said

    def _placed(
        self,
        article: StagedArticle,
        node: Node,
        text: Text,
        body: Body,
        status: Status,
        places: dict[int, tuple[UUID, bytes]],
    ) -> Placed:
        comment_id = new_id(node.written + timedelta(milliseconds=node.rank))
        parent = places.get(node.answers.seq) if node.answers is not None else None
        place = place_in_thread(comment_id, parent, max_depth=self._site.max_depth)
        email = tidy_email(text.email)
        held = HELD_AS.get(status, "").format(system=self._system.value)
        if status is Status.APPROVED and email and email.casefold() in body.searched:
            status, held = Status.PENDING, "Its author's own e-mail address stands in it."
        has_name = status is not Status.DELETED
        name = tidy_name(text.name, email=text.email.strip()) if has_name else ""
        return Placed(
            node,
            comment_id,
            place,
            article,
            first_standing(status),
            body,
            name,
            tidy_website(text.url, email=email) if has_name else None,
            b"",
            email or self._placeholder(tidy_name(text.name, email=text.email.strip())),
            min(max(text.votes, 0), 1_000_000),
            held,
        )

    def _placeholder(self, name: str) -> str:
        """Return the address of an author who has given none: nobody can type it, since nobody can guess it."""
        key = tools().keyring.lookup_hash("imported without an address", str(self._site.id), self._system.value, name)
        return f"{key[:16].hex()}@{NOBODY_AT}"

    def _store(self, import_id: UUID, placed: Sequence[Placed]) -> None:
        site = self._site
        fresh = {one.id for one in placed}
        # What is answered and was there before is held before any author, as everywhere.
        answered = {one.place.parent_id for one in placed if one.place.parent_id and one.place.parent_id not in fresh}
        if answered:
            comments.hold_comments(list(answered), site_id=site.id)
        article_ids = self._take_articles(import_id, placed)
        author_ids = self._take_authors(placed)
        below_known = set()
        if answered:
            below_known = {one.id for one in placed if any(i not in fresh for i in split_path(one.place.path))}
        imports.add_comments(
            (self._row(one, article_ids, author_ids, is_settled=one.id not in below_known) for one in placed),
            (row for one in placed for row in self._revisions(one, article_ids[one.article.key])),
            (row for one in placed for row in self._signals(one, article_ids[one.article.key])),
            (self._known_by(one, import_id) for one in placed),
            (row for one in placed for row in self._flags(one, article_ids[one.article.key])),
        )
        if below_known:
            comments.settle_visibility(list(below_known))
        published = Counter(article_ids[one.article.key] for one in placed if one.standing.is_published)
        articles.change_counts(published)
        counters.move_site_counters(site.id, Counter(one.standing.status for one in placed))
        announce.articles_changed(site.id, set(article_ids.values()))

    def _take_articles(self, import_id: UUID, placed: Sequence[Placed]) -> dict[str, UUID]:
        wanted: dict[str, NewArticle] = {}
        for one in placed:
            staged, written = one.article, one.node.written
            before = wanted.get(staged.key)
            if before is None or written < before.created_at:
                title = before.title if before is not None else tidy_title(staged.title)
                wanted[staged.key] = NewArticle(staged.key, title, not staged.closed, written)
        return self._articles_made(import_id, wanted)

    def _articles_made(self, import_id: UUID, wanted: dict[str, NewArticle]) -> dict[str, UUID]:
        found, some_were_made = imports.take_articles(
            self._site.id, list(wanted.values()), import_id=import_id, now=self._now
        )
        if some_were_made:
            announce.article_added(self._site.id)
        return found

    def _take_authors(self, placed: Sequence[Placed]) -> dict[bytes, UUID]:
        """Return the authors by address hash, their records with what is added; those who are new are made."""
        keyring, site_id = tools().keyring, self._site.id
        found_by: dict[tuple[str, str], bytes] = {}
        records: dict[bytes, Counter[Status]] = {}
        first: dict[bytes, Placed] = {}
        for one in placed:
            kind, form = self._found_by(one)
            if (kind, form) not in found_by:
                found_by[kind, form] = keyring.lookup_hash(kind, str(site_id), form)
            one.email_hash = found_by[kind, form]
            records.setdefault(one.email_hash, Counter())[one.standing.status] += 1
            first.setdefault(one.email_hash, one)
        if len(tools().keyring.cursor_keys) > 1:
            self._adopt_older_keys(found_by, first)
        found = imports.find_authors(site_id, list(records))
        new = self._new_authors([one for email_hash, one in first.items() if email_hash not in found], records)
        made = imports.add_authors(site_id, new)
        missing = [author.email_hash for author in new if author.email_hash not in made]
        if missing:
            # Replies of theirs have just arrived.
            found |= imports.find_authors(site_id, missing)
        imports.add_to_authors({author_id: records[email_hash] for email_hash, author_id in found.items()})
        return found | made

    def _new_authors(self, first: Sequence[Placed], records: dict[bytes, Counter[Status]]) -> list[NewAuthor]:
        seal, context = tools().keyring.seal, self._site.id.bytes
        return [
            NewAuthor(one.email_hash, seal(one.email, context=context), one.node.written, records[one.email_hash])
            for one in first
        ]

    def _found_by(self, one: Placed) -> tuple[str, str]:
        """Return by what an author is found: the kind of the lookup hash, and what is hashed."""
        return "email", email_lookup_form(one.email)

    def _adopt_older_keys(self, found_by: dict[tuple[str, str], bytes], first: dict[bytes, Placed]) -> None:
        keyring, site_id = tools().keyring, self._site.id
        for (kind, form), email_hash in found_by.items():
            hashes = keyring.lookup_hashes(kind, str(site_id), form)
            authors.adopt_older_key(site_id, hashes, keyring.seal(first[email_hash].email, context=site_id.bytes))

    def _row(
        self, one: Placed, article_ids: dict[str, UUID], author_ids: dict[bytes, UUID], *, is_settled: bool
    ) -> dict[str, Any]:
        standing, written = one.standing, one.node.written
        waits = standing.status is Status.PENDING
        has_words = standing.status is not Status.DELETED
        return {
            "id": one.id,
            "site_id": self._site.id,
            "article_id": article_ids[one.article.key],
            "parent_id": one.place.parent_id,
            "root_id": UUID(bytes=one.place.path[:16]),
            "depth": one.place.depth,
            "path": one.place.path,
            "author_id": author_ids[one.email_hash],
            "author_name": one.name,
            "author_url": one.url,
            "avatar": avatar_seed(self._site.id, one.email, one.name),
            "status": standing.status.value,
            "revision": standing.revision,
            "published_revision": standing.published_revision,
            "version": standing.version,
            "body_html": one.body.html if standing.is_published else "",
            "body_fingerprint": one.body.fingerprint,
            # As `comments.search_text` has it, of a text that was folded before.
            "search_text": f"{folded(one.name)}\n{one.body.searched}" if has_words else "",
            "shown": is_settled and one.is_shown,
            "shown_replies": one.shown_replies if is_settled else 0,
            "votes": one.votes,
            "flags": 0,
            "score": 0.0,
            "has_links": one.body.has_links,
            "quietly_spam": False,
            # Nobody has the token of this receipt.
            "receipt_hash": secrets.token_bytes(32),
            "created_at": written,
            # It has waited here since now; how long it waited elsewhere would be told as our delay.
            "queued_at": self._now if waits else written,
            "published_at": written if standing.is_published else None,
            "edit_until": written,
        }

    def _known_by(self, one: Placed, import_id: UUID) -> dict[str, Any]:
        return {
            "site_id": self._site.id,
            "key": one.node.key,
            "comment_id": one.id,
            "import_id": import_id,
            "depth": one.place.depth,
            "version": one.standing.version,
        }

    def _revisions(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        return [revision_row((one.id, article_id), 1, one.body, one.node.written)]

    def _flags(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        return []

    def _signals(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        if not one.held:
            return []
        waits = one.standing.status is Status.PENDING
        signal: dict[str, Any] = {
            "id": new_id(self._now),
            "site_id": self._site.id,
            "waiting_since": self._now if waits else None,
            "comment_id": one.id,
            "article_id": article_id,
            "revision": 1,
            "name": "imported",
            "verdict": "hold" if waits else "spam",
            "score": 0.0,
            "detail": one.held,
            "spans": [],
        }
        return [signal]


def revision_row(of: tuple[UUID, UUID], number: int, body: Body, written: datetime) -> dict[str, Any]:
    """Return the columns of a revision of a comment, named by its id and its article's."""
    return {
        "comment_id": of[0],
        "article_id": of[1],
        "number": number,
        "body_raw": body.raw,
        "body_html": body.html,
        "sanitiser_version": SANITISER_VERSION,
        "created_at": written,
    }


def _with_bodies(batch: Batch, coming: Callable[[], Sequence[Body]]) -> Batch:
    has_words = [one.node.seq for one in batch.new if one.node.status is not Status.DELETED]
    batch.bodies = dict(zip(has_words, coming(), strict=True))
    return batch

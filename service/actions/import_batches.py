"""Whole threads of an export become rows: one transaction a batch, with its counters, its articles and its authors."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from service.actions import announce
from service.actions.import_plan import NOTED, SKIPPED, Batch, Planned
from service.actions.submit import avatar_seed
from service.actions.toolbox import tools
from service.adapters.imports.bodies import Body, body_of
from service.adapters.imports.staging import Text, Texts
from service.adapters.markup import SANITISER_VERSION
from service.domain.comment import Place, place_in_thread, split_path
from service.domain.emails import email_lookup_form
from service.domain.errors import StoreUnavailable
from service.domain.imports import HELD_AS, System, tidy_email, tidy_name, tidy_title, tidy_website
from service.domain.life import Standing, Status, first_standing
from service.domain.site import Site
from service.domain.text import folded
from service.store import articles, authors, comments, counters, imports
from service.store.dialect import is_postgresql
from service.store.ids import new_id
from service.store.imports import NewArticle, NewAuthor
from service.store.session import settle_later, take_time, writing

log = logging.getLogger(__name__)

NOBODY_AT = "no-address.invalid"
"""Where authors without an address seem to live: RFC 2606 keeps `.invalid` from ever being somewhere."""
NO_RECEIPT = bytes(16)
"""With its id behind it the hash of a receipt that a comment has not: nobody finds a token for 128 bits of 0."""
TRIES = 5  # of one batch; it waits for people's rows a second at most each time
EMPTY = Body("", "", "", b"", False)


@dataclass(slots=True)
class Placed:
    """A comment that gets rows; `kept` is what one of our own exports says of it besides."""

    planned: Planned
    id: UUID
    place: Place
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


@dataclass(slots=True)
class Who:
    """The authors of a batch, by the hash of their address, or of what else they are found by."""

    found_by: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """The kind of the hash, and what is hashed."""
    records: dict[bytes, Counter[Status]] = field(default_factory=dict)
    first: dict[bytes, Placed] = field(default_factory=dict)
    """One comment of each."""


class Made(NamedTuple):
    """The articles of a batch by key, and its authors by the hash of their address."""

    articles: dict[str, UUID]
    authors: dict[bytes, UUID]


@dataclass(slots=True)
class Outcome:
    """What came of a batch."""

    done: int
    """Comments of the batch, also those that were there before."""
    statuses: Counter[Status] = field(default_factory=Counter)
    """How many were imported into each."""
    said: list[tuple[str, str, str]] = field(default_factory=list)
    """Lines of the report: the kind, the id in the export, and the sentence."""
    given: list[tuple[str, UUID]] = field(default_factory=list)
    """What things of the export are called here, where something else of it refers to them."""


class Writer:
    """Writes batches of one import into a site; without an `import_id` it only counts.

    Several processes may each write with a copy of one, if `texts` reads by a connection of the process' own.
    """

    def __init__(self, site: Site, import_id: UUID | None, system: System, texts: Texts, *, now: datetime) -> None:
        self._site, self._import_id, self._system, self._now = site, import_id, system, now
        self._site_id = str(site.id)
        self.texts = texts

    @property
    def takes_turns(self) -> bool:
        """True where no two batches can be stored at once: SQLite has one writer."""
        return not is_postgresql()

    def write(self, batch: Batch, turn: AbstractContextManager[object]) -> Outcome:
        """Prepare a batch, and store it in one transaction when it is its `turn`; raises StoreUnavailable."""
        new = batch.new
        seqs = [one.seq for one in new]
        texts = dict(zip(seqs, self.texts.texts(seqs), strict=True))
        bodies = self.texts.rendered.bodies(seqs)
        for one in new:
            if one.seq not in bodies and one.status is not Status.DELETED:
                bodies[one.seq] = body_of(texts[one.seq].text, texts[one.seq].markup)
        return self._write(batch, texts, bodies, turn)

    def _write(
        self, batch: Batch, texts: dict[int, Text], bodies: dict[int, Body], turn: AbstractContextManager[object]
    ) -> Outcome:
        outcome = Outcome(len(batch.planned))
        placed = self._place(batch, texts, bodies, outcome)
        if self._import_id is not None:
            with turn:
                self._store_at_last(self._import_id, placed)
            outcome.given = self._given(placed)
        outcome.statuses.update(one.standing.status for one in placed)
        return outcome

    def _store_at_last(self, import_id: UUID, placed: Sequence[Placed]) -> None:
        """Store what was placed in one transaction, again where somebody held a row of it, or took one away."""
        who = self._who(placed)
        made = None
        for attempt in range(TRIES):
            try:
                if not self.takes_turns:
                    # Made together with their comments, they would let every other batch that has one of them wait for
                    # all of these.
                    with writing():
                        settle_later()
                        made = self._make(import_id, placed, who)
                with writing():
                    take_time()
                    # The last transaction of the import waits for the disk; should that one never come, all is stored
                    # again that is not there.
                    settle_later()
                    self._store(import_id, placed, who, made)
                return
            except StoreUnavailable:
                if attempt == TRIES - 1:
                    raise
                log.warning("a batch of an import is tried again")

    def _given(self, placed: Sequence[Placed]) -> list[tuple[str, UUID]]:
        return []

    def _place(self, batch: Batch, texts: dict[int, Text], bodies: dict[int, Body], outcome: Outcome) -> list[Placed]:
        """Return what gets rows, parents first; the outcome takes what the report says of the others."""
        places: dict[int, tuple[UUID, bytes]] = {}
        placed: list[Placed] = []
        for planned in batch.planned:
            if planned.known is not None:
                places[planned.seq] = planned.known
                continue
            body, status = bodies.get(planned.seq, EMPTY), planned.status
            if body.fault:
                if not planned.replies:
                    outcome.said.append((SKIPPED, planned.id, body.fault))
                    continue
                sentence = f"only its place is kept, for the replies below it: {body.fault}"
                outcome.said.append((NOTED, planned.id, sentence))
                body, status = EMPTY, Status.DELETED
            one = self._placed(planned, texts[planned.seq], body, status, places)
            places[planned.seq] = (one.id, one.place.path)
            placed.append(one)
        by_id = {one.id: one for one in placed}
        for one in reversed(placed):
            above = by_id.get(one.place.parent_id) if one.place.parent_id else None
            if above is not None and one.is_shown:
                above.shown_replies += 1
        return placed

    def _placed(
        self, planned: Planned, text: Text, body: Body, status: Status, places: dict[int, tuple[UUID, bytes]]
    ) -> Placed:
        comment_id = new_id(planned.written + timedelta(milliseconds=planned.rank))
        parent = places.get(planned.answers) if planned.answers is not None else None
        place = place_in_thread(comment_id, parent, max_depth=self._site.max_depth)
        email = tidy_email(text.email)
        held = HELD_AS.get(status, "").format(system=self._system.value)
        if status is Status.APPROVED and email and email.casefold() in body.searched:
            status, held = Status.PENDING, "Its author's own e-mail address stands in it."
        has_name = status is not Status.DELETED
        name = tidy_name(text.name, email=text.email.strip()) if has_name else ""
        return Placed(
            planned,
            comment_id,
            place,
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
        key = tools().keyring.lookup_hash("imported without an address", self._site_id, self._system.value, name)
        return f"{key[:16].hex()}@{NOBODY_AT}"

    def _store(self, import_id: UUID, placed: Sequence[Placed], who: Who, made: Made | None) -> None:
        site = self._site
        fresh = {one.id for one in placed}
        # What is answered and was there before is held before any author, as everywhere.
        answered = {one.place.parent_id for one in placed if one.place.parent_id and one.place.parent_id not in fresh}
        if answered:
            comments.hold_comments(list(answered), site_id=site.id)
        article_ids, author_ids = made or self._make(import_id, placed, who)
        below_known = set()
        if answered:
            below_known = {one.id for one in placed if any(i not in fresh for i in split_path(one.place.path))}
        imports.add_comments(
            (self._row(one, article_ids, author_ids, is_settled=one.id not in below_known) for one in placed),
            (row for one in placed for row in self._revisions(one, article_ids[one.planned.article.key])),
            (row for one in placed for row in self._signals(one, article_ids[one.planned.article.key])),
            (self._known_by(one, import_id) for one in placed),
            (row for one in placed for row in self._flags(one, article_ids[one.planned.article.key])),
        )
        if below_known:
            comments.settle_visibility(list(below_known))
        # Only now, so that no batch waits for another one that has the same authors, until both end.
        imports.add_to_authors({author_ids[email_hash]: record for email_hash, record in who.records.items()})
        published = Counter(article_ids[one.planned.article.key] for one in placed if one.standing.is_published)
        articles.change_counts(published)
        counters.move_site_counters(site.id, Counter(one.standing.status for one in placed))
        announce.articles_changed(site.id, set(article_ids.values()))

    def _take_articles(self, import_id: UUID, placed: Sequence[Placed]) -> dict[str, UUID]:
        wanted: dict[str, NewArticle] = {}
        for one in placed:
            staged, written = one.planned.article, one.planned.written
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

    def _who(self, placed: Sequence[Placed]) -> Who:
        """Find out whose comments these are; each gets the hash of its author's address."""
        keyring = tools().keyring
        who = Who()
        for one in placed:
            found_by = self._found_by(one)
            if found_by not in who.found_by:
                who.found_by[found_by] = keyring.lookup_hash(found_by[0], self._site_id, found_by[1])
            one.email_hash = who.found_by[found_by]
            who.records.setdefault(one.email_hash, Counter())[one.standing.status] += 1
            who.first.setdefault(one.email_hash, one)
        return who

    def _make(self, import_id: UUID, placed: Sequence[Placed], who: Who) -> Made:
        """Return the articles and authors, made where they are new: with nothing below them or to their name yet."""
        site_id = self._site.id
        article_ids = self._take_articles(import_id, placed)
        self._adopt_older_keys(who)
        found = imports.find_authors(site_id, list(who.first))
        new = [one for email_hash, one in who.first.items() if email_hash not in found]
        made = imports.add_authors(site_id, self._new_authors(new))
        missing = [one.email_hash for one in new if one.email_hash not in made]
        if missing:
            # Replies of theirs have just arrived.
            found |= imports.find_authors(site_id, missing)
        return Made(article_ids, found | made)

    def _new_authors(self, first: Sequence[Placed]) -> list[NewAuthor]:
        seal, context = tools().keyring.seal, self._site.id.bytes
        return [NewAuthor(one.email_hash, seal(one.email, context=context), one.planned.written) for one in first]

    def _found_by(self, one: Placed) -> tuple[str, str]:
        """Return by what an author is found: the kind of the lookup hash, and what is hashed."""
        return "email", email_lookup_form(one.email)

    def _adopt_older_keys(self, who: Who) -> None:
        keyring, site_id = tools().keyring, self._site.id
        if len(keyring.cursor_keys) == 1:
            return
        for (kind, form), email_hash in who.found_by.items():
            hashes = keyring.lookup_hashes(kind, str(site_id), form)
            authors.adopt_older_key(site_id, hashes, keyring.seal(who.first[email_hash].email, context=site_id.bytes))

    def _row(
        self, one: Placed, article_ids: dict[str, UUID], author_ids: dict[bytes, UUID], *, is_settled: bool
    ) -> dict[str, Any]:
        standing, written = one.standing, one.planned.written
        waits = standing.status is Status.PENDING
        has_words = standing.status is not Status.DELETED
        return {
            "id": one.id,
            "site_id": self._site.id,
            "article_id": article_ids[one.planned.article.key],
            "parent_id": one.place.parent_id,
            "root_id": UUID(bytes=one.place.path[:16]) if one.place.depth else one.id,
            "depth": one.place.depth,
            "path": one.place.path,
            "author_id": author_ids[one.email_hash],
            "author_name": one.name,
            "author_url": one.url,
            "avatar": avatar_seed(self._site_id, one.email, one.name),
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
            "receipt_hash": NO_RECEIPT + one.id.bytes,
            "created_at": written,
            # It has waited here since now; how long it waited elsewhere would be told as our delay.
            "queued_at": self._now if waits else written,
            "published_at": written if standing.is_published else None,
            "edit_until": written,
        }

    def _known_by(self, one: Placed, import_id: UUID) -> dict[str, Any]:
        return {
            "site_id": self._site.id,
            "key": one.planned.key,
            "comment_id": one.id,
            "import_id": import_id,
            "depth": one.place.depth,
            "version": one.standing.version,
        }

    def _revisions(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        return [revision_row((one.id, article_id), 1, one.body, one.planned.written)]

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

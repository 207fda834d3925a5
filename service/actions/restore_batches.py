"""Comments of one of our own exports become rows as they were: revisions, standing, times, flags and who wrote them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from service.actions.import_batches import EMPTY, Made, Outcome, Placed, Who, Writer, revision_row
from service.actions.import_plan import Batch, Planned
from service.actions.submit import avatar_seed
from service.actions.toolbox import tools
from service.adapters.imports.bodies import Body, body_of
from service.adapters.imports.staging import StagedArticle, Text
from service.domain.comment import place_in_thread
from service.domain.emails import email_lookup_form
from service.domain.imports import Markup, tidy_badge, tidy_email, tidy_name, tidy_title, tidy_website
from service.domain.life import Standing, Status
from service.domain.site import HIGHEST_MAX_DEPTH
from service.store import imports
from service.store.ids import new_id
from service.store.imports import NewArticle, NewAuthor
from service.store.session import reading

AVATAR_LENGTH = 16


def moment(text: str | None) -> datetime | None:
    """Return a time as an export has it."""
    return None if text is None else datetime.fromisoformat(text)


def own_id(site_id: UUID, old: UUID) -> UUID:
    """Return the id that something gets whose own is taken: the same whenever it is asked for, and in its place.

    What is in order by its time stays so, since the first nine bytes are those of before.
    """
    return UUID(bytes=old.bytes[:9] + blake2b(site_id.bytes + old.bytes, digest_size=7).digest())


class Restorer(Writer):
    """Writes batches of one of our own exports into a site.

    Ids are kept as long as nothing else in the database has them; so are the links of receipts.
    """

    _author_ids: Mapping[bytes, UUID]
    _taken: set[UUID]
    _receipts: set[bytes]
    _kept_articles: Mapping[str, dict[str, Any]]

    rule_ids: Mapping[str, UUID]
    """What the rules of the export are called here."""

    @property
    def takes_turns(self) -> bool:
        """True: what a comment is called here depends on what was stored before it."""
        return True

    def _write(
        self, batch: Batch, texts: dict[int, Text], bodies: dict[int, Body], turn: AbstractContextManager[object]
    ) -> Outcome:
        with turn:
            with reading():
                self._taken = imports.taken_comments([UUID(one.id) for one in batch.new])
                self._receipts = imports.taken_receipts(
                    [bytes.fromhex(json.loads(text.kept)["receipt"]) for text in texts.values()]
                )
            return super()._write(batch, texts, bodies, nullcontext())

    def _placed(
        self, planned: Planned, text: Text, body: Body, status: Status, places: dict[int, tuple[UUID, bytes]]
    ) -> Placed:
        kept = json.loads(text.kept)
        old = UUID(kept["id"])
        comment_id = own_id(self._site.id, old) if old in self._taken else old
        receipt = bytes.fromhex(kept["receipt"])
        if old in self._taken or receipt in self._receipts:
            # That link leads to another comment of this database.
            receipt = secrets.token_bytes(32)
        self._taken.add(old)
        self._receipts.add(receipt)
        kept["receipt"] = receipt
        parent = places.get(planned.answers) if planned.answers is not None else None
        # As deep as it was: what a site allows may have changed since.
        place = place_in_thread(comment_id, parent, max_depth=HIGHEST_MAX_DEPTH)
        standing = Standing(status, kept["revision"], kept["published_revision"], max(1, kept["version"]))
        if status is not Status(kept["status"]):
            # Its text cannot be kept; only its place is.
            standing = Standing(status, kept["revision"], None, max(1, kept["version"]))
        has_name = status is not Status.DELETED
        email = tidy_email(text.email)
        author = json.loads(text.person_kept) if text.person_kept else {}
        author = author or {"id": kept["author"], "created_at": kept["created_at"], "proven_at": None}
        kept["author"] = author | {"has_address": bool(email)}
        return Placed(
            planned,
            comment_id,
            place,
            standing,
            body,
            tidy_name(text.name, email=email) if has_name else "",
            tidy_website(text.url, email=email) if has_name else None,
            b"",
            email or self._placeholder(text.person),
            text.votes,
            "",
            kept,
        )

    def _articles_made(self, import_id: UUID, wanted: dict[str, NewArticle]) -> dict[str, UUID]:
        return super()._articles_made(import_id, _with_ids(wanted, self._kept_articles))

    def _take_articles(self, import_id: UUID, placed: Sequence[Placed]) -> dict[str, UUID]:
        self._kept_articles = {one.planned.article.key: json.loads(one.planned.article.kept) for one in placed}
        return super()._take_articles(import_id, placed)

    def take_articles(self, import_id: UUID, staged: Sequence[StagedArticle]) -> None:
        """Make the articles that are not there yet, also those under which nobody has written."""
        self._kept_articles = {one.key: json.loads(one.kept) for one in staged}
        wanted = {one.key: NewArticle(one.key, tidy_title(one.title), not one.closed, self._now) for one in staged}
        self._articles_made(import_id, wanted)

    def _new_authors(self, first: Sequence[Placed]) -> list[NewAuthor]:
        ids = {one.email_hash: UUID(one.kept["author"]["id"]) for one in first}
        taken = imports.taken_authors(list(ids.values()))
        return [self._new_author(one, None if ids[one.email_hash] in taken else ids[one.email_hash]) for one in first]

    def _new_author(self, one: Placed, author_id: UUID | None) -> NewAuthor:
        keyring, site_id, said = tools().keyring, self._site.id, one.kept["author"]
        new = NewAuthor(
            one.email_hash,
            keyring.seal(one.email, context=site_id.bytes),
            datetime.fromisoformat(said["created_at"]),
            author_id,
            moment(said["proven_at"]),
        )
        if not said.get("subject"):
            return new
        # A reader whom the site knows may have no address; where there is one, it is the site that says so.
        address_hash = keyring.lookup_hash("email", str(site_id), email_lookup_form(one.email))
        return replace(
            new,
            email_sealed=new.email_sealed if said["has_address"] else b"",
            subject_sealed=keyring.seal(said["subject"], context=site_id.bytes),
            address_hash=address_hash if said["has_address"] else None,
        )

    def _found_by(self, one: Placed) -> tuple[str, str]:
        subject = one.kept["author"].get("subject")
        return ("reader", subject) if subject else super()._found_by(one)

    def _make(self, import_id: UUID, placed: Sequence[Placed], who: Who) -> Made:
        made = super()._make(import_id, placed, who)
        self._author_ids = made.authors
        return made

    def _given(self, placed: Sequence[Placed]) -> list[tuple[str, UUID]]:
        authors = [(f"author {one.kept['author']['id']}", self._author_ids[one.email_hash]) for one in placed]
        return [(one.planned.id, one.id) for one in placed] + authors

    def _row(
        self, one: Placed, article_ids: dict[str, UUID], author_ids: dict[bytes, UUID], *, is_settled: bool
    ) -> dict[str, Any]:
        kept, standing = one.kept, one.standing
        avatar = kept["avatar"]
        texts = {number: body for number, body, _ in self._texts(one)}
        return super()._row(one, article_ids, author_ids, is_settled=is_settled) | {
            "avatar": avatar if len(avatar) == AVATAR_LENGTH else avatar_seed(self._site_id, one.email, one.name),
            "body_html": texts[standing.published_revision].html if standing.published_revision else "",
            "votes": kept["votes"],
            "flags": kept["flag_count"],
            "flags_settled": kept["flags_settled"],
            "score": kept["score"],
            "reason": kept["reason"],
            "quietly_spam": kept["quietly_spam"],
            "receipt_hash": kept["receipt"],
            "queued_at": moment(kept["queued_at"]),
            "published_at": moment(kept["published_at"]),
            "edited_at": moment(kept["edited_at"]),
            "edit_until": moment(kept["edit_until"]),
            "appealed_at": moment(kept["appealed_at"]),
            "author_badge": tidy_badge(kept["badge"]),
            "is_proven": kept["proven"],
        }

    def _texts(self, one: Placed) -> list[tuple[int, Body, datetime]]:
        """Return every revision: its number, its text, and when it was written."""
        found = []
        for said in one.kept["revisions"]:
            is_latest = said["number"] == one.standing.revision
            has_words = one.standing.status is not Status.DELETED
            body = one.body if is_latest else body_of(said["body"], Markup.MARKDOWN) if has_words else EMPTY
            found.append((said["number"], body, datetime.fromisoformat(said["created_at"])))
        return found

    def _revisions(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        return [revision_row((one.id, article_id), number, body, written) for number, body, written in self._texts(one)]

    def _signals(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        waits = one.standing.status is Status.PENDING
        return [
            {
                "id": new_id(self._now),
                "site_id": self._site.id,
                "waiting_since": moment(one.kept["queued_at"])
                if waits and said["revision"] == one.standing.revision
                else None,
                "comment_id": one.id,
                "article_id": article_id,
                "revision": said["revision"],
                "name": said["name"],
                "verdict": said["verdict"],
                "score": said["score"],
                "detail": said["detail"],
                "spans": said["spans"],
                "rule_id": self.rule_ids.get(said["rule"]) if said["rule"] else None,
                "rule_version": said["rule_version"],
            }
            for said in one.kept["signals"]
        ]

    def _flags(self, one: Placed, article_id: UUID) -> list[dict[str, Any]]:
        return [
            {
                "id": new_id(datetime.fromisoformat(said["created_at"])),
                "comment_id": one.id,
                "article_id": article_id,
                "client_hash": None,
                "revision": said["revision"],
                "reason": said["reason"],
                "detail": said["detail"],
                # What was flagged here after the import is told from it by its time.
                "created_at": min(datetime.fromisoformat(said["created_at"]), self._now),
            }
            for said in one.kept["flags"]
        ]


def _with_ids(wanted: dict[str, NewArticle], kept: Mapping[str, dict[str, Any]]) -> dict[str, NewArticle]:
    ids = {key: UUID(kept[key]["id"]) for key in wanted}
    taken = imports.taken_articles(list(ids.values()))
    return {
        key: replace(
            article,
            id=new_id(article.created_at) if ids[key] in taken else ids[key],
            url=kept[key]["url"],
            created_at=datetime.fromisoformat(kept[key]["created_at"]),
            opened_at=moment(kept[key]["opened_at"]),
        )
        for key, article in wanted.items()
    }

"""A site is taken out as a file: everything of one moment, as a stream, while people go on."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from service.actions import rules as site_rules
from service.actions.import_batches import NOBODY_AT
from service.actions.sites import settings_told
from service.actions.toolbox import tools
from service.adapters.keyring import Keyring
from service.domain import wxr
from service.domain.errors import Invalid
from service.domain.exports import FORMS, VERSION, ExportForm, line
from service.domain.life import Status
from service.domain.log_export import as_csv, harmless
from service.domain.rules import HASHED, Rule
from service.domain.site import Site
from service.store import handed_out, sites, written_out
from service.store.session import reading
from service.store.snapshot import Snapshot, snapshot
from service.store.written_out import Lines

QUEUE_COLUMNS = (
    "id", "article", "title", "name", "email", "website", "submitted_at", "waiting_since", "revision", "text",
    "reasons", "flags", "votes",
)  # fmt: skip


class Export:
    """A file that is being written: pieces of it, until it is whole or was closed.

    The first piece is there already, so whatever is wrong has been told.
    """

    def __init__(self, file_name: str, media_type: str, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self.file_name, self.media_type = file_name, media_type
        self._first: bytes | None = next(pieces)
        self._pieces, self._close = pieces, close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return next(self._pieces) if first is None else first

    def close(self) -> None:
        """Let go of the database; what is not read by then is lost."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def export(slug: str, form: ExportForm, *, with_emails: bool, now: datetime) -> Export:
    """Begin to take a site out, as it is at this moment; close what is returned.

    Authors' e-mail addresses are in it only where that is asked for. Raises UnknownSite, Invalid where a form has no
    place for addresses, and StoreUnavailable, which may also come later.
    """
    if with_emails and not FORMS[form].may_have_emails:
        raise Invalid("emails", "not_offered", "This form has no e-mail addresses; leave `emails` out.")
    with reading():
        site = sites.find_site(slug)
    taking = _Taking(site, with_emails, tools().keyring, now)
    pieces = taking.pieces(_WRITERS[form])
    name = f"{slug}-{form.value}-{now:%Y-%m-%d}.{FORMS[form].ending}".replace("-jsonl-", "-")
    return Export(name, FORMS[form].media_type, pieces, pieces.close)


@dataclass(frozen=True)
class _Taking:
    """One export: the site as it was found, and what is asked of it."""

    site: Site
    with_emails: bool
    keyring: Keyring
    now: datetime

    def pieces(self, write: Callable[[_Taking, Snapshot], Iterator[str]]) -> Any:
        with snapshot() as view:
            for piece in write(self, view):
                yield piece.encode()

    def email(self, sealed: bytes) -> str:
        """Return an address; nothing where it is not asked for, or nobody has given one."""
        if not (self.with_emails and sealed):
            return ""
        address = self.keyring.unseal(sealed, context=self.site.id.bytes)
        return "" if address.endswith(f"@{NOBODY_AT}") else address


def _json_lines(taking: _Taking, view: Snapshot) -> Iterator[str]:
    site, counts = taking.site, Counter[str]()
    said = {"type": "export", "format": "postbag", "version": VERSION, "site": site.slug, "site_id": str(site.id)}
    yield line(said | {"exported_at": taking.now.isoformat(), "emails": taking.with_emails})
    yield line({"type": "site"} | settings_told(site))
    for kind, pages in (
        ("reason", iter([written_out.reasons(view, site.id)])),
        ("rule", iter([written_out.lines([_rule(taking, rule) for rule in handed_out.rules(view, site.id)])])),
        ("article", written_out.articles(view, site.id)),
        ("author", _authors(taking, view)),
        ("comment", written_out.comments(view, site.id)),
        ("note", written_out.notes(view, site.id)),
        ("log", written_out.past_log(view, site.id)),
        ("log", written_out.log(view, site.id)),
    ):
        for page in pages:
            if page.number:
                counts[kind] += page.number
                yield page.text + "\n"
    yield line({"type": "end", "counts": counts})


def _authors(taking: _Taking, view: Snapshot) -> Iterator[Lines]:
    for page in written_out.authors(view, taking.site.id):
        if taking.with_emails:
            yield written_out.lines([said[:-1] + _identity(taking, email, subject) for said, email, subject in page])
        else:
            yield written_out.lines([said for said, *_ in page])


def _identity(taking: _Taking, email_sealed: bytes, subject_sealed: bytes | None) -> str:
    """Return the end of an author's line: the address, and what the site calls a reader whom it signs in."""
    subject = taking.keyring.unseal(subject_sealed, context=taking.site.id.bytes) if subject_sealed else None
    told = {"email": taking.email(email_sealed) or None, "subject": subject}
    return "," + json.dumps(told, ensure_ascii=False, separators=(",", ":"))[1:]


def _rule(taking: _Taking, rule: Rule) -> str:
    """Return a rule as a line; addresses in it are no use elsewhere as hashes, so they are told or left out."""
    terms = list(rule.terms)
    left_out = 0
    if any(term.startswith(HASHED) for term in terms):
        plain = site_rules.addresses_by_term(rule) if taking.with_emails else {}
        there = [plain.get(term, term) for term in terms]
        terms = [term for term in there if not term.startswith(HASHED)]
        left_out = len(there) - len(terms)
    return line(
        {
            "type": "rule",
            "id": str(rule.id),
            "kind": rule.kind.value,
            "action": rule.action.value,
            "terms": terms,
            "addresses_left_out": left_out,
            "note": rule.note,
            "expires_at": _moment(rule.expires_at),
            "version": rule.version,
            "created_by": rule.created_by,
            "created_at": _moment(rule.created_at),
            "changed_at": _moment(rule.changed_at),
        }
    ).rstrip("\n")


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat()


def _wxr(taking: _Taking, view: Snapshot) -> Iterator[str]:
    site = taking.site
    yield wxr.head(site.name, site.origins[0] if site.origins else "", now=taking.now)
    posts = comments = 0
    for page in handed_out.articles(view, site.id):
        told = {row.id: row for row in page}
        begun: UUID | None = None
        written: list[str] = []
        above: list[_Above] = []
        for row in handed_out.threads(view, list(told)):
            if row.article_id != begun:
                written.append(wxr.END_OF_POST if begun is not None else "")
                begun, posts = row.article_id, posts + 1
                one = told[begun]
                address = one.url or one.key
                written.append(wxr.post(posts, address, one.title, is_open=one.open, written=one.created_at))
            comments += 1
            while above and above[-1].id != row.parent_id:
                above.pop()
            text = wxr.comment(_wxr_comment(taking, row, comments, above[-1].number if above else 0))
            above.append(_Above(row.id, comments, text))
            # A tombstone is told of only where something stands below it.
            if row.status != Status.DELETED.value:
                written += [comment.take() for comment in above]
            if len(written) >= handed_out.ROWS_AT_ONCE:
                yield "".join(written)
                written = []
        if begun is not None:
            yield "".join([*written, wxr.END_OF_POST])
    yield wxr.END


@dataclass(slots=True)
class _Above:
    """A comment on the way down a thread, and its text as long as it was not written."""

    id: UUID
    number: int
    text: str

    def take(self) -> str:
        text, self.text = self.text, ""
        return text


def _wxr_comment(taking: _Taking, row: Any, number: int, parent: int) -> wxr.WxrComment:
    # Where the words are gone, whose they were is nobody's business any more.
    email = taking.email(row.email_sealed) if row.author_name else ""
    url = row.author_url or ""
    # An edit that waits is told of nowhere: what readers see is.
    status = Status(row.status) if row.published_revision is None else Status.APPROVED
    return wxr.WxrComment(number, parent, row.author_name, email, url, row.created_at, status, row.body_html)


def _csv_queue(taking: _Taking, view: Snapshot) -> Iterator[str]:
    columns = [name for name in QUEUE_COLUMNS if name != "email" or taking.with_emails]
    yield _csv([columns])
    for page, reasons in handed_out.waiting(view, taking.site.id):
        rows = []
        for row in page:
            said: Mapping[str, Any] = {
                "id": str(row.id),
                "article": row.key,
                "title": row.title,
                "name": row.author_name,
                "email": taking.email(row.email_sealed),
                "website": row.author_url or "",
                "submitted_at": _moment(row.created_at),
                "waiting_since": _moment(row.queued_at),
                "revision": row.revision,
                "text": row.body_raw,
                "reasons": " ".join(dict.fromkeys(reasons.get(row.id, ()))),
                "flags": row.flags,
                "votes": row.votes,
            }
            rows.append([harmless(said[name]) if isinstance(said[name], str) else said[name] for name in columns])
        yield _csv(rows)


def _csv_log(taking: _Taking, view: Snapshot) -> Iterator[str]:
    yield from as_csv(handed_out.log(view, taking.site.id))


def _csv(rows: list[list[Any]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


_WRITERS: Mapping[ExportForm, Callable[[_Taking, Snapshot], Iterator[str]]] = {
    ExportForm.JSONL: _json_lines,
    ExportForm.WXR: _wxr,
    ExportForm.CSV_QUEUE: _csv_queue,
    ExportForm.CSV_LOG: _csv_log,
}

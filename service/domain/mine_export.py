"""Everything that an author wrote, as one JSON document, made a piece at a time.

It holds what the service keeps of them, but for what others wrote: moderators' private notes, who decided, and what the
screening found are for colleagues, and may speak of others. The site's owner can add the notes, and look at them first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from service.domain.life import Status
from service.domain.mine import Owner, Written
from service.domain.queue import Note

FORMAT = 1
NOT_INCLUDED = (
    "Votes and reports on other people's comments: they are kept by a keyed hash of a network for at most 30 days, and "
    "nothing connects them with an address.",
    "Private notes of moderators and what the screening found: ask the people who run the site.",
)


def json_pieces(
    owner: Owner, comments: Iterable[Written], *, made_at: datetime, with_notes: bool = False
) -> Iterator[str]:
    """Yield the document as text; `with_notes` puts in what moderators noted, which only the site's owner does."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "made_at": _moment(made_at),
        "site": {"slug": owner.site.slug, "name": owner.site.name},
        "author": {
            "email": owner.email,
            "first_seen_at": _moment(owner.first_seen_at),
            "address_proven_at": _moment(owner.record.proven_at),
        },
        "subscriptions": [
            {
                "about": one.kind,
                "article": one.article_key,
                "asked_at": _moment(one.asked_at),
                "confirmed_at": _moment(one.confirmed_at),
            }
            for one in owner.subscriptions
        ],
        "not_included": list(NOT_INCLUDED[:1] if with_notes else NOT_INCLUDED),
    }
    if with_notes:
        head["notes"] = _notes(owner.notes)
    yield json.dumps(head, ensure_ascii=False, indent=2)[:-2] + ',\n  "comments": ['
    before = "\n"
    for one in comments:
        yield before + json.dumps(comment_view(one, with_notes=with_notes), ensure_ascii=False, indent=2)
        before = ",\n"
    yield "\n  ]\n}\n"


def comment_view(one: Written, *, with_notes: bool = False) -> dict[str, Any]:
    """Return one comment with all its texts and what its author was told of it."""
    comment = one.comment
    is_gone = comment.standing.status is Status.DELETED
    view: dict[str, Any] = {
        "id": str(comment.id),
        "article": {"key": one.article.key, "title": one.article.title, "url": one.article.url},
        "parent_id": None if comment.parent_id is None else str(comment.parent_id),
        "name": comment.author_name,
        "url": comment.author_url,
        "status": comment.status_for_author.value,
        "reason": comment.reason,
        "submitted_at": _moment(comment.created_at),
        "published_at": _moment(comment.published_at),
        "edited_at": _moment(comment.edited_at),
        "published_revision": comment.standing.published_revision,
        "revisions": [
            {
                "number": text.number,
                "body": text.body_raw,
                "body_html": text.body_html,
                "written_at": _moment(text.created_at),
            }
            for text in ([] if is_gone else one.revisions)
        ],
        "decisions": [
            {
                "action": f"undo {made.action}" if made.is_undo else made.action.value,
                "reason": made.reason,
                "decided_at": _moment(made.decided_at),
            }
            for made in one.decisions
            if not comment.is_quietly_spam
        ],
        "appealed_at": _moment(comment.appealed_at),
        "appeal": one.appeal,
        "votes": comment.votes,
        "reports": comment.flags,
        "address_proven": comment.is_proven,
        "network_hash_kept": comment.client_hash is not None,
    }
    if with_notes:
        view["notes"] = _notes(one.notes)
    return view


def _notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    return [{"moderator": note.moderator, "text": note.text, "written_at": _moment(note.written_at)} for note in notes]


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

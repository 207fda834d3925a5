"""A moderator tells colleagues something about a comment or its author; readers never see it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from service.domain.comment import NOTE_MAX
from service.domain.errors import Invalid, NotFound
from service.domain.permissions import Caller
from service.domain.queue import Note
from service.domain.text import is_blank
from service.domain.writing import check_text
from service.store import comments, notes
from service.store.session import writing


class NoteAbout(StrEnum):
    """What a note is on: the comment alone, or its author wherever they write on the site."""

    COMMENT = "comment"
    AUTHOR = "author"


def add_note(caller: Caller, comment_id: UUID, text: str, *, about: NoteAbout, now: datetime) -> Note:
    """Store a note on a comment of the caller's site, or on its author, and return it; raises NotFound and Invalid."""
    checked = check_text("text", text, most=NOTE_MAX)
    if is_blank(checked):
        raise Invalid("text", "required", "Please write the note.")
    with writing():
        comment = comments.find_comment(comment_id, site_id=caller.site_id, kept=True)
        if comment is None:
            raise NotFound("This site has no such comment.")
        return notes.add_note(
            site_id=caller.site_id,
            comment_id=comment.id if about is NoteAbout.COMMENT else None,
            author_id=comment.author_id if about is NoteAbout.AUTHOR else None,
            actor=caller.actor,
            text=checked,
            now=now,
        )

"""Reads and writes of the numbered texts of comments, and of what the screening found in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, case, insert, literal, select, tuple_, update

from service.domain.comment import CommentKey, Revision
from service.domain.screening import Signal, Verdict
from service.extensions import db
from service.store.ids import new_id
from service.store.models import RevisionRow, SignalRow
from service.store.together import add_rows


def add_revision(comment: CommentKey, revision: Revision, *, sanitiser_version: int) -> None:
    """Store a numbered text of a comment."""
    row = {
        "comment_id": comment.id,
        "article_id": comment.article_id,
        "number": revision.number,
        "body_raw": revision.body_raw,
        "body_html": revision.body_html,
        "sanitiser_version": sanitiser_version,
        "created_at": revision.created_at,
    }
    add_rows(RevisionRow, [row])


def repeat_revision(comment_id: UUID, number: int, *, under: int) -> Revision:
    """Store a revision that exists once more under another number, with the time it was written, and return it."""
    again = select(
        RevisionRow.comment_id,
        RevisionRow.article_id,
        literal(under),
        RevisionRow.body_raw,
        RevisionRow.body_html,
        RevisionRow.sanitiser_version,
        RevisionRow.created_at,
    ).where(RevisionRow.comment_id == comment_id, RevisionRow.number == number)
    names = ["comment_id", "article_id", "number", "body_raw", "body_html", "sanitiser_version", "created_at"]
    db.session.execute(insert(RevisionRow.__table__).from_select(names, again))  # type: ignore[arg-type]
    return find_revision(comment_id, under)


def find_revision(comment_id: UUID, number: int) -> Revision:
    """Return a revision that exists."""
    return revisions_of([(comment_id, number)])[comment_id]


def revisions_of(numbered: Iterable[tuple[UUID, int]]) -> dict[UUID, Revision]:
    """Return one revision for each comment, by comment id, in one query."""
    wanted = list(numbered)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(
            RevisionRow.comment_id,
            RevisionRow.number,
            RevisionRow.body_raw,
            RevisionRow.body_html,
            RevisionRow.created_at,
        ).where(tuple_(RevisionRow.comment_id, RevisionRow.number).in_(wanted))
    )
    return {row[0]: Revision(*row[1:]) for row in rows}


def all_revisions(comment_id: UUID) -> list[Revision]:
    """Return every revision of a comment, the first one first."""
    rows = db.session.execute(
        select(RevisionRow.number, RevisionRow.body_raw, RevisionRow.body_html, RevisionRow.created_at)
        .where(RevisionRow.comment_id == comment_id)
        .order_by(RevisionRow.number)
    )
    return [Revision(*row) for row in rows]


def add_signals(comment: CommentKey, revision: int, signals: Sequence[Signal], *, waiting: bool, now: datetime) -> None:
    """Store what the screening found in a revision of a comment.

    `waiting` says that the revision waits for a person since `now`, as the comment's `queued_at` has it.
    """
    rows = [
        {
            "id": new_id(now),
            "name": signal.name,
            "verdict": signal.verdict.value,
            "score": signal.score,
            "detail": signal.detail,
            "spans": [list(span) for span in signal.spans],
            "rule_id": signal.rule_id,
            "rule_version": signal.rule_version,
        }
        for signal in signals
    ]
    add_rows(
        SignalRow,
        rows,
        site_id=comment.site_id,
        waiting_since=now if waiting else None,
        comment_id=comment.id,
        article_id=comment.article_id,
        revision=revision,
    )


def let_signals_wait(waiting: Sequence[tuple[UUID, int, datetime]]) -> None:
    """Let the signals of these revisions count for the queue since their times; those of earlier ones no longer do."""
    table = SignalRow.__table__
    since = bindparam("since", type_=SignalRow.waiting_since.type)
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.comment_id == bindparam("the_comment"))
        .values(waiting_since=case((table.c.revision == bindparam("the_revision"), since), else_=None))
    )
    rows = [{"the_comment": c, "the_revision": revision, "since": when} for c, revision, when in waiting]
    db.session.connection().execute(statement, rows)


def settle_signals(comment_ids: Sequence[UUID]) -> None:
    """Take the signals of comments that wait no longer out of the queue."""
    db.session.execute(
        update(SignalRow)
        .where(SignalRow.comment_id.in_(comment_ids), SignalRow.waiting_since.is_not(None))
        .values(waiting_since=None)
        .execution_options(synchronize_session=False)
    )


def signals_of(numbered: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], list[Signal]]:
    """Return the signals of the given revisions, by comment id and revision, in one query."""
    found: dict[tuple[UUID, int], list[Signal]] = {key: [] for key in numbered}
    if not found:
        return found
    rows = db.session.execute(
        select(
            SignalRow.comment_id,
            SignalRow.revision,
            SignalRow.name,
            SignalRow.verdict,
            SignalRow.score,
            SignalRow.detail,
            SignalRow.spans,
            SignalRow.rule_id,
            SignalRow.rule_version,
        )
        .where(tuple_(SignalRow.comment_id, SignalRow.revision).in_(found))
        .order_by(SignalRow.comment_id, SignalRow.revision, SignalRow.score.desc(), SignalRow.name)
    )
    for row in rows:
        comment_id, revision, name, verdict, score, detail, spans, rule_id, rule_version = row
        marked = tuple((start, end) for start, end in spans)
        signal = Signal(name, Verdict(verdict), score, detail, marked, rule_id, rule_version)
        found[comment_id, revision].append(signal)
    return found

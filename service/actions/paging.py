"""Cursors of the lists: opaque to clients, good for one list in one order with the same filters."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from service.actions.toolbox import tools
from service.domain.cursors import decode_cursor, encode_cursor
from service.store.queue import QueuePosition
from service.store.threads import Position


def scope_of(list_name: str, *filters: object) -> str:
    """Return the name of a list with its order and filters, to which a cursor is bound."""
    return json.dumps([list_name, *filters], default=str)


def thread_cursor(scope: str, position: Position | None) -> str | None:
    """Return the cursor after a position of a thread, or None on the last page."""
    if position is None:
        return None
    return _encode(scope, position.root_votes, position.root_id.hex, position.path.hex())


def thread_position(scope: str, cursor: str | None) -> Position | None:
    """Return the position a thread's cursor stands for; raises Invalid for one of another list, or made up."""
    if cursor is None:
        return None
    votes, root_id, path = _decode(scope, cursor)
    return Position(int(votes), UUID(hex=str(root_id)), bytes.fromhex(str(path)))


def queue_cursor(scope: str, position: QueuePosition | None) -> str | None:
    """Return the cursor after a position of the queue, or None on the last page."""
    if position is None:
        return None
    return _encode(scope, position.queued_at.isoformat(), position.score, position.id.hex)


def queue_position(scope: str, cursor: str | None) -> QueuePosition | None:
    """Return the position a queue's cursor stands for; raises Invalid for one of another list, or made up."""
    if cursor is None:
        return None
    queued_at, score, comment_id = _decode(scope, cursor)
    return QueuePosition(datetime.fromisoformat(str(queued_at)), float(score), UUID(hex=str(comment_id)))


def log_cursor(scope: str, number: int) -> str:
    """Return the cursor after an entry of the log."""
    return _encode(scope, number)


def log_position(scope: str, cursor: str | None) -> int | None:
    """Return the number of the entry that a log's cursor stands for; raises Invalid for one of another list."""
    return None if cursor is None else int(_decode(scope, cursor)[0])


def article_cursor(scope: str, article_id: UUID) -> str:
    """Return the cursor after an article of the desk's list."""
    return _encode(scope, article_id.hex)


def article_position(scope: str, cursor: str | None) -> UUID | None:
    """Return the article that a cursor stands for; raises Invalid for one of another list, or made up."""
    return None if cursor is None else UUID(hex=str(_decode(scope, cursor)[0]))


def delivery_cursor(scope: str, event_id: UUID) -> str:
    """Return the cursor after a delivery of the list."""
    return _encode(scope, event_id.hex)


def delivery_position(scope: str, cursor: str | None) -> UUID | None:
    """Return the event that a cursor stands for; raises Invalid for one of another list, or made up."""
    return None if cursor is None else UUID(hex=str(_decode(scope, cursor)[0]))


def rule_cursor(scope: str, rule_id: UUID) -> str:
    """Return the cursor after a rule of the list."""
    return _encode(scope, rule_id.hex)


def rule_position(scope: str, cursor: str | None) -> UUID | None:
    """Return the rule that a cursor stands for; raises Invalid for one of another list, or made up."""
    return None if cursor is None else UUID(hex=str(_decode(scope, cursor)[0]))


def _encode(scope: str, *position: str | int | float) -> str:
    return encode_cursor(scope, position, key=tools().keyring.cursor_keys[0])


def _decode(scope: str, cursor: str) -> tuple[str | int | float, ...]:
    # The signature was ours, so the parts are there and of the right kind.
    return decode_cursor(cursor, scope, keys=tools().keyring.cursor_keys)

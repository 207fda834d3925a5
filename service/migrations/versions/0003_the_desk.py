"""The moderators' desk: one log with a chain, accounts, claims on what waits, and what a site can be set to"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from service.store.types import UtcDateTime


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

WAITS = sa.text('waiting_since IS NOT NULL')
IN_A_BATCH = sa.text('batch_id IS NOT NULL')
NARROWED = {'links': 'has_links', 'flagged': 'flags > 0', 'edited': 'revision > 1'}

log = sa.table(
    'log',
    sa.column('id', sa.Uuid()), sa.column('site_id', sa.Uuid()), sa.column('number', sa.BigInteger()),
    sa.column('kind', sa.String()), sa.column('action', sa.String()), sa.column('actor_kind', sa.String()),
    sa.column('actor_id', sa.Uuid()), sa.column('actor_name', sa.Text()), sa.column('comment_id', sa.Uuid()),
    sa.column('revision', sa.Integer()), sa.column('version', sa.Integer()), sa.column('from_status', sa.String()),
    sa.column('to_status', sa.String()), sa.column('reason', sa.Text()), sa.column('note', sa.Text()),
    sa.column('created_at', UtcDateTime()), sa.column('previous_hash', sa.LargeBinary()),
    sa.column('hash', sa.LargeBinary()),
)
heads = sa.table(
    'log_heads', sa.column('site_id', sa.Uuid()), sa.column('number', sa.BigInteger()), sa.column('hash', sa.LargeBinary())
)
decisions = sa.table(
    'decisions',
    sa.column('id', sa.Uuid()), sa.column('site_id', sa.Uuid()), sa.column('comment_id', sa.Uuid()),
    sa.column('action', sa.String()), sa.column('revision', sa.Integer()), sa.column('version', sa.Integer()),
    sa.column('from_status', sa.String()), sa.column('to_status', sa.String()), sa.column('actor_kind', sa.String()),
    sa.column('actor_id', sa.Uuid()), sa.column('actor_name', sa.Text()), sa.column('reason', sa.Text()),
    sa.column('note', sa.Text()), sa.column('created_at', UtcDateTime()),
)


def upgrade() -> None:
    op.add_column('sites', sa.Column('trusted_after', sa.Integer(), server_default=sa.text('3'), nullable=False))
    op.add_column('sites', sa.Column('close_after_days', sa.Integer(), nullable=True))
    op.add_column('articles', sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_articles_site', 'articles', ['site_id', 'id'])
    op.add_column('authors', sa.Column('proven_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('comments', sa.Column('has_links', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.execute(
        "UPDATE comments SET has_links = true WHERE search_text LIKE '%http://%' OR search_text LIKE '%https://%'"
        " OR search_text LIKE '%www.%'"
    )
    op.create_index('ix_comments_author_queue', 'comments', ['author_id', 'status', 'queued_at', 'id'])
    for name, condition in NARROWED.items():
        op.create_index(
            f'ix_comments_queue_{name}', 'comments', ['site_id', 'status', 'queued_at', 'id'],
            postgresql_where=sa.text(condition), sqlite_where=sa.text(condition),
        )
    _signals_that_wait()
    _accounts()
    _reasons_and_notes()
    _log()


def _signals_that_wait() -> None:
    op.add_column('signals', sa.Column('site_id', sa.Uuid(), nullable=True))
    op.add_column('signals', sa.Column('waiting_since', sa.DateTime(timezone=True), nullable=True))
    op.execute('UPDATE signals SET site_id = (SELECT site_id FROM comments WHERE comments.id = signals.comment_id)')
    op.execute(
        'UPDATE signals SET waiting_since = (SELECT queued_at FROM comments WHERE comments.id = signals.comment_id'
        " AND comments.revision = signals.revision AND comments.status = 'pending')"
    )
    # SQLite makes the table anew for this, with its indexes, all of which Alembic can read.
    with op.batch_alter_table('signals') as batch_op:
        batch_op.alter_column('site_id', existing_type=sa.Uuid(), nullable=False)
    op.create_index(
        'ix_signals_queue', 'signals', ['site_id', 'name', 'waiting_since', 'comment_id'],
        postgresql_where=WAITS, sqlite_where=WAITS,
    )


def _accounts() -> None:
    op.create_table('moderators',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email_hash', sa.LargeBinary(), nullable=False),
    sa.Column('email_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('totp_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('totp_step', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_moderators')),
    sa.UniqueConstraint('email_hash', name=op.f('uq_moderators_email_hash'))
    )
    op.create_table('memberships',
    sa.Column('moderator_id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['moderator_id'], ['moderators.id'], name=op.f('fk_memberships_moderator_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_memberships_site_id')),
    sa.PrimaryKeyConstraint('moderator_id', 'site_id', name=op.f('pk_memberships'))
    )
    op.create_index(op.f('ix_memberships_site_id'), 'memberships', ['site_id'])
    op.create_table('recovery_codes',
    sa.Column('moderator_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['moderator_id'], ['moderators.id'], name=op.f('fk_recovery_codes_moderator_id')),
    sa.PrimaryKeyConstraint('moderator_id', 'code_hash', name=op.f('pk_recovery_codes'))
    )
    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('moderator_id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['moderator_id'], ['moderators.id'], name=op.f('fk_sessions_moderator_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sessions_token_hash'))
    )
    op.create_index(op.f('ix_sessions_moderator_id'), 'sessions', ['moderator_id'])
    op.create_table('invitations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('invited_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_invitations_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitations_token_hash'))
    )
    op.create_index(op.f('ix_invitations_site_id'), 'invitations', ['site_id'])


def _reasons_and_notes() -> None:
    op.create_table('reasons',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_reasons_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reasons'))
    )
    op.create_index('ix_reasons_site', 'reasons', ['site_id', 'position'])
    op.create_table('notes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=True),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['authors.id'], name=op.f('fk_notes_author_id')),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_notes_comment_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_notes_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notes'))
    )
    op.create_index('ix_notes_comment', 'notes', ['comment_id', 'id'])
    op.create_index('ix_notes_author', 'notes', ['author_id', 'id'])


def _log() -> None:
    op.create_table('log',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('action', sa.String(length=32), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=True),
    sa.Column('batch_id', sa.Uuid(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('from_status', sa.String(length=16), nullable=True),
    sa.Column('to_status', sa.String(length=16), nullable=True),
    sa.Column('reason_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('waited', sa.Double(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('details', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('previous_hash', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_log_comment_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_log_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_log')),
    sa.UniqueConstraint('site_id', 'number', name=op.f('uq_log_site_id_number'))
    )
    op.create_table('log_heads',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_log_heads_site_id')),
    sa.PrimaryKeyConstraint('site_id', name=op.f('pk_log_heads'))
    )
    _chain_the_decisions()
    op.create_index('ix_log_comment', 'log', ['comment_id', 'version'])
    op.create_index('ix_log_batch', 'log', ['batch_id'], postgresql_where=IN_A_BATCH, sqlite_where=IN_A_BATCH)
    op.create_index('ix_log_actor', 'log', ['site_id', 'actor_id', 'number'])
    op.create_index('ix_log_kind', 'log', ['site_id', 'kind', 'action', 'number'])
    op.create_index('ix_log_time', 'log', ['site_id', 'created_at'])
    op.drop_table('decisions')


def _chain_the_decisions() -> None:
    """Move every decision into the log of its site, in the order in which they were made."""
    connection = op.get_bind()
    ends: dict[object, tuple[int, bytes]] = {}
    batch: list[dict[str, object]] = []
    for row in connection.execute(sa.select(decisions).order_by(decisions.c.created_at, decisions.c.id)).yield_per(1000):
        number, previous = ends.get(row.site_id, (0, bytes(32)))
        number += 1
        digest = _hash(row, number, previous)
        ends[row.site_id] = (number, digest)
        batch.append({
            **row._mapping, 'number': number, 'kind': 'decision', 'previous_hash': previous, 'hash': digest,
        })
        if len(batch) == 1000:
            connection.execute(sa.insert(log), batch)
            batch = []
    if batch:
        connection.execute(sa.insert(log), batch)
    if ends:
        connection.execute(
            sa.insert(heads), [{'site_id': site_id, 'number': n, 'hash': h} for site_id, (n, h) in ends.items()]
        )


def _hash(row: Any, number: int, previous: bytes) -> bytes:
    """Return what the log of this version hashes; written out here, since a migration must not change with the code."""
    said = {
        'previous_hash': previous.hex(), 'number': number, 'id': str(row.id), 'site_id': str(row.site_id),
        'kind': 'decision', 'action': row.action, 'actor_kind': row.actor_kind,
        'actor_id': row.actor_id and str(row.actor_id), 'actor_name': row.actor_name,
        'comment_id': str(row.comment_id), 'batch_id': None, 'revision': row.revision, 'version': row.version,
        'from_status': row.from_status, 'to_status': row.to_status, 'reason_id': None, 'reason': row.reason,
        'note': row.note, 'waited': None, 'subject': None, 'details': None,
        'created_at': row.created_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(',', ':')).encode()).digest()


def downgrade() -> None:
    op.create_table('decisions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('from_status', sa.String(length=16), nullable=False),
    sa.Column('to_status', sa.String(length=16), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_decisions_comment_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_decisions_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decisions'))
    )
    op.create_index('ix_decisions_comment', 'decisions', ['comment_id', 'version'])
    names = [column.name for column in decisions.c]
    op.execute(
        f"INSERT INTO decisions ({', '.join(names)}) SELECT {', '.join(names)} FROM log WHERE kind = 'decision'"
    )
    for table in ('log_heads', 'log', 'notes', 'reasons', 'invitations', 'sessions', 'recovery_codes', 'memberships', 'moderators'):
        op.drop_table(table)
    op.drop_index('ix_signals_queue', 'signals')
    op.drop_column('signals', 'waiting_since')
    op.drop_column('signals', 'site_id')
    for name in ('author_queue', *(f'queue_{name}' for name in NARROWED)):
        op.drop_index(f'ix_comments_{name}', 'comments')
    op.drop_column('comments', 'has_links')
    op.drop_column('authors', 'proven_at')
    op.drop_index('ix_articles_site', table_name='articles')
    op.drop_column('articles', 'opened_at')
    op.drop_column('sites', 'close_after_days')
    op.drop_column('sites', 'trusted_after')

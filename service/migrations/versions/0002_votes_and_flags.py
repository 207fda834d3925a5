"""Votes and flags"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place, with constant defaults: neither database writes the rows that are there again.
    op.add_column('sites', sa.Column('flag_threshold', sa.Integer(), server_default=sa.text('3'), nullable=False))
    op.add_column('comments', sa.Column('flags', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('comments', sa.Column('flags_settled', sa.Integer(), nullable=True))
    op.create_table('votes',
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('client_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_votes_comment_id')),
    sa.PrimaryKeyConstraint('comment_id', 'client_hash', name=op.f('pk_votes'))
    )
    op.create_index(op.f('ix_votes_created_at'), 'votes', ['created_at'])
    op.create_table('flags',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('client_hash', sa.LargeBinary(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=16), nullable=False),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("reason IN ('spam', 'abuse', 'off_topic', 'other')", name=op.f('ck_flags_reason')),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_flags_comment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flags')),
    sa.UniqueConstraint('comment_id', 'client_hash', name=op.f('uq_flags_comment_id_client_hash'))
    )
    op.create_index('ix_flags_client', 'flags', ['created_at'], postgresql_where=sa.text('client_hash IS NOT NULL'), sqlite_where=sa.text('client_hash IS NOT NULL'))


def downgrade() -> None:
    op.drop_table('flags')
    op.drop_table('votes')
    # Not in batch mode: that would make the table anew, without the indexes that Alembic cannot read from SQLite.
    op.drop_column('comments', 'flags_settled')
    op.drop_column('comments', 'flags')
    op.drop_column('sites', 'flag_threshold')

"""What is to be done later, and what filters have learned"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

TO_DO = sa.text('failed_at IS NULL')


def upgrade() -> None:
    op.add_column('sites', sa.Column('spam_threshold', sa.Double(), nullable=True))
    op.create_table('outbox',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=True),
    sa.Column('payload', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_index('ix_outbox_due', 'outbox', ['due_at', 'id'], postgresql_where=TO_DO, sqlite_where=TO_DO)
    op.create_index('ix_outbox_alike', 'outbox', ['site_id', 'kind'], postgresql_where=TO_DO, sqlite_where=TO_DO)
    op.create_table('filters',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('blob', sa.LargeBinary(), nullable=False),
    sa.Column('learned_to', sa.BigInteger(), nullable=False),
    sa.Column('decisions', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('site_id', name=op.f('pk_filters'))
    )


def downgrade() -> None:
    op.drop_table('filters')
    op.drop_table('outbox')
    op.drop_column('sites', 'spam_threshold')

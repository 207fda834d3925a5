"""Webhooks: endpoints of sites, what is on its way to them, and which events a site tells"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations import beside


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sites', sa.Column('tells', sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column('sites', sa.Column('late_after_minutes', sa.Integer(), server_default=sa.text('1440'), nullable=False))
    op.add_column('sites', sa.Column('late_since', sa.DateTime(timezone=True), nullable=True))
    op.create_table('webhooks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('events', sa.Text(), nullable=False),
    sa.Column('secret_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('earlier_secret_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('earlier_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_reason', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resting_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_webhooks_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks'))
    )
    op.create_index('ix_webhooks_site', 'webhooks', ['site_id', 'id'])
    op.create_table('deliveries',
    sa.Column('webhook_id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.String(length=32), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=True),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('tries', sa.JSON(), nullable=False),
    sa.CheckConstraint("status IN ('waiting', 'delivered', 'given_up')", name=op.f('ck_deliveries_status')),
    sa.PrimaryKeyConstraint('webhook_id', 'event_id', name=op.f('pk_deliveries'))
    )
    due, waits, given_up = (
        sa.text(which) for which in ('due_at IS NOT NULL', "status = 'waiting'", "status = 'given_up'")
    )
    for name, columns, which in (
        ('due', ['webhook_id', 'due_at', 'event_id'], due),
        ('order', ['webhook_id', 'comment_id', 'place'], waits),
        ('given_up', ['webhook_id', 'event_id'], given_up),
    ):
        op.create_index(f'ix_deliveries_{name}', 'deliveries', columns, postgresql_where=which, sqlite_where=which)
    events = sa.text("kind = 'event'")
    beside.create_index('ix_outbox_events', 'outbox', ['comment_id'], postgresql_where=events, sqlite_where=events)


def downgrade() -> None:
    beside.drop_index('ix_outbox_events', 'outbox')
    op.drop_table('deliveries')
    op.drop_table('webhooks')
    op.drop_column('sites', 'late_since')
    op.drop_column('sites', 'late_after_minutes')
    op.drop_column('sites', 'tells')

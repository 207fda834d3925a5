"""The outbox: what was given up is counted and listed by an index"""

from __future__ import annotations

import sqlalchemy as sa

from service.migrations import beside


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    given_up = sa.text('failed_at IS NOT NULL')
    beside.create_index('ix_outbox_given_up', 'outbox', ['failed_at'], postgresql_where=given_up, sqlite_where=given_up)


def downgrade() -> None:
    beside.drop_index('ix_outbox_given_up', 'outbox')

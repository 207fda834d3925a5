"""Sites: up to when it is told what their days have closed, and articles in the order in which they close"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations import beside


revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sites', sa.Column('closed_told_until', sa.DateTime(timezone=True), nullable=True))
    beside.create_index(
        'ix_articles_closing',
        'articles',
        ['site_id', sa.text('coalesce(opened_at, created_at)')],
        postgresql_where=sa.text('open'),
        sqlite_where=sa.text('open = 1'),
    )


def downgrade() -> None:
    beside.drop_index('ix_articles_closing', 'articles')
    op.drop_column('sites', 'closed_told_until')

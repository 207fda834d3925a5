"""Outside opinions: whom a site asks, and with which secrets"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sites', sa.Column('asks', sa.String(length=64), server_default=sa.text("''"), nullable=False))
    op.create_table('opinion_settings',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('secret_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_opinion_settings_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'kind', name=op.f('pk_opinion_settings'))
    )


def downgrade() -> None:
    op.drop_table('opinion_settings')
    op.drop_column('sites', 'asks')

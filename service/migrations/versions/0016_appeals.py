"""Comments: when the author asked for another look"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('comments', sa.Column('appealed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('comments', 'appealed_at')

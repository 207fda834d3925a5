"""How hard a site is being pressed, where the desk and the screening see it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place, with constant defaults: neither database writes the rows that are there again.
    op.add_column('sites', sa.Column('flood_level', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('sites', sa.Column('flood_since', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('sites', 'flood_since')
    op.drop_column('sites', 'flood_level')

"""Moving: imports that a worker does, and what comes with our own exports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('imports', sa.Column('is_dry', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    for name in ('progress', 'report', 'restored'):
        op.add_column('imports', sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
    op.add_column('imported', sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False))
    op.create_table('import_pieces',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('piece', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_import_pieces'))
    )
    op.create_table('past_log',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=True),
    sa.Column('entry', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site_id', 'hash', name=op.f('pk_past_log'))
    )
    op.create_index('ix_past_log_comment', 'past_log', ['comment_id'])
    op.create_index('ix_past_log_site', 'past_log', ['site_id', 'import_id', 'number'])


def downgrade() -> None:
    op.drop_table('past_log')
    op.drop_table('import_pieces')
    op.drop_column('imported', 'version')
    for name in ('restored', 'report', 'progress', 'is_dry'):
        op.drop_column('imports', name)

"""Imports: what each has added, so that it is added once and can be taken back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations import beside


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('imports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('system', sa.String(length=16), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('read', sa.Integer(), nullable=False),
    sa.Column('imported', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Integer(), nullable=False),
    sa.Column('undone', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_imports_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imports'))
    )
    op.create_index('ix_imports_site', 'imports', ['site_id', 'id'])
    op.create_table('imported',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('depth', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('site_id', 'key', name=op.f('pk_imported'))
    )
    op.create_index('ix_imported_import', 'imported', ['import_id', 'depth', 'comment_id'])
    op.create_table('imported_articles',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('article_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('import_id', 'article_id', name=op.f('pk_imported_articles'))
    )
    answers = sa.text('parent_id IS NOT NULL')
    beside.create_index('ix_comments_parent', 'comments', ['parent_id'], postgresql_where=answers, sqlite_where=answers)


def downgrade() -> None:
    beside.drop_index('ix_comments_parent', 'comments')
    op.drop_table('imported_articles')
    op.drop_table('imported')
    op.drop_table('imports')

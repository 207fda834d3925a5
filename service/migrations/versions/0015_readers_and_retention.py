"""Readers whom a site knows, and how long each site keeps what"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations import beside


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'sites',
        sa.Column('reader_trust', sa.String(length=16), server_default=sa.text("'proven'"), nullable=False),
    )
    op.add_column('sites', sa.Column('retention', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('authors', sa.Column('subject_sealed', sa.LargeBinary(), nullable=True))
    op.add_column('authors', sa.Column('address_hash', sa.LargeBinary(), nullable=True))
    op.add_column('comments', sa.Column('author_badge', sa.Text(), nullable=True))
    op.add_column('log', sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('reader_keys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_reader_keys_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_keys'))
    )
    op.create_index('ix_reader_keys_site', 'reader_keys', ['site_id', 'id'])
    op.create_table('retention_runs',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('removed', sa.JSON(), nullable=False),
    sa.Column('at', sa.JSON(), nullable=False),
    sa.Column('last', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('site_id', name=op.f('pk_retention_runs'))
    )
    addressed = sa.text('address_hash IS NOT NULL')
    beside.create_index(
        'ix_authors_address',
        'authors',
        ['site_id', 'address_hash'],
        postgresql_where=addressed,
        sqlite_where=addressed,
    )
    kept = sa.text("status IN ('rejected', 'spam') AND search_text <> ''")
    beside.create_index(
        'ix_comments_kept',
        'comments',
        ['site_id', 'status', 'queued_at', 'id'],
        postgresql_where=kept,
        sqlite_where=kept,
    )


def downgrade() -> None:
    beside.drop_index('ix_comments_kept', 'comments')
    beside.drop_index('ix_authors_address', 'authors')
    op.drop_table('retention_runs')
    op.drop_table('reader_keys')
    op.drop_column('log', 'erased_at')
    op.drop_column('comments', 'author_badge')
    op.drop_column('authors', 'address_hash')
    op.drop_column('authors', 'subject_sealed')
    op.drop_column('sites', 'retention')
    op.drop_column('sites', 'reader_trust')

"""Screening: rules, which of them asked for a signal, sketches of texts, and spam that is not told of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sites', sa.Column('rules_version', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('comments', sa.Column('quietly_spam', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('signals', sa.Column('rule_id', sa.Uuid(), nullable=True))
    op.add_column('signals', sa.Column('rule_version', sa.Integer(), nullable=True))
    op.create_table('sketches',
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_sketches_comment_id')),
    sa.PrimaryKeyConstraint('comment_id', 'number', name=op.f('pk_sketches'))
    )
    op.create_index('ix_sketches_number', 'sketches', ['site_id', 'number', 'created_at'])
    op.create_index('ix_sketches_time', 'sketches', ['created_at'])
    op.create_table('rules',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('terms', sa.Text(), nullable=False),
    sa.Column('term_count', sa.Integer(), nullable=False),
    sa.Column('addresses_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('word', 'pattern', 'domain', 'author', 'network')", name=op.f('ck_rules_kind')),
    sa.CheckConstraint("action IN ('hold', 'spam', 'reject', 'trust')", name=op.f('ck_rules_action')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_rules_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rules'))
    )
    op.create_index('ix_rules_site', 'rules', ['site_id', 'id'])


def downgrade() -> None:
    op.drop_table('rules')
    op.drop_table('sketches')
    op.drop_column('signals', 'rule_version')
    op.drop_column('signals', 'rule_id')
    op.drop_column('comments', 'quietly_spam')
    op.drop_column('sites', 'rules_version')

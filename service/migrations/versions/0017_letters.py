"""Letters: who wants which, what is to be told in one, and how many went to an address unasked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('memberships', sa.Column('mail', sa.String(length=16), server_default=sa.text("'none'"), nullable=False))
    op.add_column('memberships', sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('subscriptions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=False),
    sa.Column('article_id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('receipt_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('letter_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('decision', 'answers', 'article')", name=op.f('ck_subscriptions_kind')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_subscriptions_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
    sa.UniqueConstraint('author_id', 'kind', 'target_id', name=op.f('uq_subscriptions_author_id_kind_target_id'))
    )
    op.create_index('ix_subscriptions_target', 'subscriptions', ['target_id', 'kind'])
    op.create_index('ix_subscriptions_site', 'subscriptions', ['site_id'])
    unconfirmed = sa.text('confirmed_at IS NULL')
    op.create_index('ix_subscriptions_unconfirmed', 'subscriptions', ['created_at'],
                    postgresql_where=unconfirmed, sqlite_where=unconfirmed)
    op.create_table('subscription_news',
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('subscription_id', 'comment_id', name=op.f('pk_subscription_news'))
    )
    op.create_index('ix_subscription_news_time', 'subscription_news', ['created_at'])
    op.create_table('unasked_letters',
    sa.Column('address_hash', sa.LargeBinary(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('address_hash', 'day', name=op.f('pk_unasked_letters'))
    )


def downgrade() -> None:
    op.drop_table('unasked_letters')
    op.drop_table('subscription_news')
    op.drop_table('subscriptions')
    op.drop_column('memberships', 'mailed_at')
    op.drop_column('memberships', 'mail')

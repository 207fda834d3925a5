"""Feeds: what is published, the newest first, of a site and of an article"""

from __future__ import annotations

import sqlalchemy as sa

from service.migrations import beside


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

INDEXES = {'ix_comments_site_feed': 'site_id', 'ix_comments_article_feed': 'article_id'}


def upgrade() -> None:
    published = sa.text('published_revision IS NOT NULL')
    for name, of in INDEXES.items():
        columns = [of, 'published_at', 'id']
        beside.create_index(name, 'comments', columns, postgresql_where=published, sqlite_where=published)


def downgrade() -> None:
    for name in INDEXES:
        beside.drop_index(name, 'comments')

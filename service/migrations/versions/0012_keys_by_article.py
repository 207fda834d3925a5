"""Comments and what belongs to one: `article_id` in every key, so that the tables can be divided by it

Every row of the six tables is written again, and nobody gets at them meanwhile: some minutes where there are ten million
comments. Free space as large as these tables is wanted.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

contracts = 'nothing was released before it, so nothing runs that would write rows without article_id'

BELONGING = ('revisions', 'signals', 'sketches', 'votes', 'flags')
OF_A_COMMENT = 'FOREIGN KEY (comment_id, article_id) REFERENCES comments (id, article_id)'
OF_A_COMMENT_BEFORE = 'FOREIGN KEY (comment_id) REFERENCES comments (id)'

AFTER: dict[str, dict[str, str]] = {
    'comments': {
        'pk_comments': 'PRIMARY KEY (id, article_id)',
        'fk_comments_parent_id': 'FOREIGN KEY (parent_id, article_id) REFERENCES comments (id, article_id)',
    },
    'revisions': {
        'pk_revisions': 'PRIMARY KEY (comment_id, number, article_id)', 'fk_revisions_comment_id': OF_A_COMMENT,
    },
    'signals': {
        'pk_signals': 'PRIMARY KEY (comment_id, revision, id, article_id)', 'fk_signals_comment_id': OF_A_COMMENT,
    },
    'sketches': {
        'pk_sketches': 'PRIMARY KEY (comment_id, number, article_id)', 'fk_sketches_comment_id': OF_A_COMMENT,
    },
    'votes': {
        'pk_votes': 'PRIMARY KEY (comment_id, client_hash, article_id)', 'fk_votes_comment_id': OF_A_COMMENT,
    },
    'flags': {
        'pk_flags': 'PRIMARY KEY (id, article_id)',
        'uq_flags_comment_id_client_hash_article_id': 'UNIQUE (comment_id, client_hash, article_id)',
        'fk_flags_comment_id': OF_A_COMMENT,
    },
    'log': {},
    'notes': {},
}
BEFORE: dict[str, dict[str, str]] = {
    'comments': {
        'pk_comments': 'PRIMARY KEY (id)',
        'uq_comments_receipt_hash': 'UNIQUE (receipt_hash)',
        'fk_comments_parent_id': 'FOREIGN KEY (parent_id) REFERENCES comments (id)',
    },
    'revisions': {
        'pk_revisions': 'PRIMARY KEY (comment_id, number)', 'fk_revisions_comment_id': OF_A_COMMENT_BEFORE,
    },
    'signals': {'pk_signals': 'PRIMARY KEY (id)', 'fk_signals_comment_id': OF_A_COMMENT_BEFORE},
    'sketches': {
        'pk_sketches': 'PRIMARY KEY (comment_id, number)', 'fk_sketches_comment_id': OF_A_COMMENT_BEFORE,
    },
    'votes': {'pk_votes': 'PRIMARY KEY (comment_id, client_hash)', 'fk_votes_comment_id': OF_A_COMMENT_BEFORE},
    'flags': {
        'pk_flags': 'PRIMARY KEY (id)',
        'uq_flags_comment_id_client_hash': 'UNIQUE (comment_id, client_hash)',
        'fk_flags_comment_id': OF_A_COMMENT_BEFORE,
    },
    'log': {'fk_log_comment_id': OF_A_COMMENT_BEFORE},
    'notes': {'fk_notes_comment_id': OF_A_COMMENT_BEFORE},
}


def upgrade() -> None:
    _lock()
    for table in BELONGING:
        op.add_column(table, sa.Column('article_id', sa.Uuid(), nullable=True))
        op.execute(
            f'UPDATE {table} SET article_id = comments.article_id FROM comments WHERE comments.id = {table}.comment_id'
        )
    op.drop_index('ix_signals_comment', 'signals')
    if _is_sqlite():
        _make_anew(BEFORE, AFTER)
    else:
        for table in BELONGING:
            op.alter_column(table, 'article_id', nullable=False)
        _swap(BEFORE, AFTER)
    op.create_index('ix_comments_receipt', 'comments', ['receipt_hash'])


def downgrade() -> None:
    _lock()
    op.drop_index('ix_comments_receipt', 'comments')
    if _is_sqlite():
        _make_anew(AFTER, BEFORE)
    else:
        _swap(AFTER, BEFORE)
    op.create_index('ix_signals_comment', 'signals', ['comment_id', 'revision'])
    for table in BELONGING:
        op.drop_column(table, 'article_id')


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == 'sqlite'


def _lock() -> None:
    """Take all tables at once, before anything is written: where one is not free, nothing was done in vain."""
    if not _is_sqlite():
        op.execute(f"LOCK TABLE {', '.join(AFTER)} IN ACCESS EXCLUSIVE MODE")


def _swap(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> None:
    """Put constraints into the place of others; those that refer to a key go before it and come after it."""
    for table, name, _ in sorted(_each(old), key=lambda one: not one[2].startswith('FOREIGN')):
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT {name}')
    for table, name, definition in sorted(_each(new), key=lambda one: one[2].startswith('FOREIGN')):
        op.execute(f'ALTER TABLE {table} ADD CONSTRAINT {name} {definition}')


def _each(constraints: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(table, name, said) for table, named in constraints.items() for name, said in named.items()]


def _make_anew(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> None:
    """Make the tables once more on SQLite, which cannot change a key, with all else as it says itself that they are.

    Alembic's own way loses checks and the indexes that it cannot read, and would drop `comments` while others refer to
    it. The new ones refer to each other from the beginning, and SQLite renames what they refer to together with them.
    """
    connection = op.get_bind()
    told = 'SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL'
    indexes: list[str] = []
    for table in old:
        (made,) = connection.exec_driver_sql(told, (table, 'table')).scalars()
        indexes += connection.exec_driver_sql(told, (table, 'index')).scalars()
        for name, definition in old[table].items():
            kind = definition.partition('(')[0].strip()
            made, found = re.subn(
                rf',\s*CONSTRAINT "?{name}"? {kind} ?\([^)]*\)( REFERENCES "?comments"? ?\([^)]*\))?', '', made
            )
            assert found == 1, f'{table} has no {name}: {made}'
        columns = made.partition('(')[2].rstrip().removesuffix(')').rstrip()
        columns = re.sub(r'\barticle_id CHAR\(32\)( NOT NULL)?', 'article_id CHAR(32) NOT NULL', columns)
        constraints = [
            f"CONSTRAINT {name} {said.replace('REFERENCES comments', 'REFERENCES new_comments')}"
            for name, said in new[table].items()
        ]
        connection.exec_driver_sql(
            f"CREATE TABLE new_{table} ({', '.join([columns, *constraints])})"
        )
        names = ', '.join(f'"{row[1]}"' for row in connection.exec_driver_sql(f'PRAGMA table_info({table})'))
        connection.exec_driver_sql(f'INSERT INTO new_{table} ({names}) SELECT {names} FROM {table}')
    for table in reversed(old):
        connection.exec_driver_sql(f'DROP TABLE {table}')
    for table in old:
        connection.exec_driver_sql(f'ALTER TABLE new_{table} RENAME TO {table}')
    for index in indexes:
        connection.exec_driver_sql(index)

"""A migration runs while people read and write, and a transaction that holds what it has to lock: nobody notices."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.driver import make_site
from tests.faults.load import under_load
from tests.granian_server import ROOT, beside, environment_for, running_granian, until
from tests.servers import Server, running_postgres, running_redis

MIGRATION = '''
"""What a next version might add"""

import sqlalchemy as sa
from alembic import op

from service.migrations import beside

revision, down_revision, branch_labels, depends_on = "next", {head!r}, None, None


def upgrade() -> None:
    op.add_column("comments", sa.Column("mood", sa.String(16), server_default=sa.text("'calm'"), nullable=False))
    op.add_column("sites", sa.Column("mood", sa.String(16), nullable=True))
    op.create_table(
        "moods",
        sa.Column("comment_id", sa.Uuid(), primary_key=True),
        sa.Column("article_id", sa.Uuid(), primary_key=True),
        sa.Column("mood", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["comment_id", "article_id"], ["comments.id", "comments.article_id"]),
    )
    beside.create_index("ix_comments_mood", "comments", ["site_id", "mood"])


def downgrade() -> None:
    beside.drop_index("ix_comments_mood", "comments")
    op.drop_table("moods")
    op.drop_column("sites", "mood")
    op.drop_column("comments", "mood")
'''


def next_version(folder: Path) -> Path:
    """Return a folder with our migrations and one that comes after them."""
    shutil.copytree(ROOT / "service" / "migrations", folder)
    head = max(file.name[:4] for file in (folder / "versions").glob("[0-9]*.py"))
    (folder / "versions" / "next.py").write_text(MIGRATION.format(head=head))
    return folder


def migrating(instance: Path, folder: Path, url: str, *words: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "db", *words, "--directory", str(folder)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment_for(instance, DATABASE_URL=url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def indexes(postgres: Server) -> list[tuple[str, bool]]:
    with psycopg.connect(f"host={postgres.directory} user=postgres dbname=postgres") as link:
        found = link.execute(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE '%mood'"
        )
        return found.fetchall()


def test_nobody_notices_that_the_next_version_s_tables_are_made(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store, postgres = stack.enter_context(running_redis()), stack.enter_context(running_postgres())
        app = stack.enter_context(beside(tmp_path, postgres.url))
        server = stack.enter_context(running_granian(tmp_path, DATABASE_URL=postgres.url, REDIS_URL=store.url))
        site = make_site(app, limits="off")
        folder = next_version(tmp_path / "migrations")
        with under_load(server, site, senders=4, readers=2) as load:
            load.goes_on()
            with psycopg.connect(f"host={postgres.directory} user=postgres dbname=postgres") as holder:
                # As a backup does, and whoever has forgotten a transaction.
                holder.execute("SELECT 1 FROM comments LIMIT 1")
                upgrading = stack.enter_context(migrating(tmp_path, folder, postgres.url, "upgrade"))
                tried_in_vain = "somebody holds what has to be locked"
                assert upgrading.stdout is not None
                until(lambda: tried_in_vain in (upgrading.stdout or []).readline(), "it did not try")  # type: ignore[union-attr]
                load.goes_on(30)
            said, _ = upgrading.communicate(timeout=120)
            assert upgrading.returncode == 0, said
            assert indexes(postgres) == [("ix_comments_mood", True)]
            load.goes_on(30)
            going_back = stack.enter_context(migrating(tmp_path, folder, postgres.url, "downgrade"))
            said, _ = going_back.communicate(timeout=120)
            assert going_back.returncode == 0, said
            assert indexes(postgres) == []
            load.goes_on()
        assert load.statuses(readers=True) == {200}
        assert load.statuses(readers=False) <= {200, 201, 202}
        load.assert_kept(app)

"""PostgreSQL with ten thousand comments, or ten million, made inside the database: some 20 s for a million.

    site = fill(app, SINCE_YEARS.of(1_000_000))      a token of it, and its articles of known sizes

Every row is a function of its number, so that two databases differ in nothing but their size. Statuses, threads,
counters, signals and sketches are those that the service itself would have written (`flask counters check` finds
nothing); they lie over three years, whatever their number. Indexes are dropped before and made anew afterwards.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, text

from benchmarks.printing import print_table, quieten
from benchmarks.threads import BODY
from benchmarks.words import WORDS
from service.actions import recount, sites
from service.domain.permissions import Scope
from service.extensions import db
from tests.granian_server import beside
from tests.servers import empty_database, running_postgres

SLUG = "bench"
ORIGIN = "https://bench.example"
SHORT, LONG = 100, 10_000
YEARS = 3
FILLED = ("articles", "authors", "comments", "revisions", "signals", "sketches")


@dataclass(frozen=True)
class Filling:
    """How many comments, on how many sites, and out of a hundred replies how many are in which status.

    Where nothing is approved nobody could have answered, so that each comment is a thread of its own.
    """

    comments: int
    other_sites: int
    statuses: dict[str, int]
    articles: int | None = None
    """One for 500 comments unless it is said."""

    def of(self, comments: int) -> Filling:
        """Return the same with another number of comments."""
        return replace(self, comments=comments)

    def on(self, articles: int) -> Filling:
        """Return the same on so many articles of one site."""
        return replace(self, articles=articles, other_sites=0)


SINCE_YEARS = Filling(0, 3, {"approved": 77, "pending": 8, "spam": 8, "rejected": 5, "deleted": 2})
"""A service that has been in use: nine comments out of ten are published, one in twenty waits, a fifth is elsewhere."""
ALL_PENDING = Filling(0, 0, {"pending": 100})
"""A site where nobody has decided anything, for what the queue costs when it is long."""


@dataclass(frozen=True)
class FilledSite:
    """The largest site: a token that may do everything, an article with 100 comments, one with 10,000.

    The long one has fewer where there are not that many comments. Where nothing is published, both are the article with
    the most that waits.
    """

    token: str
    short: str
    long: str


def fill(app: Flask, filling: Filling) -> FilledSite:
    """Fill the empty database of an application, and return its largest site."""
    now = datetime.now(UTC)
    with app.app_context():
        site_ids = [_site(slug, now) for slug in (SLUG, *(f"{SLUG}-{n}" for n in range(filling.other_sites)))]
        token = sites.create_token(SLUG, name="Bench", scopes=tuple(Scope), now=now)
        with db.engine.begin() as connection:
            _prepare(connection, filling, site_ids, now)
            with _without_indexes(connection):
                for statement in STATEMENTS:
                    connection.execute(text(statement.replace("::", r"\:\:")))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("SET lock_timeout = 0"))  # autovacuum may be at the same table
            connection.execute(text("VACUUM ANALYZE"))
    short, long = (1, 2) if "approved" in filling.statuses else (3, 3)
    return FilledSite(token, f"{ORIGIN}/{short}", f"{ORIGIN}/{long}")


def _site(slug: str, now: datetime) -> UUID:
    site = sites.create_site(slug, name="Bench", origins=[ORIGIN], now=now)
    sites.change_site(slug, limits="off", now=now)
    return site.id


def _prepare(connection: Connection, filling: Filling, site_ids: list[UUID], now: datetime) -> None:
    """Make the functions by which every row follows from its number; they are gone with the connection."""
    for setting in ("statement_timeout = 0", "maintenance_work_mem = '1GB'", "work_mem = '256MB'"):
        connection.execute(text(f"SET LOCAL {setting}"))
    # References are right by construction; looking each of them up would take most of the time.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    step = YEARS * 365 * 86_400 / (filling.comments + 1)
    articles = filling.articles or max(10, filling.comments // 500)
    statuses = [status for status, share in filling.statuses.items() for _ in range(share)]
    has_threads = "approved" in filling.statuses
    constants = {
        "total": filling.comments,
        "began": now.timestamp() - YEARS * 365 * 86_400,
        "step": step,
        # A fifth of the articles has most of the comments, as it is with newspapers.
        "articles": articles,
        "authors": max(1, filling.comments // 10),
        "long_from": 0 if not has_threads else SHORT,
        "long_to": 0 if not has_threads else SHORT + min(LONG, filling.comments // 4) * 5 // 4,
        "threads": "true" if has_threads else "false",
        "statuses": "ARRAY[" + ",".join(f"'{status}'" for status in statuses) + "]",
        "sites": "ARRAY[" + ",".join(f"'{site_id}'::uuid" for site_id in site_ids) + "]",
        "words": "ARRAY[" + ",".join(f"'{word}'" for word in WORDS[:15]) + "]",
        "body": "'" + BODY.replace("'", "''") + "'",
    }
    for statement in FUNCTIONS:
        filled = statement
        for name, value in constants.items():
            filled = filled.replace(f"<{name}>", str(value))
        connection.execute(text(filled.replace("::", r"\:\:").replace(":=", r"\:=")))


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Drop every index of the tables that are filled, but for primary keys, and make them again at the end."""
    made = []
    for table in FILLED:
        unique = connection.execute(
            text(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                f" WHERE conrelid = '{table}'::regclass AND contype = 'u'".replace("::", r"\:\:")
            )
        ).all()
        for name, definition in unique:
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
            made.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        others = connection.execute(
            text(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
                f" AND tablename = '{table}' AND indexname NOT LIKE 'pk_%'"
            )
        ).all()
        for name, definition in others:
            connection.execute(text(f"DROP INDEX {name}"))
            made.append(definition)
    yield
    for statement in made:
        connection.exec_driver_sql(statement)


# Of five numbers in a row the first four are one thread of one article and the fifth stands alone. The first two are
# always approved, since others answer them. PostgreSQL inlines functions as long as all in them is immutable, as `||`
# is between texts alone.
FUNCTIONS = (
    """CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS double precision IMMUTABLE LANGUAGE SQL
    AS $$ SELECT (hashint8extended(n, salt) & 1073741823) / 1073741824.0::double precision $$""",
    """CREATE FUNCTION pg_temp.time_of(n bigint) RETURNS double precision IMMUTABLE LANGUAGE SQL
    AS $$ SELECT <began> + n * <step>::double precision $$""",
    # UUIDv7, as the service makes them: the time in milliseconds, then chance.
    """CREATE FUNCTION pg_temp.id_of(kind text, n bigint, seconds double precision) RETURNS uuid
    IMMUTABLE LANGUAGE SQL AS $$ SELECT (lpad(to_hex((seconds * 1000)::bigint), 12, '0') || '7'
      || substr(md5(kind || n::text), 1, 3) || '8' || substr(md5(kind || n::text), 4, 15))::uuid $$""",
    """CREATE FUNCTION pg_temp.comment_id(n bigint) RETURNS uuid IMMUTABLE LANGUAGE SQL
    AS $$ SELECT pg_temp.id_of('comment', n, pg_temp.time_of(n)) $$""",
    """CREATE FUNCTION pg_temp.place(n bigint) RETURNS bigint IMMUTABLE LANGUAGE SQL
    AS $$ SELECT CASE WHEN <threads> THEN n % 5 ELSE 4 END $$""",
    """CREATE FUNCTION pg_temp.status_of(n bigint) RETURNS text IMMUTABLE LANGUAGE SQL
    AS $$ SELECT CASE WHEN pg_temp.place(n) < 2 OR n < <long_to> AND pg_temp.place(n) = 4 THEN 'approved'
      ELSE (<statuses>)[1 + floor(100 * pg_temp.chance(n, 1))::int] END $$""",
    """CREATE FUNCTION pg_temp.is_shown(n bigint) RETURNS int IMMUTABLE LANGUAGE SQL
    AS $$ SELECT (n < <total> AND pg_temp.status_of(n) = 'approved')::int $$""",
    # The first article is the short one, the second the long one.
    """CREATE FUNCTION pg_temp.article_of(n bigint) RETURNS bigint IMMUTABLE LANGUAGE SQL
    AS $$ SELECT CASE WHEN n < <long_from> THEN 1 WHEN n < <long_to> THEN 2
      ELSE 3 + floor((<articles> - 2) * power(pg_temp.chance(n / 5, 2), 3))::bigint END $$""",
    """CREATE FUNCTION pg_temp.site_of(article bigint) RETURNS uuid IMMUTABLE LANGUAGE SQL
    AS $$ SELECT (<sites>)[CASE WHEN article % 10 < 7 OR article < 10 THEN 1
      ELSE 1 + article % cardinality(<sites>) END] $$""",
    # An author writes on one site; those of the largest one are the most.
    """CREATE FUNCTION pg_temp.author_of(n bigint, article bigint) RETURNS text IMMUTABLE LANGUAGE SQL
    AS $$ SELECT pg_temp.site_of(article)::text || '/' || floor(<authors> * pg_temp.chance(n, 3))::bigint::text $$""",
    """CREATE FUNCTION pg_temp.words_of(n bigint) RETURNS text IMMUTABLE LANGUAGE SQL
    AS $$ SELECT 'reader ' || n::text || E'\\n' || (<words>)[1 + n % 15] || ' is what they wrote of, rare'
      || lpad((n % (<total> / 20 + 1))::text, 6, '0') || ' few' || lpad((n % 500)::text, 3, '0')
      || ', and a few more words so that it reads like a reply' $$""",
    "CREATE FUNCTION pg_temp.body() RETURNS text IMMUTABLE LANGUAGE SQL AS $$ SELECT <body> $$",
    "CREATE FUNCTION pg_temp.articles() RETURNS bigint IMMUTABLE LANGUAGE SQL AS $$ SELECT <articles>::bigint $$",
    "CREATE FUNCTION pg_temp.total() RETURNS bigint IMMUTABLE LANGUAGE SQL AS $$ SELECT <total>::bigint $$",
)

STATEMENTS = (
    """
    INSERT INTO comments (id, site_id, article_id, parent_id, root_id, depth, path, author_id, author_name, avatar,
      status, revision, published_revision, version, body_html, body_fingerprint, search_text, shown, shown_replies,
      votes, flags, score, has_links, client_hash, receipt_hash, created_at, queued_at, published_at, edit_until)
    SELECT c.id, pg_temp.site_of(c.article), pg_temp.id_of('article', c.article, c.article), c.parent,
      coalesce(c.root, c.id), CASE WHEN c.parent IS NULL THEN 0 WHEN c.parent = c.root THEN 1 ELSE 2 END,
      CASE WHEN c.root IS NULL THEN ''::bytea ELSE uuid_send(c.root) END
        || CASE WHEN c.parent = c.root THEN ''::bytea ELSE coalesce(uuid_send(c.parent), '') END || uuid_send(c.id),
      md5(pg_temp.author_of(c.n, c.article))::uuid, 'Reader ' || c.n, '0011223344556677', c.status, c.revision,
      CASE WHEN c.status = 'approved' THEN c.revision END, CASE WHEN c.status = 'pending' THEN 1 ELSE 2 END,
      CASE WHEN c.status = 'approved' THEN pg_temp.body() ELSE '' END, uuid_send(c.id),
      CASE WHEN c.status = 'deleted' THEN '' ELSE pg_temp.words_of(c.n) END, c.status = 'approved',
      CASE c.place
        WHEN 0 THEN least(1, pg_temp.total() - c.n - 1) + pg_temp.is_shown(c.n + 2)
        WHEN 1 THEN pg_temp.is_shown(c.n + 2)
        ELSE 0 END,
      0, CASE WHEN c.n % 100 = 3 THEN 4 ELSE 0 END, (c.n % 7) / 10.0, c.n % 20 = 0,
      CASE WHEN c.at > now() - interval '30 days' THEN sha256(convert_to('network' || c.n % 5000, 'UTF8')) END,
      sha256(uuid_send(c.id)), c.at, c.at, CASE WHEN c.status = 'approved' THEN c.at + interval '1 hour' END,
      c.at + interval '15 minutes'
    FROM (
      SELECT n, pg_temp.comment_id(n) AS id, pg_temp.article_of(n) AS article, pg_temp.place(n) AS place,
        CASE pg_temp.place(n) WHEN 1 THEN pg_temp.comment_id(n - 1) WHEN 2 THEN pg_temp.comment_id(n - 2)
          WHEN 3 THEN pg_temp.comment_id(n - 2) END AS parent,
        CASE WHEN pg_temp.place(n) BETWEEN 1 AND 3 THEN pg_temp.comment_id(n - pg_temp.place(n)) END AS root,
        pg_temp.status_of(n) AS status, CASE WHEN n % 100 = 7 THEN 2 ELSE 1 END AS revision,
        to_timestamp(pg_temp.time_of(n)) AS at
      FROM generate_series(0, pg_temp.total() - 1) AS n OFFSET 0
    ) AS c
    """,
    """
    INSERT INTO articles (id, site_id, key, url, title, open, count, created_at)
    SELECT pg_temp.id_of('article', n, n), pg_temp.site_of(n), 'https://bench.example/' || n, NULL, 'Article ' || n,
      true, found.published, now()
    FROM (SELECT article_id, count(published_revision) AS published FROM comments GROUP BY article_id) AS found
    JOIN (SELECT n FROM generate_series(1, pg_temp.articles()) AS n) AS numbers
      ON pg_temp.id_of('article', n, n) = article_id
    """,
    """
    INSERT INTO authors (id, site_id, email_hash, email_sealed, pending, approved, rejected, spam, deleted, created_at)
    SELECT author_id, min(site_id::text)::uuid, sha256(uuid_send(author_id)), '',
      count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'approved'),
      count(*) FILTER (WHERE status = 'rejected'), count(*) FILTER (WHERE status = 'spam'),
      count(*) FILTER (WHERE status = 'deleted'), min(created_at)
    FROM comments GROUP BY author_id
    """,
    """
    INSERT INTO revisions (comment_id, article_id, number, body_raw, body_html, sanitiser_version, created_at)
    SELECT id, article_id, number, search_text, CASE WHEN status = 'deleted' THEN '' ELSE pg_temp.body() END, 1,
      created_at
    FROM comments JOIN generate_series(1, 2) AS number ON number <= revision
    """,
    """
    INSERT INTO signals (id, site_id, waiting_since, comment_id, article_id, revision, name, verdict, score, detail,
      spans)
    SELECT
      (left(id::text, 18) || '-8' || right(md5(id::text || name), 3) || '-' || left(md5(name || id::text), 12))::uuid,
      site_id, CASE WHEN status = 'pending' THEN queued_at END, id, article_id, revision, name, 'hold', 0,
      'Held by ' || name || '.', '[]'
    FROM (SELECT *, ('x' || right(id::text, 6))::bit(24)::int AS lot FROM comments) AS comments
    JOIN (VALUES ('policy', 1), ('first_time_author', 3), ('many_links', 100)) AS found (name, every)
      ON lot % every = 0
    """,
    """
    INSERT INTO sketches (comment_id, article_id, number, site_id, created_at)
    SELECT id, article_id, ('x' || substr(md5(id::text || turn), 1, 15))::bit(60)::bigint, site_id, created_at
    FROM comments CROSS JOIN generate_series(1, 5) AS turn WHERE created_at > now() - interval '30 days'
    """,
    """
    INSERT INTO site_counters (site_id, status, slot, count)
    SELECT site_id, status, 0, count(*) FROM comments GROUP BY site_id, status
    """,
)


def main() -> None:
    """Fill a database, hold its counters against its comments, and print what there is and how long that took."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--comments", type=int, default=10_000)
    given = arguments.parse_args()
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        empty_database(postgres.url, "bench_filled") as url,
        beside(Path(folder), url) as app,
    ):
        began = time.perf_counter()
        fill(app, SINCE_YEARS.of(given.comments))
        seconds = time.perf_counter() - began
        with app.app_context():
            wrong = [one for found in recount.check() for one in found.wrong]
            with db.engine.connect() as connection:
                rows = {
                    table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in FILLED
                }
                statuses = connection.exec_driver_sql(
                    "SELECT status, count(*) FROM comments GROUP BY status ORDER BY 2 DESC"
                ).all()
    found = [(table, f"{count:,}") for table, count in rows.items()]
    found += [(f"  comments: {status}", f"{count:,}") for status, count in statuses]
    found += [("seconds", f"{seconds:.1f}"), ("counters that are wrong", f"{len(wrong)}")]
    print_table(found, head=("what", "there"))
    if wrong:
        raise SystemExit(json.dumps([str(one) for one in wrong[:5]], indent=1))


if __name__ == "__main__":
    main()

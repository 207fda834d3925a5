"""A PostgreSQL filled in two seconds, by SQL alone: enough of everything that a scan of a whole table costs the most.

with crowded_site(server_url, redis_url, instance) as site:
    ...     20,000 comments under its 20 articles, a tenth of them pending; its database has other sites as well
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import Connection, text

from service.extensions import db
from service.store.models import SiteRow
from tests.commands import empty_postgres, running
from tests.driver import SiteDriver, make_site

ROWS = 20_000
ARTICLES = 20
START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first comment was sent; each of the others came a second after the one before."""
OTHERS = ((4_000, 8_000), (1_000, 50))
"""Comments and articles of the other sites of the database."""

# In each block of twenty the first ten are threads and the other ten answer the ninth of them. Every tenth is pending,
# every hundredth of them an edit of what is published; of forty one each was rejected, called spam and deleted.
# Every tenth has ten votes and ten flags: so many that reading them all is never the cheapest plan.
FILL = """
-- Every id refers to what is there; to have each looked up would double the time. Only a superuser may leave that out.
DO $$ BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
CREATE OR REPLACE FUNCTION pg_temp.id_at(noun text, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
  SELECT (lpad(to_hex(1767225600000 + n * 1000), 12, '0') || '7' || substr(md5(:site || noun || n), 1, 3)
          || 'a' || substr(md5(:site || noun || n), 4, 15))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$
  SELECT to_timestamp(1767225600 + n) $$;

INSERT INTO articles (id, site_id, key, title, open, count, created_at)
SELECT pg_temp.id_at('article', n), :site, :origin || '/' || n, 'On ' || n, true, 0, pg_temp.moment(n)
FROM generate_series(0, :articles - 1) n;

INSERT INTO authors (id, site_id, email_hash, email_sealed, pending, approved, rejected, spam, deleted, created_at)
SELECT pg_temp.id_at('author', n), :site, convert_to('hash ' || n, 'UTF8'), '', 4, 30, 1, 1, 0, pg_temp.moment(n)
FROM generate_series(0, :rows / 40 - 1) n;

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT n, pg_temp.id_at('comment', n) AS id, pg_temp.id_at('comment', n / 20 * 20 + 8) AS root_id,
       pg_temp.id_at('article', n / 20 % :articles) AS article_id, n % 20 > 9 AS answers,
       CASE WHEN n % 10 = 9 THEN 'pending' WHEN n % 40 = 3 THEN 'rejected' WHEN n % 40 = 4 THEN 'spam'
            WHEN n % 40 = 5 THEN 'deleted' ELSE 'approved' END AS status,
       CASE WHEN n % 100 = 99 THEN 2 ELSE 1 END AS revision
FROM generate_series(0, :rows - 1) n;

INSERT INTO comments (id, site_id, article_id, parent_id, root_id, depth, path, author_id, author_name, avatar, status,
    revision, published_revision, version, body_html, body_fingerprint, search_text, shown, shown_replies, votes, flags,
    score, has_links, client_hash, receipt_hash, created_at, queued_at, published_at, edit_until)
SELECT id, :site, article_id, CASE WHEN answers THEN root_id END,
    CASE WHEN answers THEN root_id ELSE id END, answers::int,
    CASE WHEN answers THEN uuid_send(root_id) ELSE '' END || uuid_send(id),
    pg_temp.id_at('author', n % (:rows / 40)), 'Reader ' || n, 'avatar', status, revision,
    CASE WHEN status = 'approved' OR revision = 2 THEN 1 END, CASE WHEN status = 'pending' THEN 1 ELSE 2 END,
    '<p>Number ' || n || '</p>', convert_to('print ' || n, 'UTF8'),
    'reader ' || n || E'\\nword' || n % 700 || ' and the like', status = 'approved' OR revision = 2,
    CASE WHEN n % 20 = 8 THEN 8 ELSE 0 END, n % 5, CASE WHEN n % 10 = 0 OR n % 100 = 29 THEN 10 ELSE 0 END, n % 7,
    n % 50 IN (9, 10), CASE WHEN n >= :rows - 1000 THEN 'someone'::bytea END, convert_to(:site || n, 'UTF8'),
    pg_temp.moment(n), pg_temp.moment(n), pg_temp.moment(n), pg_temp.moment(n)
FROM made;

INSERT INTO revisions (comment_id, article_id, number, body_raw, body_html, sanitiser_version, created_at)
SELECT id, article_id, number, 'Number ' || n, '<p>Number ' || n || '</p>', 1, pg_temp.moment(n)
FROM made, generate_series(1, revision) number;

INSERT INTO signals (id, site_id, waiting_since, comment_id, article_id, revision, name, verdict, score, detail, spans)
SELECT pg_temp.id_at('signal', n), :site, CASE WHEN status = 'pending' THEN pg_temp.moment(n) END, id, article_id,
    revision,
    CASE WHEN n % 50 IN (9, 10) THEN 'many_links' ELSE 'first_comment' END, 'hold', 1, 'Because', '[]'
FROM made WHERE n % 10 > 4;

INSERT INTO sketches (comment_id, article_id, number, site_id, created_at)
SELECT id, article_id, (n / 3) * 10 + number, :site, pg_temp.moment(n)
FROM made, generate_series(1, 5) number WHERE n % 3 = 0;

INSERT INTO votes (comment_id, article_id, client_hash, created_at)
SELECT id, article_id, convert_to('reader ' || reader, 'UTF8'), pg_temp.moment(n)
FROM made, generate_series(0, 9) reader WHERE n % 10 = 0;

INSERT INTO flags (id, comment_id, article_id, client_hash, revision, reason, created_at)
SELECT gen_random_uuid(), id, article_id, convert_to('reader ' || reader, 'UTF8'), 1,
    CASE reader % 2 WHEN 0 THEN 'spam' ELSE 'other' END, pg_temp.moment(n)
FROM made, generate_series(0, 9) reader WHERE n % 10 = 0 OR n % 100 = 29;

INSERT INTO log (id, site_id, number, kind, action, actor_kind, actor_id, actor_name, comment_id, batch_id, revision,
    version, from_status, to_status, waited, details, created_at, previous_hash, hash)
SELECT gen_random_uuid(), :site, 1000 + n, 'decision', 'approve', 'moderator', pg_temp.id_at('moderator', n % 9),
    'Mira', id, CASE WHEN n % 3 = 0 THEN pg_temp.id_at('batch', n / 30) END, 1, 2, 'pending', 'approved', 60, '{}',
    pg_temp.moment(n), '', ''
FROM made WHERE status <> 'pending' AND n % 2 = 0;
INSERT INTO log_heads (site_id, number, hash) VALUES (:site, 1000 + :rows, '')
ON CONFLICT (site_id) DO UPDATE SET number = excluded.number;

INSERT INTO notes (id, site_id, comment_id, actor_kind, actor_name, text, created_at)
SELECT pg_temp.id_at('note', n), :site, id, 'token', 'Mira', repeat('Seen before. ', 20), pg_temp.moment(n)
FROM made WHERE n % 2 = 1;

INSERT INTO outbox (id, site_id, kind, comment_id, revision, created_at, due_at, failed_at)
SELECT pg_temp.id_at('job', n), :site, 'score', id, 1, pg_temp.moment(n), pg_temp.moment(n + n % 4 * 100000000),
    CASE WHEN n % 20 = 0 THEN pg_temp.moment(n) END
FROM made WHERE n % 5 = 0;

INSERT INTO idempotency_keys (site_id, key_hash, fingerprint, answer_sealed, created_at)
SELECT :site, convert_to('key ' || n, 'UTF8'), 'print', 'sealed', pg_temp.moment(n) FROM made WHERE n % 4 = 0;

INSERT INTO moderators (id, name, email_hash, email_sealed, password_hash, created_at)
SELECT pg_temp.id_at('moderator', n), 'Mira', convert_to(:site || n, 'UTF8'), '', '', pg_temp.moment(n)
FROM generate_series(0, :rows / 20) n;
INSERT INTO memberships (moderator_id, site_id, role, created_at)
SELECT pg_temp.id_at('moderator', n), :site, 'viewer', pg_temp.moment(n) FROM generate_series(0, :rows / 20) n;
INSERT INTO sessions (id, moderator_id, token_hash, browser, created_at, last_seen_at)
SELECT pg_temp.id_at('session', n), pg_temp.id_at('moderator', n), convert_to(:site || n, 'UTF8'), 'Firefox',
    pg_temp.moment(n), pg_temp.moment(n)
FROM generate_series(0, :rows / 20) n;

INSERT INTO site_counters (site_id, status, slot, count)
SELECT :site, status, slot, count(*) FROM made CROSS JOIN LATERAL (SELECT n % 16 AS slot) AS spread GROUP BY 2, 3
ON CONFLICT (site_id, status, slot) DO UPDATE SET count = site_counters.count + excluded.count;
"""


@contextmanager
def crowded_site(server_url: str, redis_url: str, instance: Path) -> Iterator[SiteDriver]:
    """Yield a site without limits in a database of its own, which has `ROWS` comments of the site and many others."""
    with empty_postgres(server_url) as url, running(url, redis_url, instance) as app:
        with app.app_context():
            upgrade()
        site = make_site(app, limits="off")
        others = [(make_site(app), *sizes) for sizes in OTHERS]
        with app.app_context():
            with db.engine.begin() as connection:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                for one, rows, articles in [(site, ROWS, ARTICLES), *others]:
                    _fill(connection, one, rows=rows, articles=articles)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # Autovacuum may be at the same table, and a busy machine takes its time.
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("SET lock_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE"))
                connection.execute(text("RESET statement_timeout"))
                connection.execute(text("RESET lock_timeout"))
        yield site


def _fill(connection: Connection, site: SiteDriver, *, rows: int, articles: int) -> None:
    found = connection.execute(SiteRow.__table__.select().where(SiteRow.slug == site.slug)).one()
    said = {"site": f"'{found.id}'", "origin": f"'{site.origin}'", "rows": str(rows), "articles": str(articles)}
    statements = FILL
    for name, value in said.items():
        statements = statements.replace(f":{name}", value)
    connection.exec_driver_sql("DROP TABLE IF EXISTS made")
    connection.exec_driver_sql(statements.replace("%", "%%"))

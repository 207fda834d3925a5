"""A site with very many comments, made inside PostgreSQL in about a minute for a million."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import text

from service.actions import sites
from service.domain.permissions import Scope
from service.extensions import db

SLUG = "bench"
ORIGIN = "https://bench.example"

# Ids are UUIDv7 of the moment a comment arrived, a second after the one before, as the service makes them.
ID_AT = """(
  lpad(to_hex(({base} + n)::bigint * 1000), 12, '0') || '7' || substr(md5('{salt}' || n), 1, 3)
  || '8' || substr(md5('{salt}' || n), 4, 15)
)::uuid"""
WORDS = [
    "council",
    "barrier",
    "tide",
    "vote",
    "harbour",
    "minutes",
    "jug",
    "lantern",
    "ferry",
    "ledger",
    "orchard",
    "thunder",
    "marble",
    "velvet",
    "compass",
]


def fill(app: Flask, pending: int) -> str:
    """Make a site with so many pending comments, an author for ten and an article for 2,000, and return a token."""
    now = datetime.now(UTC)
    with app.app_context():
        site = sites.create_site(SLUG, name="Bench", origins=[ORIGIN], now=now)
        sites.change_site(SLUG, limits="off", now=now)
        token = sites.create_token(SLUG, name="Bench", scopes=tuple(Scope), now=now)
        base = int(now.timestamp()) - pending - 3600
        ids = {name: ID_AT.format(base=base, salt=name) for name in ("comment", "author", "article", "signal")}
        arguments = {"site": site.id, "pending": pending, "base": base, "words": WORDS}
        arguments |= {"authors": max(1, pending // 10), "articles": max(1, pending // 2000)}
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in STATEMENTS:
                filled = statement
                for name, made in ids.items():
                    filled = filled.replace(f"<{name}>", made)
                connection.execute(text(filled.replace("::", r"\:\:")), arguments)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
    return token


STATEMENTS = (
    """
    INSERT INTO articles (id, site_id, key, url, title, open, count, created_at)
    SELECT <article>, :site, 'https://bench.example/' || n, NULL, 'Article ' || n, true, 0, now()
    FROM generate_series(1, :articles) AS n
    """,
    """
    INSERT INTO authors (id, site_id, email_hash, email_sealed, pending, approved, rejected, spam, deleted, created_at)
    SELECT <author>, :site, convert_to('bench' || n, 'UTF8'), '', 10, n % 7, 0, 0, 0, now()
    FROM generate_series(1, :authors) AS n
    """,
    """
    INSERT INTO comments (id, site_id, article_id, root_id, depth, path, author_id, author_name, avatar, status,
      revision, version, body_html, body_fingerprint, search_text, shown, shown_replies, votes, flags, score, has_links,
      client_hash, receipt_hash, created_at, queued_at, edit_until)
    SELECT c.id, :site, a.id, c.id, 0, uuid_send(c.id), w.id, 'Reader ' || c.n, '0011223344556677', 'pending',
      CASE WHEN c.n % 100 = 7 THEN 2 ELSE 1 END, 1, '', uuid_send(c.id),
      'reader ' || c.n || E'\\n' || (CAST(:words AS text[]))[1 + c.n % 15] || ' is what they wrote of, rare'
        || lpad((c.n % (:pending / 20))::text, 6, '0') || ' few' || lpad((c.n % 500)::text, 3, '0')
        || ', and a few more words so that it reads like a reply',
      false, 0, 0, CASE WHEN c.n % 100 = 3 THEN 4 ELSE 0 END, (c.n % 7) / 10.0, c.n % 20 = 0,
      sha256(convert_to('network' || c.n % 5000, 'UTF8')), sha256(uuid_send(c.id)), c.at, c.at, c.at
    FROM (SELECT n, <comment> AS id, to_timestamp(:base + n) AS at FROM generate_series(1, :pending) AS n) AS c
    JOIN (SELECT n, <article> AS id FROM generate_series(1, :articles) AS n) AS a ON a.n = 1 + c.n % :articles
    JOIN (SELECT n, <author> AS id FROM generate_series(1, :authors) AS n) AS w ON w.n = 1 + c.n % :authors
    """,
    """
    INSERT INTO revisions (comment_id, number, body_raw, body_html, sanitiser_version, created_at)
    SELECT id, number, search_text, '<p>' || replace(search_text, E'\\n', '<br>') || '</p>', 1, created_at
    FROM comments JOIN generate_series(1, 2) AS number ON number <= revision WHERE site_id = :site
    """,
    """
    INSERT INTO signals (id, site_id, waiting_since, comment_id, revision, name, verdict, score, detail, spans)
    SELECT gen_random_uuid(), :site, queued_at, id, revision, name, 'hold', 0, 'Held by ' || name || '.', '[]'
    FROM comments JOIN (VALUES ('policy', 1), ('first_time_author', 3), ('many_links', 200)) AS found (name, every)
      ON mod(CAST(extract(epoch FROM queued_at) AS bigint), every) = 0
    WHERE site_id = :site
    """,
    """
    INSERT INTO site_counters (site_id, status, slot, count) VALUES (:site, 'pending', 0, :pending)
    """,
)

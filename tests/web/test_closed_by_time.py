"""What a site's days close is told to who listens to `article.closed`: each article once, and nothing from before."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, select, text, update

from service.actions import closing
from service.domain.times import rfc3339
from service.extensions import db
from service.store.ids import new_id
from service.store.models import ArticleRow, OutboxRow, SiteRow
from service.store.session import reading, writing
from service.store.sites import find_site
from service.worker import Worker
from tests.driver import SiteDriver, make_site
from tests.webhook_host import calling_app_on, listen, listening

DAYS = 2
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BY_DAYS = {"kind": "policy", "name": "the site's days"}
NOBODY = "http://127.0.0.1:9/"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def own_app(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    with calling_app_on(request.param, request, redis_url, tmp_path_factory.mktemp("closing")) as app:
        yield app


@pytest.fixture
def site(own_app: Flask) -> SiteDriver:
    """Return a site whose days close articles."""
    site = make_site(own_app)
    site.change(close_after_days=DAYS)
    return site


@pytest.fixture
def now() -> datetime:
    """Return the moment at which the test looks."""
    return datetime.now(UTC)


def close_at(site: SiteDriver, moments: dict[str, datetime]) -> None:
    """Add articles, each of which the site's days close at a moment."""
    with site.app.app_context(), writing():
        site_id = find_site(site.slug).id
        rows = [
            {"id": new_id(moment), "site_id": site_id, "key": key, "title": "", "open": True, "count": 0}
            | {"created_at": moment - DAYS * DAY}
            for key, moment in moments.items()
        ]
        db.session.execute(insert(ArticleRow), rows)


def stored(site: SiteDriver, *columns: Any) -> Any:
    with site.app.app_context(), reading():
        return db.session.execute(select(*columns).where(SiteRow.slug == site.slug)).one()


def looked(site: SiteDriver, at: datetime | None) -> None:
    """Let the last look at a site have been then."""
    with site.app.app_context(), writing():
        db.session.execute(update(SiteRow).where(SiteRow.slug == site.slug).values(closed_told_until=at))


def look(site: SiteDriver, at: datetime) -> None:
    with site.app.app_context():
        closing.look(now=at)


def statements_of_a_look(site: SiteDriver, at: datetime) -> list[tuple[str, Any]]:
    """Look, and return the statements that it sent with their values."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, values))

    with site.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        look(site, at)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent


def is_among(site_id: UUID, values: Any) -> bool:
    """True where a site is named by the values of a statement, as either database is sent it."""
    given = values.values() if isinstance(values, dict) else values
    return any(value in {site_id, site_id.hex} for value in given)


def told(site: SiteDriver) -> list[tuple[str, datetime, Any]]:
    """Return what is written down for who listens: the key of each article, when it closed, and by whom."""
    with site.app.app_context(), reading():
        events = select(OutboxRow).join(SiteRow, SiteRow.id == OutboxRow.site_id)
        rows = db.session.scalars(events.where(SiteRow.slug == site.slug, OutboxRow.kind == "event")).all()
        found = [(row.payload["facts"], row.created_at) for row in rows if row.payload["type"] == "article.closed"]
    return sorted((facts["article"]["key"], moment, facts["by"]) for facts, moment in found)


def keys_told(site: SiteDriver) -> list[str]:
    return [key for key, _, _ in told(site)]


def keep(site: SiteDriver, key: str, *, is_open: bool) -> None:
    said = {"article": key, "open": is_open}
    answer = site.client.patch("/v1/moderation/articles", json=said, headers=site.bearer)
    assert answer.status_code == 200, answer.text


def test_an_article_that_the_site_s_days_close_is_told_once_with_its_moment(site: SiteDriver, now: datetime) -> None:
    closed_at = now - 30 * MINUTE
    with listening(site, "article.closed") as ear:
        looked(site, now - HOUR)
        close_at(site, {"before": now - 2 * HOUR, "closed": closed_at, "open": now + HOUR})
        look(site, now)
        look(site, now)
        look(site, now + MINUTE)
        (heard,) = ear.hears()
    assert (heard["type"], heard["timestamp"]) == ("article.closed", rfc3339(closed_at))
    article = {"key": "closed", "url": None, "title": ""}
    assert heard["data"] == {"site": site.slug, "article": article, "by": BY_DAYS}


@pytest.mark.parametrize("own_app", ["sqlite"], indirect=True)
def test_a_worker_looks_by_itself(site: SiteDriver, now: datetime) -> None:
    with listening(site, "article.closed") as ear:
        looked(site, now - HOUR)
        close_at(site, {"closed": now - MINUTE})
        worker = Worker(site.app)
        running = threading.Thread(target=worker.run)
        running.start()
        try:
            assert ear.is_spoken_to.wait(60)
        finally:
            worker.stop()
            running.join()
        assert [one["data"]["by"] for one in ear.heard()] == [BY_DAYS]


def test_of_several_workers_at_once_one_tells_each_article(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - HOUR)
    moments = {f"{number:03}": now - 50 * MINUTE + number * timedelta(seconds=1) for number in range(450)}
    close_at(site, moments)
    start = threading.Barrier(4)

    def work(_: int) -> None:
        start.wait()
        look(site, now)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    look(site, now)
    assert told(site) == [(key, moment, BY_DAYS) for key, moment in moments.items()]


def test_more_than_a_transaction_tells_that_closed_in_one_moment_is_told_whole(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - HOUR)
    built = {f"built {number}": now - 40 * MINUTE for number in range(250)}
    close_at(site, {"first": now - 50 * MINUTE, **built, "last": now})
    with site.app.app_context(), reading():
        site_id = find_site(site.slug).id
    sent = statements_of_a_look(site, now)
    moved = [statement for statement, values in sent if "UPDATE sites" in statement and is_among(site_id, values)]
    assert len(moved) == 2, "the last one has a transaction of its own"
    assert Counter(keys_told(site)) == Counter(["first", *built, "last"])


def test_what_a_person_closed_is_told_as_theirs_alone(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    close_at(site, {"by hand": now + HOUR, "by time, then by hand": now - HOUR})
    looked(site, now - 2 * HOUR)
    keep(site, "by hand", is_open=False)
    look(site, now)
    keep(site, "by time, then by hand", is_open=False)
    look(site, now + 2 * HOUR)
    by = {key: by for key, _, by in told(site)}
    assert by == {"by hand": {"kind": "token", "name": "Mira"}, "by time, then by hand": BY_DAYS}
    assert len(told(site)) == 2


@pytest.mark.parametrize("own_app", ["postgresql"], indirect=True)
def test_what_a_person_closes_at_that_very_moment_is_left_to_them(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - HOUR)
    close_at(site, {f"{site.slug}/post": now - MINUTE})
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with site.app.app_context(), ThreadPoolExecutor(1) as worker:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch, writing():
            closed = update(ArticleRow).where(ArticleRow.key == f"{site.slug}/post").values(open=False)
            db.session.execute(closed)
            looking = worker.submit(look, site, now)
            while not watch.scalar(waiting):
                assert not looking.done(), "it does not wait for who is closing it"
        looking.result()
    assert told(site) == []


def test_one_that_is_opened_again_is_told_when_its_days_are_over_again(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - HOUR)
    close_at(site, {"post": now - MINUTE})
    look(site, now)
    keep(site, "post", is_open=True)
    look(site, now + DAYS * DAY - MINUTE)
    assert len(told(site)) == 1
    look(site, now + DAYS * DAY + MINUTE)
    (_, first, _), (_, second, by) = told(site)
    with site.app.app_context(), reading():
        opened_at = db.session.scalars(
            select(ArticleRow.opened_at)
            .join(SiteRow, SiteRow.id == ArticleRow.site_id)
            .where(SiteRow.slug == site.slug)
        ).one()
    assert opened_at is not None
    assert (first, second, by) == (now - MINUTE, opened_at + DAYS * DAY, BY_DAYS)


def test_the_first_look_of_all_tells_nothing_of_what_closed_before(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, None)
    close_at(site, {"before": now - HOUR, "after": now + HOUR})
    look(site, now)
    look(site, now)
    assert keys_told(site) == []
    look(site, now + HOUR)
    assert keys_told(site) == ["after"]


def test_who_begins_to_listen_hears_of_what_closes_from_then_on(site: SiteDriver, now: datetime) -> None:
    looked(site, now - DAY)
    close_at(site, {"before": now - HOUR, "after": now + HOUR})
    look(site, now)
    listen(site, NOBODY, "article.closed")
    look(site, now + 2 * HOUR)
    assert keys_told(site) == ["after"]


def test_where_nobody_listens_or_no_days_close_a_look_writes_nothing(own_app: Flask, now: datetime) -> None:
    deaf, without_days = make_site(own_app), make_site(own_app)
    deaf.change(close_after_days=DAYS)
    listen(deaf, NOBODY, "queue.late")
    listen(without_days, NOBODY, "article.closed")
    for site in (deaf, without_days):
        close_at(site, {"closed": now - HOUR})
        looked(site, now - DAY)
        look(site, now)
        assert (told(site), stored(site, SiteRow.closed_told_until)) == ([], (now - DAY,))


@pytest.mark.parametrize(("days", "closed"), [(1, ["soon"]), (10, [])], ids=["fewer", "more"])
def test_other_days_tell_only_what_they_close_from_then_on(
    site: SiteDriver, now: datetime, days: int, closed: list[str]
) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - 3 * DAY)
    # By two days and by one: long ago, an hour ago and a day and an hour ago, tomorrow and in an hour.
    close_at(site, {"old": now - 2 * DAY, "just now": now - HOUR, "soon": now + DAY + HOUR})
    site.change(close_after_days=days)
    look(site, now + 2 * HOUR)
    assert keys_told(site) == closed
    site.change(close_after_days=0)
    look(site, now + 20 * DAY)
    assert keys_told(site) == closed


def test_other_settings_leave_the_moment_where_it_is(site: SiteDriver, now: datetime) -> None:
    looked(site, now - DAY)
    site.change(trusted_after=7)
    assert stored(site, SiteRow.closed_told_until) == (now - DAY,)


def test_while_nothing_closes_the_moment_moves_once_a_minute_and_the_site_stays_as_it_is(
    site: SiteDriver, now: datetime
) -> None:
    listen(site, NOBODY, "article.closed")
    (version,) = stored(site, SiteRow.version)
    for since, becomes in [
        (timedelta(seconds=59), now - timedelta(seconds=59)),
        (MINUTE, now),
        (-MINUTE, now + MINUTE),
    ]:
        looked(site, now - since)
        look(site, now)
        assert stored(site, SiteRow.closed_told_until, SiteRow.version) == (becomes, version)


@pytest.mark.parametrize("own_app", ["sqlite"], indirect=True)
def test_sqlite_reads_what_closes_from_its_own_index(site: SiteDriver, now: datetime) -> None:
    listen(site, NOBODY, "article.closed")
    looked(site, now - HOUR)
    close_at(site, {"closed": now - MINUTE})
    sent = [one for one in statements_of_a_look(site, now) if "FROM articles" in one[0]]
    with site.app.app_context(), db.engine.connect() as connection:
        driver: Any = connection.connection
        plans = [driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall() for statement, values in sent]
    assert keys_told(site) == ["closed"]
    assert plans
    for plan in plans:
        assert "USING INDEX ix_articles_closing (site_id=? AND <expr>>? AND <expr><?)" in plan[0][3], plan

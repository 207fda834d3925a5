"""PostgreSQL frozen under load: it keeps its connections open and says nothing, and holds nobody for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from service import create_app
from service.domain.errors import StoreUnavailable
from service.extensions import db
from service.store.connecting import ANSWER_SECONDS
from service.store.session import reading, take_time
from tests.conftest import settings_for
from tests.faults.lasting import lasting
from tests.faults.load import under_load
from tests.faults.test_stores_away import SOON, assert_borne, service_on_postgres
from tests.granian_server import until
from tests.servers import Server, frozen, running_postgres

FROZEN = lasting(2.0, 15.0)  # seconds
AT_LAST = 10.0  # seconds; whoever was in the middle of a statement waits six


def test_a_postgresql_that_is_frozen_holds_nobody(tmp_path: Path) -> None:
    with service_on_postgres(tmp_path / "instance") as (postgres, server, site):
        with under_load(server, site, senders=12, readers=2) as load:
            load.goes_on()
            since = len(load.said)
            with frozen(postgres):
                until(lambda: server.ask("GET", "/readyz").status == 503, "it is taken for alive")
                until(lambda: any(one.status == 503 for one in load.said[since:]), "nobody was told")
                load.lasts(FROZEN)
                calm = len(load.said)
                load.lasts(FROZEN)
                assert max(one.seconds for one in load.said[since:]) < AT_LAST
                assert max(one.seconds for one in load.said[calm:]) < SOON
            load.goes_on()
        assert_borne(load, since)
        load.assert_kept(site.app)


@contextmanager
def application(tmp_path: Path) -> Iterator[Server]:
    """Yield a PostgreSQL server, within the context of an application on it."""
    with (
        running_postgres() as postgres,
        create_app(settings_for(postgres.url, "redis://localhost:1", tmp_path / "instance")).app_context(),
    ):
        yield postgres
        db.engine.dispose()


def test_a_statement_that_is_never_answered_is_given_up(tmp_path: Path) -> None:
    with application(tmp_path) as postgres, ExitStack() as stack:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            ask_once_frozen(postgres, stack)
        assert ANSWER_SECONDS < time.monotonic() - began < AT_LAST


def ask_once_frozen(postgres: Server, stack: ExitStack) -> None:
    with reading():
        connection = db.session.connection()
        stack.enter_context(frozen(postgres))
        connection.exec_driver_sql("SELECT 1")


def test_a_statement_that_may_take_its_time_is_waited_for(tmp_path: Path) -> None:
    with application(tmp_path), reading():
        take_time()
        slept = db.session.connection().exec_driver_sql(f"SELECT 1 FROM pg_sleep({ANSWER_SECONDS + 1})")
        assert slept.scalar() == 1

"""The service killed while people use it: what it has acknowledged is there, once, and its numbers are right."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.driver import make_site
from tests.faults.lasting import lasting
from tests.faults.load import under_load
from tests.granian_server import beside, running_granian
from tests.servers import running_postgres, running_redis

KILLS = lasting(5, 50)


@pytest.mark.parametrize("kind", lasting(["sqlite"], ["sqlite", "postgresql"]))
def test_whatever_was_acknowledged_survives_sigkill_exactly_once(tmp_path: Path, kind: str) -> None:
    instance = tmp_path / "instance"
    with ExitStack() as stack:
        settings = {"REDIS_URL": stack.enter_context(running_redis()).url}
        if kind == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(running_postgres()).url
        app = stack.enter_context(beside(instance, settings.get("DATABASE_URL")))
        server = stack.enter_context(running_granian(instance, **settings))
        site = make_site(app, limits="off")
        with under_load(server, site) as load:
            for _ in range(KILLS):
                load.goes_on(8)
                server.kill()
                server.start()
            load.goes_on(8)
        assert 0 in load.statuses(readers=False), "nobody noticed that the service was killed"
        assert load.decided
        load.assert_kept(app)

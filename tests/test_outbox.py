"""What waits for a worker, and what none could do: on `/metrics`, by command, and in words for who decides."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade

from service import create_app
from service.actions import outbox, upkeep
from service.domain.errors import StoreUnavailable
from service.domain.site import Policy
from service.extensions import db
from service.worker import HANDLERS, Worker
from tests.commands import NEW_KEY, OLD_KEY, empty_postgres, printed, run
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.http_host import saying, serving
from tests.web.test_learned import ADVERT, learned, taught

FINE = saying(b'{"verdict": "note"}')
DOWN = saying(b"", 503)


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application on a database of this test alone, that may call this machine."""
    with ExitStack() as databases:
        url = f"sqlite:///{tmp_path / 'own.sqlite'}"
        if request.param == "postgresql":
            url = databases.enter_context(empty_postgres(request.getfixturevalue("postgres_url")))
        here = (ipaddress.ip_network("127.0.0.0/8"),)
        app = create_app(settings_for(url, redis_url, tmp_path / "instance", secret_key=OLD_KEY, outgoing_allow=here))
        with app.app_context():
            upgrade()
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    return make_site(app, limits="off")


on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def asks(site: SiteDriver, kind: str, **said: str) -> None:
    answer = site.client.put(f"/v1/moderation/opinions/{kind}", json=said, headers=site.bearer)
    assert answer.status_code == 200, answer.text


def opinion(site: SiteDriver, sent: dict[str, Any], kind: str = "hook") -> dict[str, Any]:
    """Return what stands on a comment of an outside opinion."""
    (found,) = [one for one in site.opened(sent["id"])["signals"] if one["name"] == kind]
    return dict(found)


def numbers(app: Flask) -> dict[str, float]:
    """Return what `/metrics` tells of the outbox."""
    text = app.test_client().get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^postbag_outbox_(\w+) (\S+)$", text, re.MULTILINE)}


def ask_in_vain(app: Flask) -> datetime:
    """Try every question as often as it is tried, and return when the last time was."""
    later = datetime.now(UTC)
    with app.app_context():
        for _ in range(outbox.MOST_ATTEMPTS):
            later += timedelta(hours=2)
            for job in outbox.claim(["opinion"], now=later):
                assert not outbox.carry_out(job, HANDLERS, now=later)
    return later


def test_what_is_given_up_is_told_counted_listed_and_asked_once_more(app: Flask, site: SiteDriver) -> None:
    assert printed(app, "outbox") == "Nothing waits.\n"
    with serving(DOWN) as asked:
        asks(site, "hook", url=asked.url)
        sent = site.submitted(body="Hello")
        assert numbers(app)["due"] == 2
        assert numbers(app)["oldest_seconds"] >= 0
        waiting = printed(app, "outbox").splitlines()
        assert [line.partition(", the oldest since ")[0] for line in waiting] == [
            "opinion: 1 waiting",
            "score: 1 waiting",
        ]
        Worker(app).drain()
        assert "will be asked again" in opinion(site, sent)["detail"]
        ask_in_vain(app)
    assert opinion(site, sent)["verdict"] == "hold"
    assert opinion(site, sent)["detail"] == (
        "The site's hook has not answered in 10 tries and is not asked again. The hook answered with status 503; "
        "200 is expected. Decide without it; whoever runs the service can have it asked once more."
    )
    assert numbers(app) == {"due": 0, "oldest_seconds": 0, "given_up": 1}
    told = printed(app, "outbox").splitlines()[-1]
    assert f"opinion on comment {sent['id']} of {site.slug}, given up" in told
    assert told.endswith("UTC after 10 tries: The hook answered with status 503; 200 is expected.")
    with serving(FINE) as asked:
        asks(site, "hook", url=asked.url)
        assert printed(app, "outbox", "retry", told.split()[0]) == "Jobs that are tried again: 1.\n"
        Worker(app).drain()
    assert opinion(site, sent)["detail"] == "The site's hook has no objection."
    assert printed(app, "outbox") == "Nothing waits.\n"
    assert printed(app, "outbox", "retry") == "Jobs that are tried again: 0.\n"


@on_sqlite
def test_what_was_given_up_is_forgotten_where_somebody_says_so(app: Flask, site: SiteDriver) -> None:
    with serving(DOWN) as asked:
        asks(site, "hook", url=asked.url)
        sent = [site.submitted(), site.submitted()]
        ask_in_vain(app)
    assert run(app, "outbox", "forget").exit_code == 2
    first = re.findall(r"^(\S+)  opinion", printed(app, "outbox"), re.MULTILINE)[0]
    assert run(app, "outbox", "forget", first, "--all").exit_code == 2
    assert printed(app, "outbox", "forget", first) == "Jobs that were forgotten: 1.\n"
    assert printed(app, "outbox", "forget", "--all") == "Jobs that were forgotten: 1.\n"
    assert numbers(app)["given_up"] == 0
    assert numbers(app)["due"] == 2, "what waits is not given up"
    assert all("is not asked again" in opinion(site, one)["detail"] for one in sent)


@on_sqlite
def test_without_its_database_the_metrics_leave_the_outbox_out(app: Flask, tmp_path: Path) -> None:
    away = create_app(settings_for("postgresql+psycopg://nobody@127.0.0.1:1/none", "redis://localhost:1", tmp_path))
    with away.app_context(), pytest.raises(StoreUnavailable):
        outbox.backlog(now=datetime.now(UTC))
    answer = away.test_client().get("/metrics")
    assert answer.status_code == 200
    assert "postbag_requests_total" in answer.text
    assert "postbag_outbox" not in answer.text


def test_a_worker_that_comes_late_drops_what_helps_nobody_and_does_the_rest(app: Flask, site: SiteDriver) -> None:
    with serving(FINE) as asked:
        asks(site, "hook", url=asked.url)
        waiting, decided, withdrawn, edited = (site.submitted() for _ in range(4))
        site.approve(decided["id"])
        site.withdraw(withdrawn)
        assert site.revise(edited, "Otherwise.").status_code == 200
        assert opinion(site, waiting)["detail"] == (
            "The site's hook has not answered yet; it is asked as soon as a worker comes to it."
        )
        assert opinion(site, waiting)["verdict"] == "note"
        Worker(app).drain()
    assert len(asked) == 2
    assert opinion(site, waiting)["detail"] == "The site's hook has no objection."
    assert opinion(site, edited)["detail"] == "The site's hook has no objection."
    assert opinion(site, decided)["detail"] == "The site's hook had not answered, and is not asked about this any more."
    assert "score" not in printed(app, "outbox")
    assert "opinion" not in printed(app, "outbox")


@on_sqlite
def test_what_came_while_redis_worker_and_hook_were_away_is_held_and_screened_later(
    app: Flask, site: SiteDriver, tmp_path: Path
) -> None:
    taught(site)
    url, here = app.config["SQLALCHEMY_DATABASE_URI"], app.config["POSTBAG_SETTINGS"].outgoing_allow
    away = create_app(
        settings_for(url, "redis://localhost:1", tmp_path / "instance", secret_key=OLD_KEY, outgoing_allow=here)
    )
    site.change(policy=Policy.NONE, limits="default")
    with serving(DOWN) as asked:
        asks(site, "hook", url=asked.url)
        sent = replace(site, app=away).submitted(body=ADVERT)
        assert sent["status"] == "pending"
        assert learned(site, sent["id"]) is None
        assert opinion(site, sent)["verdict"] == "note"
        Worker(away).drain()
    assert learned(site, sent["id"]) is not None
    assert (opinion(site, sent)["verdict"], site.opened(sent["id"])["status"]) == ("hold", "pending")
    with serving(FINE) as asked, app.app_context():
        asks(site, "hook", url=asked.url)
        later = datetime.now(UTC) + timedelta(hours=2)
        for job in outbox.claim(["opinion"], now=later):
            assert outbox.carry_out(job, HANDLERS, now=later)
    assert opinion(site, sent)["detail"] == "The site's hook has no objection."
    with away.app_context():
        db.engine.dispose()


@on_sqlite
def test_what_waited_while_somebody_was_asked_no_more_says_so(app: Flask, site: SiteDriver) -> None:
    asks(site, "hook", url="https://127.0.0.1/")
    sent = site.submitted()
    assert site.client.delete("/v1/moderation/opinions/hook", headers=site.bearer).status_code == 204
    Worker(app).drain()
    assert opinion(site, sent)["detail"] == "The site's hook had not answered, and is not asked about this any more."


def test_after_thirty_days_nothing_waits_for_a_worker_that_never_comes(app: Flask, site: SiteDriver) -> None:
    asks(site, "akismet", key="0123456789ab", url="https://127.0.0.1/")
    site.approve(site.submitted()["id"])
    site.submitted()
    last_try = ask_in_vain(app)
    assert numbers(app)["given_up"] == 2
    with app.app_context():
        assert upkeep.apply_retention(now=last_try + timedelta(days=28)).jobs == 0
        # Two scores, two questions, and of the decision a report and a lesson.
        assert upkeep.apply_retention(now=last_try + timedelta(days=30), batch=4).jobs == 6
    assert numbers(app)["given_up"] == 0
    assert printed(app, "outbox") == "Nothing waits.\n"


@on_sqlite
def test_while_nobody_asks_what_the_policy_would_publish_is_held_and_says_why(app: Flask, site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    with serving(FINE) as asked:
        asks(site, "hook", url=asked.url)
        assert site.submitted()["status"] == "approved", "a worker may need a moment"
        with app.app_context():
            # The first question is as old as if the worker had been away for two minutes.
            db.session.execute(db.text("UPDATE outbox SET due_at = datetime(due_at, '-2 minutes')"))
            db.session.commit()
        sent = site.submitted()
        assert sent["status"] == "pending"
        (why,) = [one for one in site.opened(sent["id"])["signals"] if one["verdict"] == "hold"]
        assert why["name"] == "opinions_overdue"
        Worker(app).drain()
        assert opinion(site, sent)["detail"] == "The site's hook has no objection."
        assert site.submitted()["status"] == "approved", "the worker is there again"


@on_sqlite
def test_secrets_move_to_a_new_key_with_everything_else(app: Flask, site: SiteDriver, tmp_path: Path) -> None:
    asks(site, "hook", url="https://127.0.0.1/")
    asks(site, "akismet", key="0123456789ab", url="https://127.0.0.1/")
    site.submitted()
    url, folder = app.config["SQLALCHEMY_DATABASE_URI"], tmp_path / "instance"
    rotated = create_app(settings_for(url, None, folder, secret_key=NEW_KEY, secret_key_fallbacks=(OLD_KEY,)))
    printed(rotated, "email", "reseal")
    after = create_app(settings_for(url, None, folder, secret_key=NEW_KEY))
    assert "is not on the public internet" in run(after, "site", "opinions", "try", site.slug).stderr
    Worker(after).drain()
    with after.app_context():
        reasons = {row.last_error for row in db.session.execute(db.text("SELECT last_error FROM outbox"))}
        assert reasons == {"127.0.0.1 is not on the public internet, so it is not called."}
        db.engine.dispose()
    with rotated.app_context():
        db.engine.dispose()

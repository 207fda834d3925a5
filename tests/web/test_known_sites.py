"""A reply goes by the site as this process knows it, and never by what another process has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from service import create_app
from service.actions.toolbox import tools
from service.adapters.site_memory import MOST_KEPT, SiteMemory
from service.domain import tags
from service.domain.site import Policy, Site
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.granian_server import until
from tests.refusals import refused
from tests.store.test_session import statements_of


@pytest.fixture
def unheard(site: SiteDriver, database_url: str, tmp_path: Path) -> Iterator[SiteDriver]:
    """Return the same site in another process whose announcements reach nobody: its Redis is away."""
    app = create_app(settings_for(database_url, "redis://127.0.0.1:1", tmp_path / "other"))
    yield SiteDriver(app, site.slug, site.origin, site.token, site.article)
    with app.app_context():
        db.engine.dispose()


def test_a_submission_does_not_ask_for_its_site_again(site: SiteDriver) -> None:
    with site.app.app_context():
        # Whoever begins to hear of changes forgets first what it knew.
        until(tools().changes.is_heard, "nobody listens")
    site.submitted()
    with statements_of(site.app) as seen:
        site.submitted()
    assert not [statement for statement in seen if "sites.slug" in statement]


def test_limits_that_another_process_has_changed_hold_for_the_next_reply(site: SiteDriver, unheard: SiteDriver) -> None:
    site.submitted()
    unheard.change(limits={"client": (2, 60)})
    # The first is counted once by the limits of before, whose windows are as long.
    answers = [site.submit().status_code for _ in range(3)]
    assert answers[-1] == 429
    unheard.change(limits="off")
    assert site.submit().status_code == 202, "what refuses is not the limit of before"


CHANGES: list[tuple[str, Callable[[SiteDriver], object], int]] = [
    ("an origin", lambda other: other.change(origins=["https://elsewhere.example"]), 403),
    ("the policy", lambda other: other.change(policy=Policy.NONE), 201),
    ("a rule", lambda other: other.rule("word", "reject", "kettle"), 422),
]


@pytest.mark.parametrize(("changed", "change", "status"), CHANGES, ids=[name for name, *_ in CHANGES])
def test_what_another_process_has_changed_is_in_force(
    site: SiteDriver, unheard: SiteDriver, changed: str, change: Callable[[SiteDriver], object], status: int
) -> None:
    assert site.submit(body="A kettle.").status_code == 202
    change(unheard)
    answer = site.submit(body="Another kettle.")
    assert answer.status_code == status, (changed, answer.text)
    # The answer carries each header once, whatever was begun anew.
    assert len(answer.headers.getlist("Access-Control-Allow-Origin")) <= 1


def test_an_origin_that_another_process_has_listed_may_send(site: SiteDriver, unheard: SiteDriver) -> None:
    new = "https://new.example"
    refused(site.submit(headers={"Origin": new}), 403, "origin_not_allowed")
    unheard.change(origins=[site.origin, new])
    # Its article is named by the other origin, which the site lists too.
    assert site.submit(headers={"Origin": new}).status_code == 202


def a_site(number: int) -> Site:
    return Site(UUID(int=number), f"s{number}", "A site", (), Policy.ALL, None, 5, timedelta(0))


def test_the_memory_forgets_what_has_changed_and_keeps_nothing_that_was_read_before() -> None:
    memory = SiteMemory()
    first, second = a_site(1), a_site(2)
    memory.keep(first, memory.moment())
    memory.keep(second, memory.moment())
    began = memory.moment()
    memory.hear(frozenset({tags.of_site(first.id), b"article:x"}))
    assert (memory.get("s1"), memory.get("s2")) == (None, second)
    memory.keep(first, began)
    assert memory.get("s1") is None, "it was read before it changed"
    memory.keep(first, memory.moment())
    memory.hear(None)
    assert (memory.get("s1"), memory.get("s2")) == (None, None)


def test_the_memory_is_bounded_and_shared_by_threads() -> None:
    memory = SiteMemory()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: memory.keep(a_site(number), memory.moment()), range(MOST_KEPT + 500)))
    assert 0 < len(memory._kept) <= MOST_KEPT
    assert set(memory._slugs.values()) >= set(memory._kept)

"""What moderators decide teaches the filter of their site, and what it makes of a reply stands among its signals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import upgrade

from service.actions import outbox as jobs
from service.actions import sites
from service.adapters.spam_filter import SpamFilter
from service.domain.learning import ALL_SITES
from service.domain.site import Policy
from service.store import filters, outbox
from service.store.session import reading, writing
from service.worker import HANDLERS, Worker
from tests.commands import empty_postgres, running
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, make_site

SPAM = "Visit http://shoes.example/{} for cheap shoes, number {} is the best offer!"
HONEST = "My grandmother remembers the flood of {} and what number {} of Meadow Row looked like."
ADVERT = "Visit http://boots.example for cheap boots, the best offer!"


# What the filter asks of a store is tried on both by test_worker.py.
@pytest.fixture(scope="module", params=["sqlite"])
def own_app(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """Return a migrated application whose outbox no other test fills."""
    folder = tmp_path_factory.mktemp("learned")
    with ExitStack() as databases:
        url = f"sqlite:///{folder / 'own.sqlite'}"
        if request.param == "postgresql":
            url = databases.enter_context(empty_postgres(request.getfixturevalue("postgres_url")))
        with running(url, redis_url, folder) as app:
            with app.app_context():
                upgrade()
            # From here on there is something that all sites start from, for a day: else it would come between two
            # scores that a test compares.
            taught(make_site(app, limits="off"))
            yield app


@pytest.fixture
def site(own_app: Flask) -> SiteDriver:
    return make_site(own_app, limits="off")


def work(site: SiteDriver) -> int:
    return Worker(site.app).drain()


def learned(site: SiteDriver, comment_id: str) -> dict[str, Any] | None:
    """Return the signal that the filter left on the latest revision."""
    found = [signal for signal in site.opened(comment_id)["signals"] if signal["name"] == "learned"]
    assert len(found) < 2
    return found[0] if found else None


def taught(site: SiteDriver, times: int = 4) -> list[str]:
    """Decide on some replies of each kind and let the worker learn from them; returns those that were spam."""
    spam = []
    for number in range(times):
        spam.append(site.submitted(body=SPAM.format(number, number), name="Best Offers")["id"])
        assert site.decide(spam[-1], "spam").status_code == 201
        site.published(body=HONEST.format(1950 + number, number))
    work(site)
    return spam


def stored(site: SiteDriver, site_id: UUID | None = None) -> SpamFilter | None:
    with site.app.app_context(), reading():
        if site_id is None:
            site_id = site_id_of(site)
        found = filters.find_filter(site_id)
        return None if found is None else SpamFilter.loads(found.blob)


def site_id_of(site: SiteDriver) -> UUID:
    return sites.find_site(site.slug).id


def score_of(site: SiteDriver, text: str = ADVERT) -> float:
    found = stored(site)
    assert found is not None
    return found.score(text, "Anybody")


def test_a_reply_gets_a_note_with_the_score_and_the_words_that_weighed_most(site: SiteDriver) -> None:
    taught(site)
    advert, reply = site.submitted(body=ADVERT), site.submitted(body="My grandmother remembers Meadow Row.")
    work(site)
    note = learned(site, advert["id"])
    assert note is not None
    assert note["verdict"] == "note"
    assert note["detail"].startswith("The filter takes it for spam with 0.")
    assert f"takes it for spam with {note['score']:.2f} of 1" in note["detail"]
    assert "Visit http://boots.example" in " ".join(ADVERT[start:end] for start, end in note["spans"])
    other = learned(site, reply["id"])
    assert other is not None
    assert other["score"] < 0.4 < 0.6 < note["score"]
    ids = [item["id"] for item in site.queue(sort="score")["comments"]]
    assert ids.index(advert["id"]) < ids.index(reply["id"])


def test_what_was_learned_anywhere_is_where_a_new_site_starts(site: SiteDriver) -> None:
    taught(site)
    assert stored(site, ALL_SITES) is not None
    new = make_site(site.app, limits="off")
    sent = new.submitted(body=ADVERT)
    work(new)
    note = learned(new, sent["id"])
    assert note is not None
    assert "decisions on all sites of this installation" in note["detail"]


def test_a_decision_is_unlearned_when_it_is_undone(site: SiteDriver) -> None:
    taught(site)
    before = score_of(site)
    sent = site.submitted(body=ADVERT)
    batch = site.approve(sent["id"]).get_json()["decision"]["batch_id"]
    work(site)
    assert score_of(site) < before - 0.1
    undone = site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer)
    assert undone.status_code < 300, undone.text
    work(site)
    assert score_of(site) == before


@pytest.mark.parametrize("action", ["reject", "delete"])
def test_what_neither_is_spam_nor_honest_is_not_learned(site: SiteDriver, action: str) -> None:
    taught(site)
    before = score_of(site)
    sent = site.submitted(body=ADVERT)
    assert site.decide(sent["id"], action).status_code == 201
    work(site)
    assert score_of(site) == before


def test_who_changes_their_mind_teaches_the_other_thing(site: SiteDriver) -> None:
    taught(site)
    sent = site.submitted(body=ADVERT)
    site.decide(sent["id"], "spam")
    work(site)
    as_spam = score_of(site)
    assert site.decide(sent["id"], "restore").status_code == 201
    work(site)
    assert score_of(site) < as_spam - 0.1


def test_words_that_were_taken_back_are_forgotten(site: SiteDriver) -> None:
    taught(site)
    before = score_of(site)
    sent = site.published(body=ADVERT)
    work(site)
    assert score_of(site) < before
    assert site.withdraw(sent).status_code == 204
    # A withdrawal teaches nothing, so it is noticed with the next decision, here one that teaches nothing either.
    site.decide(site.submitted()["id"], "reject")
    work(site)
    assert score_of(site) == before


def test_what_the_policy_publishes_teaches_nothing(site: SiteDriver) -> None:
    taught(site)
    before = score_of(site)
    site.change(policy=Policy.NONE)
    assert site.submitted(body="Visit the harbour, the best offer is the view")["status"] == "approved"
    site.decide(site.submitted(body=ADVERT + "!")["id"], "reject")
    work(site)
    assert score_of(site) == before


def test_a_second_worker_that_remembers_nothing_comes_to_the_same_filter(site: SiteDriver, tmp_path: Path) -> None:
    taught(site)
    url = site.app.config["SQLALCHEMY_DATABASE_URI"]
    sent = site.submitted(body=ADVERT)
    site.decide(sent["id"], "spam")
    with running(url, "redis://localhost:1", tmp_path) as other:
        Worker(other).drain()
    by_other = score_of(site)
    again = site.submitted(body=HONEST.format(1, 1))
    batch = site.approve(again["id"]).get_json()["decision"]["batch_id"]
    work(site)
    site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer)
    work(site)
    assert score_of(site) == by_other


def test_an_edit_is_scored_anew_and_the_revision_before_it_no_longer(site: SiteDriver) -> None:
    taught(site)
    sent = site.submitted(body="Something about the harbour")
    assert site.revise(sent, ADVERT).status_code == 200
    work(site)
    note = learned(site, sent["id"])
    assert note is not None
    assert note["score"] > 0.6


def test_what_a_person_decided_before_the_worker_came_to_it_gets_no_score(site: SiteDriver) -> None:
    taught(site)
    sent = site.published(body=ADVERT)
    work(site)
    assert learned(site, sent["id"]) is None


def test_what_was_withdrawn_meanwhile_is_not_scored(site: SiteDriver) -> None:
    taught(site)
    sent = site.submitted(body=ADVERT)
    site.withdraw(sent)
    work(site)
    assert learned(site, sent["id"]) is None


def test_a_job_that_comes_twice_leaves_one_note(site: SiteDriver) -> None:
    taught(site)
    sent = site.submitted(body=ADVERT)
    work(site)
    first = site.opened(sent["id"])
    with site.app.app_context():
        now, site_id, comment_id = datetime.now(UTC), site_id_of(site), UUID(sent["id"])
        with writing():
            outbox.add_job("score", site_id, comment_id=comment_id, revision=1, payload=None, due_at=now, now=now)
    assert work(site) == 1
    assert site.opened(sent["id"])["signals"] == first["signals"]


def test_a_job_that_fails_is_put_off_and_at_last_left_where_it_is(site: SiteDriver) -> None:
    work(site)

    def fail(job: outbox.Job, now: datetime) -> None:
        raise ValueError(job.kind)

    with site.app.app_context():
        site_id = site_id_of(site)

        def add() -> None:
            now = datetime.now(UTC) - timedelta(seconds=1)
            outbox.add_job("fails", site_id, comment_id=None, revision=None, payload=None, due_at=now, now=now)

        with writing():
            add()
    worker = Worker(site.app, {**HANDLERS, "fails": fail})
    assert worker.drain() == 0
    with site.app.app_context():
        later = datetime.now(UTC)
        for _ in range(jobs.MOST_ATTEMPTS - 1):
            later += timedelta(hours=2)
            (job,) = jobs.claim(["fails"], now=later)
            assert not jobs.carry_out(job, {"fails": fail}, now=later)
        assert job.attempts == jobs.MOST_ATTEMPTS
        assert jobs.claim(["fails"], now=later + timedelta(days=30)) == []


def test_by_default_nothing_goes_to_spam_by_itself(site: SiteDriver) -> None:
    taught(site)
    sent = site.submitted(body=ADVERT)
    work(site)
    assert site.opened(sent["id"])["status"] == "pending"


def test_a_site_may_let_what_reaches_a_score_go_to_spam_and_a_person_can_bring_it_back(site: SiteDriver) -> None:
    taught(site, times=8)
    site.change(spam_threshold=0.6)
    advert, reply = site.submitted(body=ADVERT), site.submitted(body=HONEST.format(1999, 12))
    work(site)
    opened = site.opened(advert["id"])
    assert opened["status"] == "spam"
    (decision,) = opened["decisions"]
    assert (decision["action"], decision["moderator"]) == ("spam", "the site's policy")
    assert site.opened(reply["id"])["status"] == "pending"
    before = score_of(site)
    site.decide(site.submitted()["id"], "reject")
    work(site)
    assert score_of(site) == before, "the filter does not teach itself"
    assert site.decide(advert["id"], "restore").status_code == 201
    work(site)
    assert score_of(site) < before, "but who brings it back teaches it"
    assert site.opened(advert["id"])["status"] == "approved"


def test_what_a_person_has_decided_on_or_readers_see_never_goes_to_spam_by_itself(site: SiteDriver) -> None:
    taught(site, times=8)
    site.change(spam_threshold=0.6)
    sent = site.published(body=HONEST.format(1, 2))
    assert site.revise(sent, ADVERT).status_code == 200
    undone = site.submitted(body=ADVERT)
    batch = site.decide(undone["id"], "spam").get_json()["decision"]["batch_id"]
    site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer)
    work(site)
    assert site.opened(sent["id"])["status"] == "pending"
    assert learned(site, sent["id"]) is not None
    assert site.opened(undone["id"])["status"] == "pending"


def test_what_only_all_sites_have_taught_moves_nothing_by_itself(site: SiteDriver) -> None:
    site.change(spam_threshold=0.5)
    sent = site.submitted(body=ADVERT)
    work(site)
    note = learned(site, sent["id"])
    assert note is not None
    assert note["score"] >= 0.5
    assert site.opened(sent["id"])["status"] == "pending"


def test_the_desk_shows_how_right_each_threshold_has_been(site: SiteDriver) -> None:
    taught(site, times=8)
    adverts = [site.submitted(body=ADVERT.replace("boots", f"boots{number}"))["id"] for number in range(3)]
    reply = site.submitted(body=HONEST.format(1999, 12))["id"]
    work(site)
    for comment_id in adverts[:2]:
        site.decide(comment_id, "spam")
    for comment_id in (adverts[2], reply):
        site.approve(comment_id)
    page = signed_in(site, role="admin").get("/desk/site", site=site.slug).text
    rows = re.findall(r"<th scope=\"row\">([0-9.]+)</th><td>(\d+)</td><td>([^<]+)</td>", page)
    assert [row[0] for row in rows] == ["0.5", "0.8", "0.9", "0.95", "0.99"]
    assert rows[0] == ("0.5", "3", "2 (66%)")

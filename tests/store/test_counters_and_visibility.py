"""The numbers that transactions keep, and what the public page shows, agree with the comments at every moment."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from service.domain.life import Action
from service.domain.site import Policy
from tests.driver import SiteDriver, make_site
from tests.store.ledger import discrepancies, reference_page

STEPS = 90
THREADS = 8
ACTIONS = [action.value for action in Action]


class Passer:
    """Somebody who does one thing after another to a tree of comments, by a seeded chance."""

    def __init__(self, site: SiteDriver, seed: int) -> None:
        self.site = site
        self.random = random.Random(seed)
        self.sent: list[dict[str, Any]] = []

    def step(self) -> str:
        """Do one thing and return what; the test fails where the service has a fault of its own."""
        deeds: list[tuple[int, Callable[[], int]]] = [
            (3, self.submit),
            (6, self.decide),
            (2, self.revise),
            (1, self.withdraw),
            (3, self.vote),
            (4, self.flag),
        ]
        weights, doing = zip(*deeds, strict=True)
        deed = self.submit if len(self.sent) < 5 else self.random.choices(doing, weights)[0]
        status = deed()
        assert status < 500, deed.__name__
        return f"{deed.__name__} {status}"

    def submit(self) -> int:
        parent = self.random.choice([None, *self.sent])
        author = self.random.randrange(4)
        links = "https://a.example https://b.example https://c.example" if self.random.random() < 0.2 else ""
        response = self.site.submit(
            parent_id=parent and parent["id"],
            name=f"Author {author}",
            email=f"author{author}@example.org",
            body=f"Number {len(self.sent)} {self.random.random()} {links}",
        )
        if response.status_code < 300:
            self.sent.append(response.get_json())
        return response.status_code

    def decide(self) -> int:
        comment = self.site.opened(self.random.choice(self.sent)["id"])
        offered = comment["actions"] or ACTIONS
        response = self.site.decide(
            comment["id"],
            self.random.choice(offered),
            revision=comment["revision"],
            version=self.random.choice([None, comment["version"]]),
        )
        return response.status_code

    def revise(self) -> int:
        return self.site.revise(self.random.choice(self.sent), f"Better {self.random.random()}").status_code

    def withdraw(self) -> int:
        return self.site.withdraw(self.random.choice(self.sent)).status_code

    def vote(self) -> int:
        comment_id = self.random.choice(self.sent)["id"]
        address = f"192.0.2.{self.random.randrange(3)}"
        return self.site.vote(comment_id, self.random.choice([None, 0, 1]), address=address).status_code

    def flag(self) -> int:
        address = f"192.0.2.{self.random.randrange(6)}"
        reason = self.random.choice(["spam", "abuse", "It is wrong"])
        return self.site.flag(self.random.choice(self.sent)["id"], reason, address=address).status_code


def public_page(site: SiteDriver) -> list[dict[str, Any]]:
    """Return all that readers see, in the form of `reference_page`, gathered from pages of seven."""
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = site.page(limit=7, **cursor)
        seen += [
            {
                "id": c["id"],
                "parent_id": c["parent_id"],
                "depth": c["depth"],
                "deleted": c["deleted"],
                "name": c["author"] and c["author"]["name"],
                "body_html": c["body_html"],
            }
            for c in page["comments"]
        ]
        if page["next"] is None:
            return seen
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("policy", list(Policy), ids=["every reply is held", "until trusted", "at once"])
@pytest.mark.parametrize("seed", [1, 2] if os.environ.get("EVERYTHING") else [1])
def test_numbers_and_page_agree_with_the_comments_after_every_step(
    free_site: SiteDriver, policy: Policy, seed: int
) -> None:
    free_site.change(policy=policy, max_depth=3, flag_threshold=2)
    passer = Passer(free_site, seed)
    done: list[str] = []
    for _ in range(STEPS):
        done.append(passer.step())
        assert discrepancies(free_site.app, free_site.slug) == [], done
        assert public_page(free_site) == reference_page(free_site.app, free_site.slug, free_site.article), done
    assert len(set(done)) > 4, "the chance has tried several things"


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Start the work in as many threads at one moment and return what each gave; a fault in one fails the test."""
    barrier = threading.Barrier(count)

    def starting(number: int) -> Any:
        barrier.wait(timeout=10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [done.result() for done in [pool.submit(starting, number) for number in range(count)]]


def test_opposite_decisions_all_over_a_tree_at_once_keep_every_number(app: Flask) -> None:
    site = make_site(app, limits="off")
    site.change(max_depth=4)
    root = site.published(email="same@example.org")
    tree = [root]
    for number in range(11):
        parent = tree[number // 2]
        tree.append(site.published(parent_id=parent["id"], email="same@example.org", body=f"In the tree {number}"))
    moderators = [site.another_token(name=f"Moderator {number}") for number in range(THREADS)]

    def decide(number: int) -> list[int]:
        chance = random.Random(number)
        client = app.test_client()
        statuses = []
        for _ in range(12):
            comment = chance.choice(tree)["id"]
            address = f"/v1/moderation/comments/{comment}"
            seen = client.get(address, headers=moderators[number]).get_json()
            decision = {
                "action": chance.choice([a for a in seen["actions"] if a != "delete"]),
                "revision": seen["revision"],
                "version": seen["version"],
            }
            statuses.append(client.post(f"{address}/decisions", json=decision, headers=moderators[number]).status_code)
        return statuses

    statuses = Counter(status for thread in together(THREADS, decide) for status in thread)
    assert set(statuses) <= {201, 409}
    assert statuses[201] > THREADS
    assert discrepancies(app, site.slug) == []
    assert public_page(site) == reference_page(app, site.slug, site.article)


@pytest.mark.parametrize("answers", ["what is decided on", "a reply at the deepest level below it"])
def test_replies_published_at_once_and_decisions_on_what_they_answer_never_wait_for_each_other(
    app: Flask, answers: str
) -> None:
    site = make_site(app, limits="off")
    site.change(policy=Policy.NONE, max_depth=1)
    roots = [site.submitted(email="same@example.org", body=f"Root {number}") for number in range(3)]
    answered = {root["id"]: root["id"] for root in roots}
    if answers != "what is decided on":
        for root in roots:
            child = site.submitted(parent_id=root["id"], body=f"Child of {root['id']}")
            answered[root["id"]] = child["id"]

    def answer_or_decide(number: int) -> list[int]:
        chance = random.Random(number)
        own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
        statuses = []
        for step in range(12):
            root = chance.choice(roots)
            if number % 2:
                # The author of the parent answers themselves: their row and the parent's are both wanted.
                sent = own.submit(
                    parent_id=answered[root["id"]], email="same@example.org", body=f"Answer {number} {step}"
                )
                statuses.append(sent.status_code)
            else:
                seen = own.opened(root["id"])
                # Not spam: what its author sends next would be held, and here everything has to be published at once.
                action = "restore" if seen["status"] == "rejected" else "reject"
                decided = own.decide(root["id"], action, revision=seen["revision"], version=seen["version"])
                statuses.append(decided.status_code)
        return statuses

    statuses = Counter(status for thread in together(THREADS, answer_or_decide) for status in thread)
    assert set(statuses) <= {201, 409, 422}, "a reply is published or its parent is gone, a decision is made or stale"
    assert statuses[201] > THREADS
    assert discrepancies(app, site.slug) == []
    assert public_page(site) == reference_page(app, site.slug, site.article)


def test_authors_and_moderators_changing_one_comment_at_once_leave_it_whole(app: Flask) -> None:
    site = make_site(app, limits="off")
    for round_number in range(4):
        sent = site.submitted(body=f"Contested {round_number}")

        def change(number: int, sent: dict[str, Any] = sent) -> int:
            own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
            if number < 3:
                return own.revise(sent, f"Wording {number}").status_code
            if number < 6:
                return own.approve(sent["id"], revision=1).status_code
            return own.withdraw(sent).status_code if number == 7 else own.decide(sent["id"], "spam").status_code

        statuses = together(THREADS, change)
        assert set(statuses) <= {200, 201, 204, 403, 409}, statuses
        assert discrepancies(app, site.slug) == []
        assert site.opened(sent["id"])["status"] == "deleted" or 409 in statuses


def readers_of(site: SiteDriver) -> Callable[[int], SiteDriver]:
    """Return what gives each thread a driver of its own."""
    return lambda _number: SiteDriver(site.app, site.slug, site.origin, site.token, site.article)


@pytest.mark.parametrize("alike", [True, False], ids=["one reader", "eight readers"])
def test_votes_and_flags_at_one_moment_are_each_counted_once_a_reader(app: Flask, alike: bool) -> None:
    site = make_site(app, limits="off")
    site.change(flag_threshold=0)
    sent, own = site.published(), readers_of(site)

    def react(number: int) -> list[int]:
        reader, address = own(number), f"192.0.2.{1 if alike else number}"
        statuses = [reader.vote(sent["id"], value, address=address).status_code for value in (1, 0, 1, 1)]
        return statuses + [reader.flag(sent["id"], address=address).status_code for _ in range(3)]

    statuses = Counter(status for thread in together(THREADS, react) for status in thread)
    readers = 1 if alike else THREADS
    assert statuses == {200: THREADS * 7 - readers, 201: readers}
    opened = site.opened(sent["id"])
    assert opened["flags"]["count"] == readers
    assert alike or opened["votes"] == THREADS
    assert discrepancies(app, site.slug) == []


def test_the_flags_of_one_moment_bring_a_comment_back_once(app: Flask) -> None:
    site = make_site(app, limits="off")
    own = readers_of(site)
    for round_number in range(3):
        sent = site.published(body=f"Shoes {round_number}")
        comment_id = sent["id"]

        def flag(number: int, comment_id: str = comment_id) -> int:
            return own(number).flag(comment_id, address=f"192.0.2.{number}").status_code

        assert together(THREADS, flag) == [201] * THREADS
        opened = site.opened(comment_id)
        assert (opened["status"], opened["version"], opened["flags"]["count"]) == ("pending", 3, THREADS)
        assert [signal["name"] for signal in opened["signals"]].count("flagged") == 1
        assert discrepancies(app, site.slug) == []


def test_votes_and_flags_never_wait_for_decisions_replies_and_withdrawals_in_a_circle(app: Flask) -> None:
    site = make_site(app, limits="off")
    site.change(policy=Policy.NONE, max_depth=2, flag_threshold=2)
    own = readers_of(site)
    root = site.submitted(email="same@example.org", body="Root")
    tree = [root] + [
        site.submitted(email="same@example.org", body=f"Below {number}", parent_id=root["id"]) for number in range(4)
    ]

    def do(number: int) -> list[int]:
        chance, person, statuses = random.Random(number), own(number), []
        for step in range(12):
            sent = chance.choice(tree)
            address = f"192.0.2.{chance.randrange(20)}"
            if number < 2:
                statuses.append(person.vote(sent["id"], chance.choice([0, 1]), address=address).status_code)
            elif number < 4:
                statuses.append(person.flag(sent["id"], address=address).status_code)
            elif number < 6:
                seen = person.opened(sent["id"])
                action = chance.choice([a for a in seen["actions"] if a != "delete"] or ["delete"])
                statuses.append(person.decide(sent["id"], action, revision=seen["revision"]).status_code)
            elif number < 7:
                said = person.submit(
                    parent_id=sent["id"], email="same@example.org", body=f"Answer {number} {step}", address=address
                )
                statuses.append(said.status_code)
            elif step > 8:
                statuses.append(person.withdraw(tree[step - 8]).status_code)
            else:
                statuses.append(person.revise(tree[1 + step % 4], f"Other words {step}").status_code)
        return statuses

    statuses = Counter(status for thread in together(THREADS, do) for status in thread)
    assert set(statuses) <= {200, 201, 202, 204, 403, 404, 409, 422}, statuses
    assert statuses[200] + statuses[201] > THREADS
    assert discrepancies(app, site.slug) == []
    assert public_page(site) == reference_page(app, site.slug, site.article)

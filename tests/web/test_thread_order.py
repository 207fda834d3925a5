"""The order of a thread, its depth and its tombstones, compared with the plainest program that knows them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from service.domain.site import Policy
from service.extensions import db
from service.store.models import CommentRow
from tests.driver import SiteDriver

_articles = itertools.count(2)


@dataclass
class Node:
    """A comment as this test remembers it."""

    id: str
    parent: Node | None
    votes: int = 0
    removed: bool = False
    replies: list[Node] = field(default_factory=list)

    @property
    def is_shown(self) -> bool:
        return not self.removed or any(reply.is_shown for reply in self.replies)

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1


def expected(roots: Sequence[Node], sort: str) -> list[tuple[str, str | None, int, bool]]:
    """Return id, parent, depth and `deleted` of every line of the page, in order."""
    ordered = sorted(roots, key=lambda root: root.id, reverse=sort == "newest")
    if sort == "top":
        ordered.sort(key=lambda root: -root.votes)
    return [line for root in ordered for line in _lines(root)]


def _lines(node: Node) -> list[tuple[str, str | None, int, bool]]:
    if not node.is_shown:
        return []
    here = (node.id, node.parent.id if node.parent else None, node.depth, node.removed)
    return [here, *(line for reply in sorted(node.replies, key=lambda reply: reply.id) for line in _lines(reply))]


def shown(comments: list[dict[str, Any]]) -> list[tuple[str, str | None, int, bool]]:
    return [(comment["id"], comment["parent_id"], comment["depth"], comment["deleted"]) for comment in comments]


def walked(site: SiteDriver, article: str, sort: str, limit: int) -> list[tuple[str, str | None, int, bool]]:
    """Return the lines of all pages, one after the other."""
    lines, cursor = [], None
    while True:
        page = site.page(article=article, sort=sort, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page["comments"]) <= limit
        lines += shown(page["comments"])
        cursor = page["next"]
        if cursor is None:
            return lines
        assert len(page["comments"]) == limit, "only the last page is shorter"


# What each comment answers (an earlier one, or nothing where the number is too high), its votes, and whether it is
# withdrawn at the end.
PLANS = st.lists(st.tuples(st.integers(0, 24), st.integers(-2, 2), st.booleans()), min_size=1, max_size=16)


@given(plan=PLANS, limit=st.integers(1, 9))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_thread_in_any_order_by_any_page_is_as_a_simple_program_says(
    free_site: SiteDriver, plan: list[tuple[int, int, bool]], limit: int
) -> None:
    site, article = free_site, f"{free_site.origin}/articles/{next(_articles)}"
    site.change(policy=Policy.NONE)
    nodes: list[Node] = []
    receipts = []
    for answers, votes, _ in plan:
        parent = nodes[answers] if answers < len(nodes) else None
        sent = site.submitted(article=article, parent_id=parent.id if parent else None)
        # Deeper than five levels, a reply stands beside what it answers.
        above = parent.parent if parent and parent.depth == 5 else parent
        node = Node(sent["id"], above, votes)
        if above is not None:
            above.replies.append(node)
        nodes.append(node)
        receipts.append(sent)
    vote(site, nodes)
    for node, sent, (_, _, removed) in zip(nodes, receipts, plan, strict=True):
        if removed:
            assert site.withdraw(sent).status_code == 204
            node.removed = True
    roots = [node for node in nodes if node.parent is None]
    count = sum(not node.removed for node in nodes)
    for sort in ("oldest", "newest", "top"):
        page = site.page(article=article, sort=sort, limit=100)
        assert shown(page["comments"]) == expected(roots, sort), sort
        assert page["article"]["count"] == count
        assert walked(site, article, sort, limit) == expected(roots, sort), sort


def vote(site: SiteDriver, nodes: list[Node]) -> None:
    """Give comments their votes where votes are stored; there is no way yet to give them over HTTP."""
    with site.app.app_context():
        for node in nodes:
            db.session.execute(update(CommentRow).where(CommentRow.id == UUID(node.id)).values(votes=node.votes))
        db.session.commit()


def chain(site: SiteDriver, length: int) -> list[dict[str, Any]]:
    """Publish comments of which each answers the one before, and return them as readers see them, by age."""
    parent: str | None = None
    ids = []
    for _ in range(length):
        parent = site.published(parent_id=parent)["id"]
        ids.append(parent)
    by_id = {comment["id"]: comment for comment in site.page()["comments"]}
    return [by_id[comment_id] for comment_id in ids]


def test_replies_deeper_than_five_levels_stand_beside_what_they_answer(free_site: SiteDriver) -> None:
    thread = chain(free_site, 8)
    assert [comment["depth"] for comment in thread] == [0, 1, 2, 3, 4, 5, 5, 5]
    assert [comment["parent_id"] for comment in thread[1:6]] == [comment["id"] for comment in thread[:5]]
    assert {comment["parent_id"] for comment in thread[5:]} == {thread[4]["id"]}


@pytest.mark.parametrize(("max_depth", "depths"), [(0, [0, 0, 0]), (1, [0, 1, 1]), (2, [0, 1, 2])])
def test_a_site_sets_how_deep_replies_go(free_site: SiteDriver, max_depth: int, depths: list[int]) -> None:
    free_site.change(max_depth=max_depth)
    thread = chain(free_site, 3)
    assert [comment["depth"] for comment in thread] == depths
    assert [comment["parent_id"] is None for comment in thread] == [depth == 0 for depth in depths]


def test_a_depth_that_is_lowered_later_counts_for_new_replies_alone(free_site: SiteDriver) -> None:
    thread = chain(free_site, 4)
    free_site.change(max_depth=1)
    free_site.published(parent_id=thread[3]["id"])
    page = free_site.page()["comments"]
    assert [comment["depth"] for comment in page] == [0, 1, 2, 3, 1]
    assert page[4]["parent_id"] == thread[0]["id"]


def test_a_deleted_comment_with_replies_leaves_a_tombstone_without_a_word(free_site: SiteDriver) -> None:
    parent = free_site.published(name="Gone", url="https://gone.example", body="Gone words")
    reply = free_site.published(parent_id=parent["id"])
    free_site.withdraw(parent)
    tombstone, still = free_site.page()["comments"]
    assert tombstone == {
        "id": parent["id"],
        "parent_id": None,
        "depth": 0,
        "author": None,
        "body_html": "",
        "published_at": None,
        "edited_at": None,
        "votes": tombstone["votes"],
        "deleted": True,
    }
    assert (still["id"], still["parent_id"]) == (reply["id"], parent["id"])
    assert free_site.page()["article"]["count"] == 1
    query = {"site": free_site.slug, "article": free_site.article}
    assert "gone" not in free_site.client.get("/comments", query_string=query).text.lower()


@pytest.mark.parametrize("action", ["delete", "reject", "spam"])
def test_a_comment_taken_down_by_a_moderator_holds_up_its_replies(free_site: SiteDriver, action: str) -> None:
    parent = free_site.published()
    reply = free_site.published(parent_id=parent["id"])
    free_site.decide(parent["id"], action)
    assert [(c["id"], c["deleted"]) for c in free_site.page()["comments"]] == [
        (parent["id"], True),
        (reply["id"], False),
    ]


def test_a_comment_taken_down_by_mistake_stands_in_its_place_again(free_site: SiteDriver) -> None:
    thread = chain(free_site, 3)
    free_site.decide(thread[1]["id"], "reject")
    free_site.decide(thread[1]["id"], "restore")
    assert shown(free_site.page()["comments"]) == shown(thread)
    assert free_site.page()["article"]["count"] == 3


def test_a_tombstone_goes_with_the_last_of_its_replies(free_site: SiteDriver) -> None:
    parent = free_site.published()
    replies = [free_site.published(parent_id=parent["id"]) for _ in range(2)]
    free_site.withdraw(parent)
    free_site.withdraw(replies[0])
    assert [c["deleted"] for c in free_site.page()["comments"]] == [True, False]
    free_site.withdraw(replies[1])
    assert free_site.page()["comments"] == []
    assert free_site.page()["article"]["count"] == 0


def test_tombstones_of_several_levels_go_together(free_site: SiteDriver) -> None:
    thread = [free_site.published()]
    for _ in range(3):
        thread.append(free_site.published(parent_id=thread[-1]["id"]))
    for sent in thread[:3]:
        free_site.withdraw(sent)
    assert [c["deleted"] for c in free_site.page()["comments"]] == [True, True, True, False]
    free_site.withdraw(thread[3])
    assert free_site.page()["comments"] == []


def test_a_deleted_comment_whose_reply_still_waits_comes_back_as_a_tombstone_with_the_approval(
    free_site: SiteDriver,
) -> None:
    parent = free_site.published()
    reply = free_site.submitted(parent_id=parent["id"])
    free_site.withdraw(parent)
    assert free_site.page()["comments"] == []
    free_site.approve(reply["id"])
    assert [c["deleted"] for c in free_site.page()["comments"]] == [True, False]


def test_a_page_that_grows_while_it_is_walked_neither_repeats_nor_leaves_out(free_site: SiteDriver) -> None:
    first = [free_site.published()["id"] for _ in range(4)]
    page = free_site.page(limit=2)
    late_reply = free_site.published(parent_id=first[0])["id"]
    late = free_site.published()["id"]
    rest = free_site.page(limit=100, cursor=page["next"])
    seen = [c["id"] for c in page["comments"] + rest["comments"]]
    assert late_reply not in seen
    assert sorted(seen) == sorted([*first, late])

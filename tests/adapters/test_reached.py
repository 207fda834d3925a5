"""How far a copy has to have come: as far as anything that was announced, and nobody knows after a word was missed."""

from __future__ import annotations

from service.adapters.reached import Reached, marked, position_in


def test_the_furthest_position_counts() -> None:
    reached = Reached()
    assert reached.position() is None
    reached.hear(5)
    assert reached.position() is None, "what came before is not known"
    reached.learn(7, since=reached.moment(), now=1.0)
    assert (reached.position(), reached.age(3.0)) == (7, 2.0)
    for heard, furthest in ((9, 9), (8, 9)):
        reached.hear(heard)
        assert reached.position() == furthest
    reached.learn(3, since=reached.moment(), now=2.0)
    assert reached.position() == 9


def test_a_word_without_a_position_leaves_nothing_known() -> None:
    reached = Reached()
    since = reached.moment()
    reached.learn(7, since=since, now=1.0)
    reached.hear(None)
    assert reached.position() is None
    reached.learn(8, since=since, now=1.0)
    assert reached.position() is None, "it was asked for before"
    reached.learn(8, since=reached.moment(), now=1.0)
    assert reached.position() == 8


def test_a_mark_tells_its_position() -> None:
    assert position_in(marked("0af3", 12).encode()) == 12
    assert position_in(marked("0af3", None).encode()) is None
    assert position_in(b"article:0123") is None
    assert position_in(b"x@y") is None

"""The word that pages have changed, and the pages that one process renders for all, in a real Redis."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from service.adapters.changes import CLAIM_LASTS, Changes, channel_of
from service.adapters.redis_link import RedisLink
from tests.granian_server import until
from tests.servers import running_redis

Heard = list[frozenset[bytes] | None]
Make = Callable[[str], tuple[Changes, Heard]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes the changes of another process, with a list of what it hears."""
    with ExitStack() as ends:

        def made(url: str) -> tuple[Changes, Heard]:
            link = RedisLink()
            link.bind(url, tmp_path)
            changes, heard = Changes(link), Heard()
            changes.listen(heard.append)
            ends.callback(link.close)
            ends.callback(changes.close)
            return changes, heard

        yield made


def until_heard(changes: Changes) -> None:
    until(changes.is_heard, "nobody listens")


def test_an_announcement_reaches_this_process_at_once_and_others_soon(redis_url: str, make: Make) -> None:
    (here, heard_here), (there, heard_there) = make(redis_url), make(redis_url)
    until_heard(there)
    assert heard_there == [None]  # what was announced before is not known
    here.announce("garden", {b"a", b"b"})
    assert heard_here == [frozenset({b"a", b"b"})]
    until(lambda: heard_there[1:] == [frozenset({b"a", b"b"})], "the word did not come")


def test_one_renders_and_the_others_get_the_page(redis_url: str, server: redis.Redis, make: Make) -> None:
    (here, _), (there, _) = make(redis_url), make(redis_url)
    asked = [changes.ask("garden", "p") for changes in (here, there, here)]
    assert [shared is not None and shared.is_mine_to_render for shared in asked] == [True, False, False]
    assert asked[0] is not None
    here.lay_down("garden", "p", b"1\n\0page", mark=asked[0].mark, seconds=10)
    found = there.ask("garden", "p")
    assert found is not None
    assert (found.page, found.is_mine_to_render) == (b"1\n\0page", False)
    assert 0 < found.seconds_left <= 10
    assert there.ask("garden", "other").page is None  # type: ignore[union-attr]
    assert all(0 < server.pttl(key) <= 60_000 for key in server.scan_iter())


def test_of_many_at_once_one_renders(redis_url: str, server: redis.Redis, make: Make) -> None:
    asking = [make(redis_url)[0] for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda changes: changes.ask("garden", "p"), asking))
    assert sum(shared is not None and shared.is_mine_to_render for shared in asked) == 1


def test_a_page_counts_only_until_the_site_changes(redis_url: str, server: redis.Redis, make: Make) -> None:
    changes, _ = make(redis_url)
    before = changes.ask("garden", "p")
    assert before is not None
    changes.announce("kitchen", {b"a"})
    changes.lay_down("garden", "p", b"page", mark=before.mark, seconds=10)
    assert changes.ask("garden", "p").page == b"page"  # type: ignore[union-attr]
    changes.announce("garden", {b"a"})
    after = changes.ask("garden", "p")
    assert after is not None
    assert (after.page, after.is_mine_to_render) == (None, True)
    # One that was being rendered when the site changed is not laid down either.
    changes.lay_down("garden", "p", b"late", mark=before.mark, seconds=10)
    assert changes.ask("garden", "p").page is None  # type: ignore[union-attr]


def test_a_page_from_before_does_not_count_again_when_redis_has_dropped_the_mark(
    redis_url: str, server: redis.Redis, make: Make
) -> None:
    changes, _ = make(redis_url)
    for _ in range(2):
        changes.announce("garden", {b"a"})
        asked = changes.ask("garden", "p")
        assert asked is not None
        assert asked.page is None
        changes.lay_down("garden", "p", b"page", mark=asked.mark, seconds=10)
        # As under memory pressure, where what nobody touched for longest goes first.
        server.delete("postbag:{garden}:changes")
        assert changes.ask("garden", "p").page is None  # type: ignore[union-attr]


def test_who_gives_up_or_dies_does_not_keep_others_from_rendering(
    redis_url: str, server: redis.Redis, make: Make
) -> None:
    changes, _ = make(redis_url)
    asked = changes.ask("garden", "p")
    assert asked is not None
    changes.lay_down("garden", "p", None, mark=asked.mark, seconds=10)
    again = changes.ask("garden", "p")
    assert again is not None
    assert again.is_mine_to_render
    assert again.page is None
    assert 0 < server.pttl("postbag:{garden}:rendering:p") <= CLAIM_LASTS.total_seconds() * 1000


def test_without_redis_nothing_is_known_or_heard(make: Make, tmp_path: Path) -> None:
    changes, heard = make(f"unix://{tmp_path}/nobody.sock")
    assert changes.ask("garden", "p") is None
    assert not changes.is_heard()
    changes.announce("garden", {b"a"})
    changes.lay_down("garden", "p", b"page", mark="m", seconds=10)
    assert heard == [frozenset({b"a"})]


def test_when_redis_hangs_everything_is_doubted_and_forgotten_again_when_it_is_back(make: Make) -> None:
    with running_redis() as server:
        changes, heard = make(server.url)
        until_heard(changes)
        server.process.send_signal(signal.SIGSTOP)
        try:
            until(lambda: not changes.is_heard(), "a Redis that says nothing is believed")
            assert heard == [None, None]
            assert changes.ask("garden", "p") is None
        finally:
            server.process.send_signal(signal.SIGCONT)
        until_heard(changes)
        assert heard == [None, None, None]


def test_what_changed_while_redis_was_away_is_told_when_it_is_back(make: Make) -> None:
    with running_redis() as server:
        (here, _), (there, _) = make(server.url), make(server.url)
        until_heard(here)
        until_heard(there)
        before = there.ask("garden", "p")
        assert before is not None
        there.lay_down("garden", "p", b"page", mark=before.mark, seconds=60)
        server.process.send_signal(signal.SIGSTOP)
        try:
            here.announce("garden", {b"a"})
        finally:
            server.process.send_signal(signal.SIGCONT)

        def is_still_there() -> bool:
            found = there.ask("garden", "p")
            return found is None or found.page is not None

        until(lambda: not is_still_there(), "the page of before stays")


def test_when_a_connection_breaks_everything_is_forgotten(redis_url: str, server: redis.Redis, make: Make) -> None:
    changes, heard = make(redis_url)
    until_heard(changes)
    server.client_kill_filter(_type="pubsub")
    until(lambda: len(heard) >= 3, "the listener did not come back")
    assert heard[:3] == [None, None, None]
    until_heard(changes)


def test_a_word_that_cannot_be_understood_does_not_end_the_listening(redis_url: str, tmp_path: Path) -> None:
    heard: Heard = []

    def forget(tags: frozenset[bytes] | None) -> None:
        heard.append(tags)
        if tags == frozenset({b"odd"}):
            raise ValueError("odd")

    link = RedisLink()
    link.bind(redis_url, tmp_path)
    other = RedisLink()
    other.bind(redis_url, tmp_path)
    changes = Changes(link)
    changes.listen(forget)
    until_heard(changes)
    other.call(lambda client: client.publish(channel_of(client), b"odd"))
    until(lambda: heard.count(None) >= 3, "the listener did not come back")
    until_heard(changes)
    other.call(lambda client: client.publish(channel_of(client), b"fine"))
    until(lambda: frozenset({b"fine"}) in heard, "the word did not come")
    changes.close()
    link.close()
    other.close()


def test_an_announcement_tells_how_far_a_copy_of_the_database_has_to_have_come(redis_url: str, make: Make) -> None:
    (here, _), (there, heard) = make(redis_url), make(redis_url)
    until_heard(there)
    there.reached.learn(5, since=there.reached.moment(), now=0.0)
    here.announce("garden", {b"a"}, position=9)
    until(lambda: frozenset({b"a"}) in heard, "the word did not come")
    assert there.reached.position() == 9
    here.announce("garden", {b"b"})
    until(lambda: frozenset({b"b"}) in heard, "the word did not come")
    assert there.reached.position() is None


def test_who_has_not_heard_yet_learns_it_from_the_mark_of_the_site(
    redis_url: str, server: redis.Redis, make: Make
) -> None:
    assert server.keys() == []
    (here, _), (deaf, _) = make(redis_url), make(redis_url)
    deaf.reached.learn(5, since=deaf.reached.moment(), now=0.0)
    deaf.ask("garden", "p")
    assert deaf.reached.position() == 5, "nothing has changed"
    here.announce("garden", {b"a"}, position=9)
    deaf.ask("garden", "p")
    assert deaf.reached.position() == 9

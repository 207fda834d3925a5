"""Pages in memory: bounded in bytes, found by what was asked, stale once a tag of theirs has changed."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.web.kept_pages import MOST_ADDRESSES, MOST_FORGOTTEN, OVERHEAD, KeptPages, Page

MEMORY = 100_000
SIZE = 10_000
"""What a page takes in these tests, or nearly: nine of them have room."""


def page(name: str, *tags: bytes, body: bytes = b"", fresh_until: float = 10.0) -> Page:
    body = body or random.Random(name).randbytes(SIZE - OVERHEAD - 400)
    return Page(name, '"etag"', [("Content-Type", "text/plain")], body, frozenset(tags or {b"t"}), 0.0, fresh_until)


def held(pages: KeptPages) -> int:
    return sum(kept.size for kept in pages._pages.values())


def test_a_page_is_found_until_it_is_replaced() -> None:
    pages = KeptPages(MEMORY)
    first, second = page("a"), page("a")
    assert pages.find("a") is None
    assert pages.keep(first, pages.moment())
    assert pages.find("a") is first
    assert pages.keep(second, pages.moment())
    assert pages.find("a") is second
    assert pages._size == held(pages) == second.size


def test_what_is_kept_has_a_bound_in_bytes_whatever_grows() -> None:
    pages = KeptPages(MEMORY)
    for number in range(100):
        kept = page(str(number), f"tag {number}".encode())
        pages.keep(kept, pages.moment())
        for coding in ("br", "gzip"):
            pages.answer(kept, coding)
        for spelling in range(20):
            pages.know_address(f"{number} {spelling} {'x' * 500}", kept)
        assert pages._size == held(pages) <= MEMORY
    assert 0 < len(pages._pages) < 10
    assert len(pages.addresses) == sum(len(kept.addresses) for kept in pages._pages.values())
    assert len(pages._by_tag) == len(pages._pages)


@pytest.mark.parametrize("memory", [0, 2 * SIZE])
def test_a_page_that_takes_a_large_part_of_the_memory_is_not_kept(memory: int) -> None:
    pages = KeptPages(memory)
    assert not pages.keep(page("a"), pages.moment())
    assert pages._size == 0


def test_a_page_without_tags_is_not_kept_since_nothing_could_make_it_stale() -> None:
    pages = KeptPages(MEMORY)
    assert not pages.keep(Page("a", '"e"', [], b"x", frozenset(), 0.0, 10.0), pages.moment())


def test_what_is_asked_for_outlives_any_number_of_pages_that_are_asked_for_once() -> None:
    pages = KeptPages(MEMORY)
    popular = page("popular")
    pages.keep(popular, pages.moment())
    for number in range(50):
        popular.is_in_use = True
        pages.keep(page(f"junk {number}"), pages.moment())
    assert pages.find("popular") is popular
    # It is no longer asked for, and makes room as everything does.
    for number in range(50, 100):
        pages.keep(page(f"junk {number}"), pages.moment())
    assert pages.find("popular") is None


def test_a_page_that_is_made_anew_stays_as_popular_as_it_was() -> None:
    pages = KeptPages(MEMORY)
    pages.keep(page("a"), pages.moment())
    found = pages.find("a")
    assert found is not None
    found.is_in_use = True
    pages.keep(page("a"), pages.moment())
    for number in range(9):
        pages.keep(page(f"junk {number}"), pages.moment())
    assert pages.find("a") is not None


def test_what_carries_a_tag_is_stale_once_it_changes() -> None:
    pages = KeptPages(MEMORY)
    one, other, both = page("1", b"a"), page("2", b"b"), page("3", b"a", b"b")
    for kept in (one, other, both):
        pages.keep(kept, pages.moment())
    pages.forget({b"a", b"unknown"}, 5.0)
    assert [kept.fresh_until for kept in (one, other, both)] == [5.0, 10.0, 5.0]
    pages.forget(None, 6.0)
    assert [kept.fresh_until for kept in (one, other, both)] == [5.0, 6.0, 5.0]


@pytest.mark.parametrize(
    ("changed", "is_kept"), [({b"a"}, False), ({b"b"}, True), (None, False), (set(), True), ({b"b", b"a"}, False)]
)
def test_a_page_that_changed_while_it_was_rendered_is_not_kept(changed: set[bytes] | None, is_kept: bool) -> None:
    pages = KeptPages(MEMORY)
    pages.forget({b"a"}, 1.0)
    since = pages.moment()
    pages.forget(changed, 2.0)
    assert pages.keep(page("1", b"a"), since) is is_kept
    assert (pages.find("1") is not None) is is_kept


def test_the_changes_that_are_remembered_are_bounded_and_what_is_forgotten_counts_as_changed() -> None:
    pages = KeptPages(MEMORY)
    since = pages.moment()
    pages.forget({b"early"}, 1.0)
    for number in range(MOST_FORGOTTEN + 10):
        pages.forget({str(number).encode()}, 1.0)
    assert len(pages._changed) == MOST_FORGOTTEN
    assert not pages.keep(page("1", b"early"), since)
    assert not pages.keep(page("2", b"never changed"), since)
    assert pages.keep(page("3", b"early"), pages.moment())


@pytest.mark.parametrize(
    ("now", "will_do"), [pytest.param(10.04, True, id="just-now"), pytest.param(10.06, False, id="a-while-ago")]
)
def test_an_old_page_will_do_for_a_moment_after_it_has_changed_or_aged(now: float, will_do: bool) -> None:
    assert page("1", fresh_until=10.0).will_do(now) is will_do
    pages = KeptPages(MEMORY)
    changed = page("2", fresh_until=20.0)
    pages.keep(changed, pages.moment())
    pages.forget(None, 10.0)
    pages.forget(None, 10.05)  # changed again, but stale since the first time
    assert changed.will_do(now) is will_do


def test_a_page_is_found_by_its_latest_addresses() -> None:
    pages = KeptPages(MEMORY)
    kept, gone = page("1"), page("2")
    pages.keep(kept, pages.moment())
    for number in range(MOST_ADDRESSES + 3):
        pages.know_address(str(number), kept)
        pages.know_address(str(number), kept)
    pages.know_address("gone", gone)
    assert list(pages.addresses) == [str(number) for number in range(3, MOST_ADDRESSES + 3)]
    pages.keep(page("1"), pages.moment())
    assert pages.addresses == {}


def test_an_answer_is_made_once_for_each_coding_and_short_pages_are_left_as_they_are() -> None:
    pages = KeptPages(MEMORY)
    long, short = page("1", body=b"long " * 200), page("2", body=b"short")
    gzipped = pages.answer(long, "gzip")
    assert pages.answer(long, "gzip") is gzipped
    assert gzipped.etag == '"etag-gzip"'
    assert pages.answer(long, None).body == (long.body,)
    assert pages.answer(short, "br").etag == '"etag"'
    assert ("Content-Length", "5") in pages.answer(short, "br").headers
    assert "Content-Type" not in dict(gzipped.not_modified)


def test_threads_leave_the_books_in_order() -> None:
    pages = KeptPages(MEMORY)

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(300):
            name = str(chance.randrange(20))
            found = pages.find(name)
            if found is None or found.fresh_until < 10.0:
                found = page(name, name.encode())
                pages.keep(found, pages.moment())
            found.is_in_use = True
            pages.know_address(f"{name} {chance.randrange(20)}", found)
            pages.answer(found, chance.choice(["br", "gzip", None]))
            pages.forget({str(chance.randrange(20)).encode()}, 1.0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert pages._size == held(pages) <= MEMORY
    assert len(pages.addresses) == sum(len(kept.addresses) for kept in pages._pages.values())
    assert {key for keys in pages._by_tag.values() for key in keys} == set(pages._pages)

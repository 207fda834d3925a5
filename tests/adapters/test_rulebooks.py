"""Rule books are built once for each version of a site's rules, whoever asks."""

from __future__ import annotations

import threading
from uuid import uuid4

from service.adapters.rulebooks import MOST_KEPT, RuleBooks
from service.domain.rules import Rule, RuleKind
from tests.domain.rule_making import NOW, rule


def test_a_book_is_read_again_only_when_the_rules_have_changed() -> None:
    books, site, read = RuleBooks(), uuid4(), list[int]()

    def load(version: int) -> list[Rule]:
        read.append(version)
        return [rule(RuleKind.WORD, f"word{version}")]

    for version in (1, 1, 2, 1):
        books.get(site, version, lambda version=version: load(version))  # type: ignore[misc]
    assert read == [1, 2]
    assert books.get(site, 2, lambda: load(2)).of_words("word2", "", NOW)


def test_many_who_come_at_once_have_it_built_once() -> None:
    books, site, read = RuleBooks(), uuid4(), list[int]()
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        books.get(site, 1, lambda: read.append(1) or [])  # type: ignore[func-returns-value]

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert read == [1]


def test_a_failure_to_read_is_no_empty_book() -> None:
    books, site = RuleBooks(), uuid4()

    def away() -> list[Rule]:
        raise ConnectionError

    for _ in range(2):
        try:
            books.get(site, 1, away)
        except ConnectionError:
            continue
        raise AssertionError("a book was made of nothing")
    assert books.get(site, 1, lambda: [rule(RuleKind.WORD, "casino")]).of_words("casino", "", NOW)


def test_a_bounded_number_of_books_is_kept() -> None:
    books, first, read = RuleBooks(), uuid4(), list[int]()
    for site in [first, *(uuid4() for _ in range(MOST_KEPT)), first]:
        books.get(site, 1, lambda: read.append(1) or [])  # type: ignore[func-returns-value]
    assert len(read) == MOST_KEPT + 2

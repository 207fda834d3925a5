"""The elements of a page, for tests that need no browser to see that it says what it should."""

from __future__ import annotations

from html.parser import HTMLParser


class _Collector(HTMLParser):
    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.found = wanted, list[dict[str, str]]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self.wanted:
            self.found.append({name: value or "" for name, value in attrs})


def elements(html: str, tag: str) -> list[dict[str, str]]:
    """Return the attributes of every element of a kind."""
    collector = _Collector(tag)
    collector.feed(html)
    return collector.found


def element(html: str, tag: str) -> dict[str, str]:
    """Return the attributes of the only element of a kind."""
    (one,) = elements(html, tag)
    return one

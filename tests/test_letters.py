"""Letters as they are written: every word in its language, nothing smuggled, and links that are good for one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from service import phrases
from service.actions.signed_links import BadLink, Purpose, read_token, signed_link, signed_token
from service.adapters.letters import Words, on_paper
from service.domain.letters import Content, Link, Quote, one_line, shortened
from tests.databases import ON_SQLITE_ALONE

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


def content(**others: object) -> Content:
    said: dict[str, object] = {"subject": "A subject", "paragraphs": ["Hello."]}
    return Content(**(said | others))  # type: ignore[arg-type]


def test_a_letter_says_the_same_in_its_text_and_its_html() -> None:
    stop = Link("No more", "https://comments.example/mail/stop/x")
    quotes = [Quote("One line.\nAnother <b>one</b>.", by="Ada <script>")]
    links = [
        Link("Read it", "https://gazette.example/a?b=1&c=2", is_main=True),
        Link("Elsewhere", "https://x.example/"),
    ]
    text, html = on_paper(content(quotes=quotes, links=links, why="Because.", unsubscribe=stop), "en")
    assert text == (
        "Hello.\n\nAda <script>:\n> One line.\n> Another <b>one</b>.\n\n"
        "Read it:\nhttps://gazette.example/a?b=1&c=2\n\nElsewhere:\nhttps://x.example/\n\n"
        "-- \nBecause.\nNo more:\nhttps://comments.example/mail/stop/x\n"
    )
    assert "<script>" not in html
    assert "<b>" not in html
    assert "Ada &lt;script&gt;" in html
    assert 'href="https://gazette.example/a?b=1&amp;c=2"' in html
    assert html.startswith("<!doctype html>")


def test_a_letter_is_written_from_right_to_left_where_its_language_is() -> None:
    _, html = on_paper(content(), "ar")
    assert '<html lang="ar" dir="rtl">' in html


@pytest.mark.parametrize("file", sorted(phrases.FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_letters_have_words_in_every_language(file: object) -> None:
    words = Words(getattr(file, "stem"))  # noqa: B009 - a path
    said = words.say("mail.newReplies", n=3)
    assert said
    assert (said == "3 new comments in a discussion that you follow:") == (words.tongue == "en")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("Ada\r\nBcc: everybody@example.org", "Ada Bcc: everybody@example.org"),
        ("a \x00 b\u2028c\u200d", "a b c"),
        ("word " * 100, "word " * 29 + "word…"),
    ],
)
def test_a_subject_is_one_line_of_what_can_be_seen(given: str, line: str) -> None:
    assert one_line(given) == line


def test_a_long_word_is_cut_where_it_has_to_be() -> None:
    assert shortened("x" * 20, 10) == "x" * 9 + "…"


@ON_SQLITE_ALONE
def test_a_link_says_what_it_is_about_and_ends_where_programs_find_its_end(app: Flask) -> None:
    with app.app_context():
        token = signed_token(Purpose.STOP, "one-_", "7", expires_at=TOMORROW)
        assert token[-1].isalnum()
        assert read_token(Purpose.STOP, token, now=NOW).parts == ("one-_", "7")
        assert signed_link(Purpose.STOP, "x", expires_at=TOMORROW).startswith("http://127.0.0.1:8000/mail/stop/")


@ON_SQLITE_ALONE
def test_a_link_is_good_for_its_purpose_and_its_time_alone(app: Flask) -> None:
    with app.app_context():
        token = signed_token(Purpose.STOP, "one", expires_at=TOMORROW)
        refused = [
            (Purpose.CONFIRM, token, NOW),
            (Purpose.STOP, token, TOMORROW),
            (Purpose.STOP, token.replace("one", "two"), NOW),
            (Purpose.STOP, token[:-1], NOW),
            (Purpose.STOP, f"{token}f", NOW),
            (Purpose.STOP, f"é{token}", NOW),
            (Purpose.STOP, "", NOW),
            (Purpose.STOP, "x" * 10_000, NOW),
        ]
        for purpose, given, now in refused:
            with pytest.raises(BadLink):
                read_token(purpose, given, now=now)

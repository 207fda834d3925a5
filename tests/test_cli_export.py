"""`flask --app wsgi export`, and `import postbag`, which restores what `export jsonl` has written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade

from service import create_app
from service.actions import recount
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.exports import imported, reasons, report
from tests.reader_tokens import as_known, secret_of, token_by
from tests.stored import rows_stored

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def miscounts(site: SiteDriver) -> list[Any]:
    """Return every number of a site that is not what its comments say; votes and decisions are as they came."""
    with site.app.app_context():
        return [one for found in recount.check(site.slug) for one in found.wrong]


IDS = {"id", "article", "parent", "author", "comment", "receipt", "rule"}


def exported(site: SiteDriver, form: str = "jsonl", *options: str) -> str:
    """Return what a command writes of a site; the test fails where it does."""
    result = site.app.test_cli_runner().invoke(args=["export", form, "--site", site.slug, *options])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def records(text: str) -> list[dict[str, Any]]:
    return [_read(json.loads(line)) for line in text.split("\n")[:-1]]


def _read(value: Any) -> Any:
    """Return a value with its times read: PostgreSQL writes no zeros at their end."""
    if isinstance(value, list):
        return [_read(one) for one in value]
    if isinstance(value, dict):
        return {
            k: datetime.fromisoformat(v) if k.endswith(("_at", "_until")) and v else _read(v) for k, v in value.items()
        }
    return value


def of_type(text: str, *kinds: str) -> list[dict[str, Any]]:
    return [record for record in records(text) if record["type"] in kinds]


def lived_in(site: SiteDriver) -> None:
    """Let a site have some of everything that happens to comments."""
    site.change(max_depth=3, policy="first", trusted_after=7, close_after_days=30)
    first = site.published(body="First, *with* emphasis & <b>tags</b>.", name="Ann ☃", url="https://ann.example")
    below = site.published(body="Below it.", parent_id=first["id"])
    site.published(body="Further below.", parent_id=below["id"], email="ann@example.org")
    assert site.decide(below["id"], "delete").status_code == 201
    edited = site.published(body="Before the edit.", email="Ann@example.org")
    assert site.revise(edited, "After the edit, see https://x.example/.").status_code in {200, 202}
    rejected = site.submitted(body="No.")
    assert site.decide(rejected["id"], "reject", reason="Too short.", note="Again him.").status_code == 201
    assert site.decide(site.submitted(body="Cheap pills.")["id"], "spam").status_code == 201
    waiting = site.submitted(body="Waits.")
    site.flagged(first["id"], "abuse", "other")
    assert site.vote(first["id"]).status_code in {200, 201}
    for about in ("comment", "author"):
        note = {"text": f"On the {about}", "about": about}
        address = f"/v1/moderation/comments/{waiting['id']}/notes"
        assert site.client.post(address, json=note, headers=site.bearer).status_code == 201
    site.rule("word", "hold", "calendula\ntagetes", note="Flowers")
    site.rule("author", "hold", "spammer@example.org\n@bad.example")
    registered = {"site": site.slug, "key": f"{site.origin}/empty", "title": "Nobody wrote here", "open": False}
    assert site.client.put("/v1/articles", json=registered, headers=site.bearer).status_code == 201


@contextmanager
def another_installation(folder: Path, redis_url: str) -> Iterator[Flask]:
    """Yield an application with a database and a secret of its own."""
    settings = settings_for(f"sqlite:///{folder / 'other.sqlite3'}", redis_url, folder, secret_key="quite another one")
    app = create_app(settings)
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def what_came(text: str) -> list[dict[str, Any]]:
    """Return everything that is restored, in an order that does not depend on ids."""
    return sorted(of_type(text, *WHAT_CAME), key=lambda one: (one["type"], str(one.get("created_at")), repr(one)[-99:]))


def but_for_ids(text: str) -> list[dict[str, Any]]:
    """Return everything that came, without what names something."""

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(one) for one in value]
        return {k: without(v) for k, v in value.items() if k not in IDS} if isinstance(value, dict) else value

    return [without(one) for one in what_came(text) if one["type"] != "rule"]


WHAT_CAME = ("site", "reason", "rule", "article", "author", "comment", "note")


def test_another_installation_restores_everything_under_the_same_ids(
    free_site: SiteDriver, tmp_path: Path, redis_url: str
) -> None:
    lived_in(free_site)
    there = exported(free_site, "jsonl", "--emails")
    with another_installation(tmp_path, redis_url) as app:
        other = make_site(app, limits="off")
        said = report(other, tmp_path, there, kind="postbag")
        assert (said["read"], said["imported"], said["skipped"], said["notes"]) == (7, 7, [], [])
        back = exported(other, "jsonl", "--emails")
        assert what_came(back) == what_came(there)
        # The log of before stands before the site's own, as it was hashed.
        logs = of_type(back, "log")
        assert logs[: len(of_type(there, "log"))] == of_type(there, "log")
        assert miscounts(other) == []
        other.article = free_site.article
        assert other.page() == free_site.page()
        [rejected] = other.queue(status="rejected")["comments"]
        [decision] = other.opened(rejected["id"])["decisions"]
        assert (decision["reason"], decision["note"], decision["action"]) == ("Too short.", "Again him.", "reject")
        again = report(other, tmp_path, there, kind="postbag")
        assert (again["imported"], set(reasons(again).values())) == (0, {"it was imported before"})
        assert exported(other, "jsonl", "--emails").count('"type":"log"') == back.count('"type":"log"') + 1
        undone = app.test_cli_runner().invoke(args=["import", "undo", said["id"]])
        assert (undone.exit_code, undone.stdout) == (0, "Taken back: 7. Left: 0.\n")
        empty = exported(other)
        assert not of_type(empty, "article", "author", "comment", "note", "rule")
        assert of_type(empty, "site")[0]["origins"] == [other.origin]
        assert miscounts(other) == []


def test_another_site_of_the_same_database_gets_ids_of_its_own(free_site: SiteDriver, tmp_path: Path) -> None:
    lived_in(free_site)
    there = exported(free_site)
    other = make_site(free_site.app, limits="off")
    assert report(other, tmp_path, there, "--dry-run", kind="postbag")["imported"] == 7
    assert not of_type(exported(other), "comment")
    assert report(other, tmp_path, there, kind="postbag")["imported"] == 7
    back = exported(other)

    assert but_for_ids(back) == but_for_ids(there)
    assert not {one["id"] for one in of_type(back, "comment")} & {one["id"] for one in of_type(there, "comment")}
    assert miscounts(other) == []
    assert miscounts(free_site) == []
    assert [(one["depth"], one["body_html"]) for one in other.page(article=free_site.article)["comments"]] == [
        (one["depth"], one["body_html"]) for one in free_site.page()["comments"]
    ]
    # Into the site that it came from nothing is restored a second time.
    same = report(free_site, tmp_path, there, kind="postbag")
    assert (same["imported"], set(reasons(same).values())) == (0, {"it is here already"})


@ON_SQLITE
def test_without_being_asked_nobody_s_address_is_taken_out(free_site: SiteDriver, tmp_path: Path) -> None:
    lived_in(free_site)
    for form in ("jsonl", "wxr", "csv-queue", "csv-log"):
        assert "@example.org" not in exported(free_site, form)
    [by_word, by_author] = of_type(exported(free_site), "rule")
    assert (by_word["addresses_left_out"], by_author["terms"], by_author["addresses_left_out"]) == (
        0,
        ["@bad.example"],
        1,
    )
    assert of_type(exported(free_site, "jsonl", "--emails"), "rule")[1]["terms"] == [
        "spammer@example.org",
        "@bad.example",
    ]
    told = {one["id"]: one["email"] for one in of_type(exported(free_site, "jsonl", "--emails"), "author")}
    # Authors are told apart all the same, and two addresses that differ in case are one author.
    assert {one["id"] for one in of_type(exported(free_site), "author")} == set(told)
    assert sum(email.casefold() == "ann@example.org" for email in told.values()) == 1
    other = make_site(free_site.app, limits="off")
    assert report(other, tmp_path, exported(free_site), kind="postbag")["imported"] == 7
    assert [one["email"] for one in of_type(exported(other, "jsonl", "--emails"), "author")] == [None] * len(told)


@ON_SQLITE
def test_readers_whom_the_site_knows_are_known_again_where_addresses_are_handed_on(
    free_site: SiteDriver, tmp_path: Path
) -> None:
    secret = secret_of(free_site)
    signed = [
        as_known(token_by(secret, free_site, sub=f"reader-{n}", email=email), body=f"Number {n}.")
        for n, email in enumerate(("ann@example.org", None))
    ]
    for sent in (*signed, {"email": "ann@example.org"}):
        free_site.submitted(**sent)
    assert "reader-0" not in exported(free_site)
    there = exported(free_site, "jsonl", "--emails")
    assert [(one["email"], one["subject"]) for one in of_type(there, "author")].count(("ann@example.org", None)) == 1
    other = make_site(free_site.app, limits="off")
    assert report(other, tmp_path, there, kind="postbag")["imported"] == 3
    back = exported(other, "jsonl", "--emails")
    assert but_for_ids(back) == but_for_ids(there)
    assert [one["proven"] for one in of_type(back, "comment")].count(True) == 1
    # Whoever the site signs in there with the same names goes on as the same authors.
    other.change(origins=(other.origin, free_site.origin))
    secret = secret_of(other)
    for n in range(2):
        other.submitted(**as_known(token_by(secret, other, sub=f"reader-{n}"), body=f"Again number {n}."))
    assert len(of_type(exported(other), "author")) == 3
    assert miscounts(other) == []


@ON_SQLITE
def test_wordpress_s_format_holds_the_threads_and_spreadsheets_calculate_nothing(
    free_site: SiteDriver, tmp_path: Path
) -> None:
    lived_in(free_site)
    free_site.submitted(body="=1+1", name="@SUM(A1)")
    written = exported(free_site, "wxr", "--emails")
    assert not re.search(r"<p>|<br", written)
    whose = re.findall(
        r"<wp:comment_author><!\[CDATA\[(.*)\]\]>.*\n<wp:comment_author_email><!\[CDATA\[(.*)\]\]>", written
    )
    assert ("", "") in whose, "a tombstone is there for those who have answered it"
    assert all(bool(name) == bool(email) for name, email in whose)
    other = make_site(free_site.app, limits="off")
    other.change(origins=[free_site.origin])
    said = report(other, tmp_path, written)
    # The trash of WordPress is kept only where something stands below it.
    assert (said["read"], said["imported"]) == (8, 7)

    def read(site: SiteDriver) -> list[tuple[Any, ...]]:
        comments = site.page(article=free_site.article)["comments"]
        return [(one["depth"], one["deleted"], one["body_html"], one["author"]) for one in comments]

    def without_pictures(lines: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [(*line[:3], line[3] and {k: v for k, v in line[3].items() if k != "avatar"}) for line in lines]

    assert without_pictures(read(other)) == without_pictures(read(free_site))
    assert [one["approved"] for one in of_type(exported(other), "comment") if "approved" in one] == []
    rows = list(csv.DictReader(io.StringIO(exported(free_site, "csv-queue"), newline="")))
    assert [(row["text"], row["name"]) for row in rows][-1] == ("'=1+1", "'@SUM(A1)")
    assert "email" not in rows[0]
    assert {row["article"] for row in rows} == {free_site.article}
    assert exported(free_site, "csv-log").count("\n") == len(of_type(exported(free_site), "log")) + 1
    file = tmp_path / "out.jsonl"
    exported(free_site, "jsonl", "-o", str(file))
    assert (file.stat().st_mode & 0o777, len(file.read_text().splitlines())) == (
        0o600,
        len(records(exported(free_site))),
    )


@ON_SQLITE
def test_an_article_of_an_id_stands_in_wordpress_s_format_under_the_address_of_its_page(
    free_site: SiteDriver, tmp_path: Path
) -> None:
    article = {"site": free_site.slug, "key": "post-17", "url": f"{free_site.origin}/pretty/", "title": "Pretty"}
    assert free_site.client.put("/v1/articles", json=article, headers=free_site.bearer).status_code == 201
    free_site.published(article="post-17")
    other = make_site(free_site.app, limits="off")
    other.change(origins=[free_site.origin])
    assert report(other, tmp_path, exported(free_site, "wxr"))["imported"] == 1
    page = other.page(article=f"{free_site.origin}/pretty/")
    assert (page["article"]["title"], page["article"]["count"]) == ("Pretty", 1)


WRONG: dict[str, tuple[str | Callable[[str], str], str]] = {
    "no export": ("hello", "no export of Postbag"),
    "another kind": ('{"version": 1}', "first line does not say so"),
    "of tomorrow": (
        '{"type": "export", "format": "postbag", "version": 2}',
        "version 2 of Postbag's export; 1 is known",
    ),
    "cut off": (lambda text: text[: text.rindex('{"type":"end"')], "cut off"),
    "cut off in a line": (lambda text: text[: len(text) // 2], "cut off"),
    "a line is missing": (lambda text: re.sub(r'\{"type":"note".*\n', "", text, count=1), "as many records as it says"),
    "an unknown record": (
        lambda text: text.replace('{"type":"note"', '{"type":"nuisance"', 1),
        "“nuisance” is no type",
    ),
    "a wrong time": (
        lambda text: re.sub(r'"queued_at":"[^"]*"', '"queued_at":"never"', text),
        "`queued_at`: what is wanted here is a time",
    ),
    "a wrong status": (
        lambda text: text.replace('"status":"approved"', '"status":"great"'),
        "here is one of approved",
    ),
    "a standing that cannot be": (lambda text: text.replace('"published_revision":1', '"published_revision":7'), "fit"),
    "no settings": (lambda text: re.sub(r'\{"type":"site".*\n', "", text, count=1), "record of the type site"),
    "wrong settings": (lambda text: text.replace('"max_depth":3', '"max_depth":300', 1), "in the settings of the site"),
    "a wrong policy": (lambda text: text.replace('"policy":"first"', '"policy":"x"', 1), "`policy`"),
}


@ON_SQLITE
def test_what_is_wrong_with_our_own_export_is_told_in_one_line_and_nothing_is_written(
    free_site: SiteDriver, tmp_path: Path
) -> None:
    lived_in(free_site)
    whole, other = exported(free_site), make_site(free_site.app)
    before = rows_stored(free_site.app)
    for name, (made, told) in WRONG.items():
        content = made if isinstance(made, str) else made(whole)
        assert content != whole, name
        result = imported(other, tmp_path, content, kind="postbag")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), (name, result.output, result.exception)
        assert told in result.stderr, (name, result.stderr)
    assert rows_stored(free_site.app) == before


@ON_SQLITE
def test_what_a_file_says_is_rendered_anew_and_no_name_leads_out_of_the_page(
    free_site: SiteDriver, tmp_path: Path
) -> None:
    """The file may come from anybody: HTML in it is never shown, and what stands in a name is text."""
    free_site.published(body="Harmless.", name="Ann")
    evil = exported(free_site).replace("<p>Harmless.</p>", "<script>alert(1)</script>")
    evil = evil.replace('"body":"Harmless."', '"body":"<img src=x onerror=alert(1)>Harmless.\\u0000\\ud800"')
    evil = evil.replace('"name":"Ann"', '"name":"<b>ann@example.org</b>"').replace('"url":null', '"url":"javascript:1"')
    other = make_site(free_site.app, limits="off")
    report(other, tmp_path, evil, kind="postbag")
    [comment] = other.page(article=free_site.article)["comments"]
    assert "script" not in json.dumps(comment)
    assert "<img" not in comment["body_html"]
    assert "@" not in comment["author"]["name"]
    assert comment["author"]["url"] is None

"""`flask --app wsgi import wordpress`: what WordPress exports becomes what the service itself would have stored."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from service.extensions import db
from service.store.models import ArticleRow, AuthorRow, OutboxRow
from service.store.session import reading
from service.store.sites import find_site
from tests.driver import SiteDriver
from tests.exports import WP, comment, imported, item, reasons, report, wxr
from tests.store.ledger import discrepancies
from tests.stored import everything_stored, rows_stored


@pytest.fixture
def here(free_site: SiteDriver) -> str:
    """Return the address of the article that the driver reads."""
    return free_site.article


def shown(site: SiteDriver) -> list[tuple[int, str, str]]:
    """Return depth, name and HTML of what readers see."""
    return [
        (one["depth"], one["author"]["name"] if one["author"] else "", one["body_html"] or "")
        for one in site.page()["comments"]
    ]


def test_a_thread_keeps_its_order_times_and_names_whatever_the_order_of_the_file(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    file = wxr(
        item(
            here,
            comment(12, "The reply", parent=11, date_gmt="2019-05-04 04:00:00", author="Tom &amp; J&#233;r&#244;me"),
            comment(11, "The question", date="2019-05-04 13:02:01"),
            comment(13, "Same second", date_gmt="2019-05-04 03:02:01"),
            title="Fish &amp; chips",
        )
    )
    said = report(free_site, tmp_path, file)
    assert (said["read"], said["imported"], said["skipped"], said["notes"]) == (3, 3, [], [])
    page = free_site.page()
    assert page["article"] | {"url": here} == page["article"]
    assert (page["article"]["title"], page["article"]["count"]) == ("Fish & chips", 3)
    assert [name for _, name, _ in shown(free_site)] == ["Reader 11", "Tom & Jérôme", "Reader 13"]
    assert [one["depth"] for one in page["comments"]] == [0, 1, 0]
    assert [one["published_at"] for one in page["comments"]] == [
        "2019-05-04T03:02:01.000Z",
        "2019-05-04T04:00:00.000Z",
        "2019-05-04T03:02:01.000Z",
    ]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_the_same_file_again_adds_nothing_and_a_newer_one_what_is_new(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    old = [comment(1), comment(2, parent=1), comment(3, approved="0")]
    assert report(free_site, tmp_path, wxr(item(here, *old)))["imported"] == 3
    before = shown(free_site)
    again = report(free_site, tmp_path, wxr(item(here, *old)))
    assert (again["read"], again["imported"]) == (3, 0)
    assert set(reasons(again).values()) == {"it was imported before"}
    assert shown(free_site) == before
    newer = report(free_site, tmp_path, wxr(item(here, *old, comment(4, parent=2), comment(5, parent=3))))
    assert newer["imported"] == 2
    assert [depth for depth, _, _ in shown(free_site)] == [0, 1, 2, 0, 1]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_what_was_not_published_there_is_not_published_here(free_site: SiteDriver, here: str, tmp_path: Path) -> None:
    kinds = [
        comment(1, "in the queue", approved="0"),
        comment(2, "buy pills", approved="spam"),
        comment(3, "regretted", approved="trash"),
        comment(4, "withdrawn words", approved="trash"),
        comment(5, "an answer to it", parent=4),
        comment(6, "ping", type="pingback"),
        comment(7, "track", type="trackback"),
        comment(8, "internal", type="order_note"),
        comment(9, "strange", approved="quux"),
    ]
    said = report(free_site, tmp_path, wxr(item(here, *kinds)))
    assert (said["read"], said["imported"]) == (9, 4)
    assert {*reasons(said)} == {"3", "6", "7", "8", "9"}
    assert [one["deleted"] for one in free_site.page()["comments"]] == [True, False]
    [waiting] = free_site.queue()["comments"]
    assert waiting["submitted_at"] == "2019-05-04T03:02:01.000Z"
    assert [signal["name"] for signal in waiting["signals"]] == ["imported"]
    assert free_site.queue()["totals"] == {"pending": 1, "approved": 1, "rejected": 0, "spam": 1, "deleted": 1}
    assert b"withdrawn words" not in everything_stored(free_site.app)
    assert free_site.approve(waiting["id"]).status_code == 201
    [spam] = free_site.queue(status="spam")["comments"]
    assert free_site.decide(spam["id"], "restore").status_code == 201
    assert discrepancies(free_site.app, free_site.slug) == []


def test_dirty_comments_are_kept_as_far_as_they_can_be_and_the_report_says_what_became_of_the_others(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    comments = [
        comment(1, "First under this id"),
        comment(1, "Second under this id"),
        comment(1, "First under this id"),
        comment("", "Without an id"),
        comment("", "Without an id, another"),
        comment(5, "Its parent is gone", parent=404),
        comment(6, "Round", parent=7, date_gmt="2019-05-05 00:00:00"),
        comment(7, "and round", parent=6, date_gmt="2019-05-06 00:00:00"),
        comment(8, "Itself", parent=8),
        comment(9, " \n "),
        comment(10, "No such day", date_gmt="2019-02-30 00:00:00"),
        comment(11, "Never", date_gmt="0000-00-00 00:00:00"),
        comment(12, "Local time alone", date_gmt="0000-00-00 00:00:00", date="2020-01-01 00:00:00"),
        comment(13, "From the future", date_gmt="2999-01-01 00:00:00"),
        comment(14, "Nobody", author=None, author_email=None),
        comment(15, "An address for a name", author="reader15@example.org", author_url="http://"),
        comment(16, "word " * 7_000),
    ]
    said = report(free_site, tmp_path, wxr(item(here, *comments), item(f"{here}?p=2", comment(1, "Elsewhere"))))
    assert reasons(said).keys() == {"1", "9", "10", "11", "13"}
    assert said["imported"] == said["read"] - len(said["skipped"]) == 13
    assert {note["source_id"] for note in said["notes"]} == {"1", "5", "6"}
    found = {html: (depth, name) for depth, name, html in shown(free_site)}
    assert found["<p>Nobody</p>"] == found["<p>An address for a name</p>"] == (0, "Anonymous")
    assert (found["<p>Round</p>"][0], found["<p>and round</p>"][0]) == (0, 1)
    assert max(map(len, found)) > 33_000
    assert report(free_site, tmp_path, wxr(item(here, *comments)))["imported"] == 0
    assert discrepancies(free_site.app, free_site.slug) == []


def test_threads_deeper_than_the_site_go_on_sideways(free_site: SiteDriver, here: str, tmp_path: Path) -> None:
    free_site.change(max_depth=2)
    deep = [comment(number, parent=number - 1) for number in range(1, 6)]
    assert report(free_site, tmp_path, wxr(item(here, *reversed(deep))))["imported"] == 5
    assert sorted(depth for depth, _, _ in shown(free_site)) == [0, 1, 2, 2, 2]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_an_author_is_the_one_who_writes_here_and_nobody_without_an_address_is_anybody(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    free_site.published(email="Ann@example.org", name="Ann")
    jobs = jobs_of(free_site)
    nobody: dict[str, Any] = {"author": "Ann", "author_email": ""}
    file = wxr(item(here, comment(1, author="Ann", author_email="ann@Example.org"), comment(2, **nobody)))
    report(free_site, tmp_path, file)
    with free_site.app.app_context(), reading():
        site_id = find_site(free_site.slug).id
        records = db.session.scalars(select(AuthorRow.approved).where(AuthorRow.site_id == site_id)).all()
    assert sorted(records) == [1, 2]
    assert jobs_of(free_site) == jobs, "nobody is told of what others have read long ago"
    stored = everything_stored(free_site.app)
    assert b"ann@example.org" not in stored.lower()


def jobs_of(site: SiteDriver) -> int:
    """Return how much the site has left to be done later."""
    with site.app.app_context(), reading():
        site_id = find_site(site.slug).id
        return db.session.scalars(select(func.count()).where(OutboxRow.site_id == site_id)).one()


def test_an_author_s_own_address_in_a_text_waits_for_a_person(free_site: SiteDriver, here: str, tmp_path: Path) -> None:
    report(free_site, tmp_path, wxr(item(here, comment(1, "Write to Reader1@example.org"))))
    assert shown(free_site) == []
    assert len(free_site.queue()["comments"]) == 1


def test_html_of_other_systems_keeps_its_paragraphs_links_and_emphasis_and_can_be_edited(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    text = (
        'One <b>bold</b> line\nand <a href="http://a.example/?x=1&amp;y=2" onclick="x()">a link</a>\n\n'
        '<blockquote>quoted</blockquote><script>alert(1)</script><a href="javascript:alert(1)">bad</a> 5 * 3 * 2'
    )
    report(free_site, tmp_path, wxr(item(here, comment(1, text))))
    [(_, _, html)] = shown(free_site)
    assert html == (
        "<p>One <strong>bold</strong> line<br>\n"
        'and <a href="http://a.example/?x=1&amp;y=2" rel="nofollow ugc noopener">a link</a>'
        "</p>\n<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>bad 5 * 3 * 2</p>"
    )


@pytest.mark.parametrize(
    ("options", "is_fine"),
    [
        ({"root": 'xmlns:wp="http://wordpress.org/export/1.0/"', "version": None}, True),
        ({"root": 'xmlns:wp="https://wordpress.org/export/1.1/"', "version": "1.1"}, True),
        ({"root": "", "version": None, "before": "\ufeff\n\n"}, True),
        ({"version": "2.0"}, False),
        ({"root": 'xmlns:wp="http://wordpress.org/export/3.0/"', "version": None}, False),
    ],
    ids=["1.0", "1.1 https", "no namespace, empty line first", "unknown version", "unknown namespace"],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_versions_and_namespaces(
    free_site: SiteDriver, here: str, tmp_path: Path, options: dict[str, Any], is_fine: bool
) -> None:
    result = imported(free_site, tmp_path, wxr(item(here, comment(1)), **options))
    assert (result.exit_code == 0) is is_fine, result.output
    assert len(shown(free_site)) == is_fine


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
WHOLE = wxr(item("https://x.example/1", comment(1)))
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "The file is empty"),
    "text": ("Dear all, here are the comments", "no XML"),
    "json": ('{"version": 1}', "no XML"),
    "cut off": (WHOLE[:-40], "line 2, column"),
    "not nested": (WHOLE.replace("</item>", "</itme>"), "line 2, column"),
    "another root": ("<disqus/>", "begins with <disqus>"),
    "another feed": ('<rss version="2.0"><channel><item/></channel></rss>', "no export of WordPress"),
    "entities": (WHOLE.replace("<rss", f"{BOMB}<rss"), "declares entities"),
    "one element": (WHOLE.replace("A thought.", "x" * 5_000_000), "more than 4,194,304 characters"),
    "one tag": (f"<rss a='{'x' * 2_000_000}", "one tag or comment is longer"),
    "deep": (f"<rss {WP}>{'<a>' * 200}", "more than 100 deep"),
    "bytes": (WHOLE.encode().replace(b"A thought", b"A \xff thought"), "line 2, column"),
    "zip cut off": (b"PK\x03\x04and then nothing", "zip file is damaged"),
    "gzip cut off": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xb3", "cut off"),
    "gzip damaged": (b"\x1f\x8bnot at all gzip inside", "damaged"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_broken_is_told_in_one_line_and_writes_nothing(
    free_site: SiteDriver, tmp_path: Path, content: str | bytes, told: str
) -> None:
    before = rows_stored(free_site.app)
    result = imported(free_site, tmp_path, content)
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert rows_stored(free_site.app) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_dry_run_says_the_same_and_writes_nothing(free_site: SiteDriver, here: str, tmp_path: Path) -> None:
    file = wxr(item(here, comment(1), comment(2, parent=1), comment(3, type="pingback")))
    before = rows_stored(free_site.app)
    dry = report(free_site, tmp_path, file, "--dry-run")
    assert rows_stored(free_site.app) == before
    done = report(free_site, tmp_path, file)
    assert dry["id"] is None
    assert dry | {"id": done["id"]} == done


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_elsewhere_keep_their_address_and_an_older_scheme_is_the_same_page(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    file = wxr(
        item(here.replace("https://", "http://"), comment(1)),
        item("https://elsewhere.example/", comment(2)),
        item("", comment(3)),
        item(f"{here}#comments", comment(4), title="Another title"),
    )
    said = report(free_site, tmp_path, file)
    assert len(shown(free_site)) == 2
    assert "no address" in reasons(said)["3"]
    [noted] = said["notes"]
    assert (noted["source_id"], "take no new replies" in noted["note"]) == ("https://elsewhere.example", True)
    there = "https://elsewhere.example/"
    assert len(free_site.page(article=there)["comments"]) == 1
    assert free_site.submit(article=there).get_json()["errors"][0]["code"] == "not_an_origin_of_the_site"
    free_site.change(origins=(free_site.origin, "https://elsewhere.example"))
    assert free_site.submit(article=there).status_code == 202


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_article_that_takes_no_comments_there_takes_none_here(
    free_site: SiteDriver, here: str, tmp_path: Path
) -> None:
    closed = "<wp:comment_status>closed</wp:comment_status>"
    report(free_site, tmp_path, wxr(item(here, comment(1), more=closed)))
    assert free_site.page()["article"]["open"] is False
    with free_site.app.app_context(), reading():
        made = db.session.scalars(select(ArticleRow.created_at).where(ArticleRow.key == here)).one()
    assert made == datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_people_read_a_report_and_the_log_has_it(free_site: SiteDriver, here: str, tmp_path: Path) -> None:
    result = imported(free_site, tmp_path, wxr(item(here, comment(1), comment(2, approved="0"), comment(3, " "))))
    assert result.output.startswith(
        "3 read, 2 imported, 1 of them into the queue, 1 skipped.\n  3: there is no text in it"
    )
    listed = free_site.app.test_cli_runner().invoke(args=["import", "list", "--site", free_site.slug])
    assert "wordpress export: done, 3 read, 2 imported, 1 skipped" in listed.output
    entries = free_site.client.get("/v1/moderation/log", headers=free_site.bearer).get_json()["entries"]
    assert (entries[0]["kind"], entries[0]["action"]) == ("import", "finish")
    verified = free_site.app.test_cli_runner().invoke(args=["audit", "verify", "--site", free_site.slug])
    assert verified.exit_code == 0, verified.output

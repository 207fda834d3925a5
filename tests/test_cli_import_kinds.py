"""`flask --app wsgi import` for the other systems: each in its own words, and what is wrong with a file in one line."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.driver import SiteDriver
from tests.exports import comment, imported, item, reasons, report, wxr
from tests.store.ledger import discrepancies
from tests.stored import rows_stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def shown(site: SiteDriver, **query: Any) -> list[tuple[int, str | None, str | None]]:
    return [
        (one["depth"], one["author"] and one["author"]["name"], one["body_html"])
        for one in site.page(**query)["comments"]
    ]


def disqus(link: str) -> str:
    def post(number: int, text: str, more: str = "", thread: int = 2, parent: int | None = None) -> str:
        above = f'<parent dsq:id="{parent}"/>' if parent else ""
        return (
            f'<post dsq:id="{number}"><id/><message><![CDATA[{text}]]></message><createdAt>2013-10-11T06:5{number}:33Z'
            f"</createdAt>{more}<author><name>Reader {number}</name><email>r{number}@example.org</email></author>"
            f'<thread dsq:id="{thread}"/>{above}</post>'
        )

    return (
        '<?xml version="1.0"?><disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'
        f'<thread dsq:id="2"><link>{link}</link><title>Hello &amp; welcome</title></thread>'
        '<thread dsq:id="3"><id/></thread>'
        + post(2, "<p>Below</p>", parent=1)
        + post(1, "<p>Above\n<b>all</b></p>")
        + post(3, "gone", "<isDeleted>true</isDeleted>")
        + post(4, "spam", "<isSpam>true</isSpam>")
        + post(5, "lost", thread=1337)
        + "</disqus>"
    )


def isso_json(path: str) -> str:
    comments = [
        {"id": 0, "author": "A", "email": "", "website": "", "created": "2005-02-24 04:03:37", "text": "*Old*"},
        {"id": 1, "author": "B", "parent": 0, "created": "2005-02-25 04:03:37", "text": "Newer"},
    ]
    return json.dumps([{"comments": comments, "id": path, "title": "Test+post"}, {"id": "/else", "comments": []}])


def remark42(url: str) -> str:
    def line(number: int, **fields: Any) -> str:
        said = {
            "id": f"c{number}",
            "pid": "",
            "user": {"name": f"Reader {number}"},
            "locator": {"url": url},
            "score": 3,
        }
        return json.dumps(said | {"time": f"2017-12-20T15:1{number}:22.123456789-06:00"} | fields)

    head = {"version": 1, "users": [], "posts": [{"url": url, "read_only": True}]}
    lines = [
        line(2, pid="c1", text="<p>two</p>", orig="*two*"),
        line(1, text="<p>one</p>"),
        line(3, text="", delete=True),
        line(4, text="four", pid="1234"),
    ]
    return "\n".join([json.dumps(head), *lines, ""])


def commento(url: str, **more: Any) -> str:
    host, _, path = url.removeprefix("https://").partition("/")
    one = {"domain": host, "url": f"/{path}", "parentHex": "root", "score": -2, "deleted": False, "html": ""}
    comments = [
        one | {"commentHex": "b", "commenterHex": "p1", "markdown": "two", "state": "unapproved", "parentHex": "a"},
        one | {"commentHex": "a", "commenterHex": "anonymous", "markdown": "*one*", "state": "approved"},
    ]
    for number, said in enumerate(comments):
        said["creationDate"] = f"2021-03-12T11:2{number}:56Z"
    people = [{"commenterHex": "p1", "email": "u@example.org", "name": "User", "link": "https://u.example"}]
    return json.dumps({"version": 1, "comments": comments, "commenters": people} | more, indent=1)


def comentario(path: str) -> str:
    one = {"pageId": "p", "userCreated": "u", "createdTime": "2023-11-14T20:15:12.000Z", "html": "", "score": 23}
    comments = [
        one | {"id": "1", "markdown": "one", "isApproved": True},
        one | {"id": "2", "markdown": "two", "isApproved": False, "isPending": True, "parentId": "1"},
        one | {"id": "3", "markdown": "no", "isApproved": False, "isPending": False},
        one | {"id": "4", "markdown": "x", "isDeleted": True},
    ]
    people = [{"id": "u", "name": "Bugs", "email": "bugs@example.org"}]
    said = {
        "version": 3,
        "comments": comments,
        "commenters": people,
        "pages": [{"id": "p", "path": path, "title": "H"}],
    }
    return json.dumps(said)


def test_disqus(free_site: SiteDriver, tmp_path: Path) -> None:
    said = report(free_site, tmp_path, disqus(free_site.article), kind="disqus")
    assert (said["read"], said["imported"], sorted(reasons(said))) == (5, 3, ["3", "5"])
    assert shown(free_site) == [
        (0, "Reader 1", "<p>Above <strong>all</strong></p>"),
        (1, "Reader 2", "<p>Below</p>"),
    ]
    assert free_site.page()["article"]["title"] == "Hello & welcome"
    assert (
        report(free_site, tmp_path, gzip.compress(disqus(free_site.article).encode()), kind="disqus")["imported"] == 0
    )
    assert discrepancies(free_site.app, free_site.slug) == []


def test_isso_s_json_and_database(free_site: SiteDriver, tmp_path: Path) -> None:
    path = free_site.article.removeprefix(free_site.origin)
    assert report(free_site, tmp_path, isso_json(path), kind="isso")["imported"] == 2
    assert shown(free_site) == [(0, "A", "<p><em>Old</em></p>"), (1, "B", "<p>Newer</p>")]
    assert free_site.page()["article"]["title"] == "Test post"
    database = sqlite3.connect(tmp_path / "made.db")
    database.executescript(
        "CREATE TABLE threads (id INTEGER PRIMARY KEY, uri, title); CREATE TABLE comments (tid, id INTEGER PRIMARY KEY,"
        " parent, created FLOAT, modified, mode, remote_addr, text, author, email, website, likes, dislikes, voters);"
        "INSERT INTO threads VALUES (1, '/other', 'Other');"
        "INSERT INTO comments VALUES (1, 5, NULL, 1.5e9, NULL, 1, '', 'Yes', 'C', NULL, NULL, 3, 1, '');"
        "INSERT INTO comments VALUES (1, 6, 5, 1.5e9, NULL, 2, '', 'Waits', NULL, 'd@example.org', NULL, 0, 0, '');"
        "INSERT INTO comments VALUES (1, 7, 5, 1e40, NULL, 4, '', '', NULL, NULL, NULL, 0, 0, '');"
    )
    database.commit()
    database.close()
    raw = (tmp_path / "made.db").read_bytes()
    said = report(free_site, tmp_path, raw, kind="isso")
    assert (said["imported"], list(reasons(said))) == (2, ["7"])
    [comment] = free_site.page(article=f"{free_site.origin}/other")["comments"]
    assert (comment["author"]["name"], comment["votes"]) == ("C", 2)
    assert "damaged" in imported(free_site, tmp_path, raw[:5000], kind="isso").stderr


def test_remark42(free_site: SiteDriver, tmp_path: Path) -> None:
    packed = gzip.compress(remark42(free_site.article).encode())
    said = report(free_site, tmp_path, packed, kind="remark42")
    assert (said["imported"], list(reasons(said)), [note["source_id"] for note in said["notes"]]) == (3, ["c3"], ["c4"])
    assert shown(free_site) == [
        (0, "Reader 1", "<p>one</p>"),
        (1, "Reader 2", "<p><em>two</em></p>"),
        (0, "Reader 4", "<p>four</p>"),
    ]
    page = free_site.page()
    assert (page["article"]["open"], page["comments"][0]["votes"]) == (False, 3)
    assert page["comments"][0]["published_at"] == "2017-12-20T21:11:22.123Z"


def test_commento(free_site: SiteDriver, tmp_path: Path) -> None:
    assert report(free_site, tmp_path, commento(free_site.article), kind="commento")["imported"] == 2
    assert shown(free_site) == [(0, "Anonymous", "<p><em>one</em></p>")]
    [waiting] = free_site.queue()["comments"]
    assert free_site.opened(waiting["id"])["email"] == "u@example.org"
    assert waiting["author"]["url"] == "https://u.example/"


def test_comentario_zipped(free_site: SiteDriver, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.json", comentario(free_site.article.removeprefix(free_site.origin)))
    said = report(free_site, tmp_path, packed.getvalue(), kind="comentario")
    assert (said["imported"], list(reasons(said))) == (3, ["4"])
    assert shown(free_site) == [(0, "Bugs", "<p>one</p>")]
    assert free_site.queue()["totals"] == {"pending": 1, "approved": 1, "rejected": 0, "spam": 1, "deleted": 0}


def test_encodings_and_numbers_of_every_kind_are_read(free_site: SiteDriver, tmp_path: Path) -> None:
    """What a file says of its encoding holds; line ends, byte order marks and numbers beyond measure do no harm."""
    page = item(free_site.article, comment(1, "Café"))
    for encoding, before in (("utf-16", b""), ("windows-1252", b""), ("utf-8", b"\xef\xbb\xbf\r\n")):
        written = wxr(page).replace("UTF-8", encoding).replace("\n", "\r\n")
        report(free_site, tmp_path, before + written.encode(encoding))
    assert [body for _, _, body in shown(free_site)] == ["<p>Café</p>"]
    for kind, written in (("commento", commento(free_site.article)), ("remark42", remark42(free_site.article))):
        dirty = written.replace("two", "t\\u0000\\ud800wo").replace('"score": -2', f'"score": {10**30}')
        dirty = dirty.replace('"score": 3', '"score": 1e400').replace("\n", "\r\n")
        assert report(free_site, tmp_path, dirty.encode("utf-8-sig"), kind=kind)["imported"] in {2, 3}
    assert {one["votes"] for one in free_site.page()["comments"]} <= {0, 1_000_000}


def two_files() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", "{}")
        archive.writestr("b", "{}")
    return packed.getvalue()


GOOD = commento("https://x.example/1")
WRONG: dict[str, tuple[str, str | bytes, str]] = {
    "wordpress as disqus": ("disqus", "<rss/>", "begins with <rss>"),
    "a list as commento": ("commento", "[]", "no export of Commento"),
    "an object as isso": ("isso", "{}", "neither Isso's database"),
    "other database": ("isso", b"SQLite format 3\x00" + bytes(100), "the database"),
    "text as remark42": ("remark42", "hello", "no backup of Remark42"),
    "remark42 without version": ("remark42", "{}", "tells no version"),
    "remark42 of tomorrow": ("remark42", '{"version": 7}', "version 7"),
    "commento of tomorrow": ("commento", '{"version": 2}', "version 2"),
    "comentario of tomorrow": ("comentario", '{"version": 481}', "version 481"),
    "no comments": ("comentario", '{"version": 1}', "no list of comments"),
    "no list": ("comentario", '{"version": 1, "comments": 7}', "line 1, column 28"),
    "cut off": ("commento", GOOD[:-30], "cut off"),
    "cut off in a text": ("commento", GOOD[: GOOD.index("*one*") + 2], "cut off"),
    "broken": ("commento", GOOD.replace('"state"', "state", 1), "line 14, column 4"),
    "two exports": ("commento", GOOD + GOOD, "after the end"),
    "not UTF-8": ("commento", GOOD.encode().replace(b"two", b"\xff\xfe"), "UTF-8"),
    "deep": ("commento", '{"version": 1, "comments": [{"a": ' + "[" * 100_000, "nested too deep"),
    "one item": ("commento", '{"version": 1, "comments": [{"a": "' + "x" * 9_000_000, "longer than 8,388,608"),
    "NaN": ("commento", '{"version": 1, "comments": [{"a": NaN}]}', "no JSON"),
    "two in a zip": ("commento", two_files(), "has 2 files"),
    "gzip cut off": ("commento", gzip.compress(GOOD.encode())[:-12], "cut off"),
    "expands": ("commento", gzip.compress(b" " * 300_000_000, 1), "expands beyond measure"),
}


@pytest.mark.parametrize(("kind", "content", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_file_is_told_in_one_line_and_nothing_is_written(
    free_site: SiteDriver, tmp_path: Path, kind: str, content: str | bytes, told: str
) -> None:
    before = rows_stored(free_site.app)
    result = imported(free_site, tmp_path, content, kind=kind)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), (result.output, result.exception)
    assert told in result.stderr
    assert rows_stored(free_site.app) == before


def test_json_is_read_in_whatever_pieces_it_comes(free_site: SiteDriver, tmp_path: Path) -> None:
    """Items lie across the ends of chunks, and numbers and escapes do."""
    url = f"{free_site.article}"
    lines = remark42(url).splitlines()
    one = json.loads(lines[2])
    many = [json.dumps(one | {"id": f"é{n}", "score": n, "text": f"é{'x' * (n % 97)}"}) for n in range(1_500)]
    assert report(free_site, tmp_path, "\n".join([lines[0], *many]), kind="remark42")["imported"] == 1_500

"""Taking a site out and bringing comments in over HTTP: what is answered, what a worker does, and what is refused."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.actions import moving
from service.domain.permissions import Scope
from service.worker import SLOW_HANDLERS, Worker
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, codes, make_site
from tests.exports import comment, item, wxr
from tests.stored import rows_stored
from tests.test_cli_export import of_type

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def sent(site: SiteDriver, content: str | bytes, kind: str = "wordpress", **query: str) -> TestResponse:
    """Send a file to be imported."""
    data = content.encode() if isinstance(content, str) else content
    asked = {"kind": kind, "name": "old.xml"} | query
    return site.client.post("/v1/imports", query_string=asked, data=data, headers=site.bearer)


def work(site: SiteDriver) -> None:
    Worker(site.app, SLOW_HANDLERS).drain()


def told(site: SiteDriver, import_id: str) -> dict[str, Any]:
    answer = site.client.get(f"/v1/imports/{import_id}", headers=site.bearer)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def pieces(site: SiteDriver) -> set[Any]:
    return {row for row in rows_stored(site.app) if row[0] == "import_pieces"}


def export(site: SiteDriver) -> str:
    return wxr(item(site.article, comment(1), comment(2, parent=1), comment(3, approved="0"), comment(4, " ")))


def test_a_worker_imports_what_was_sent_and_takes_it_back(free_site: SiteDriver) -> None:
    answer = sent(free_site, gzip.compress(export(free_site).encode()))
    assert answer.status_code == 202, answer.text
    ordered = answer.get_json()
    assert (ordered["status"], ordered["kind"], ordered["file_name"], ordered["by"]) == (
        "waiting",
        "wordpress",
        "old.xml",
        "Mira",
    )
    assert free_site.page()["comments"] == []
    work(free_site)
    done = told(free_site, ordered["id"])
    assert (done["status"], done["read"], done["imported"], done["skipped_count"]) == ("done", 4, 3, 1)
    assert [one["source_id"] for one in done["skipped"]] == ["4"]
    assert [one["depth"] for one in free_site.page()["comments"]] == [0, 1]
    assert not pieces(free_site)
    listed = free_site.client.get("/v1/imports", headers=free_site.bearer).get_json()["imports"]
    assert [(one["id"], one["status"]) for one in listed] == [(ordered["id"], "done")]
    [waiting] = free_site.queue()["comments"]
    assert free_site.approve(waiting["id"]).status_code == 201
    undo = free_site.client.post(f"/v1/imports/{ordered['id']}/undo", headers=free_site.bearer)
    assert (undo.status_code, undo.get_json()["status"]) == (202, "undoing")
    assert free_site.client.post(f"/v1/imports/{ordered['id']}/undo", headers=free_site.bearer).status_code == 422
    work(free_site)
    undone = told(free_site, ordered["id"])
    # What somebody has decided since is left.
    assert (undone["status"], undone["undone"]) == ("done", 2)
    assert [one["author"]["name"] for one in free_site.page()["comments"]] == ["Reader 3"]


@ON_SQLITE
def test_what_is_wrong_is_told_at_once_and_nothing_is_kept(free_site: SiteDriver) -> None:
    before = rows_stored(free_site.app)
    wrong: dict[str, tuple[str | bytes, str, str, str]] = {
        "malformed": (export(free_site).replace("</item>", ""), "wordpress", "malformed", "line 2, column"),
        "cut off": (export(free_site)[:-40], "wordpress", "malformed", "line 2"),
        "another kind": (export(free_site), "disqus", "wrong_kind", "begins with <rss>"),
        "no zip": (b"PK\x03\x04" + bytes(40), "commento", "malformed", "zip"),
        "of tomorrow": ('{"type": "export", "format": "postbag", "version": 9}', "postbag", "wrong_kind", "version 9"),
        "laughs": ('<!DOCTYPE rss [<!ENTITY a "ha">]><rss/>', "wordpress", "malformed", "line 1"),
    }
    for name, (content, kind, code, says) in wrong.items():
        answer = sent(free_site, content, kind)
        assert (answer.status_code, codes(answer)) == (422, {"file": code}), (name, answer.text)
        assert says in answer.get_json()["errors"][0]["detail"], (name, answer.text)
    assert codes(sent(free_site, "")) == {"file": "required"}
    assert codes(sent(free_site, "x", "joomla")) == {"kind": "not_a_choice"}
    form = free_site.client.post(
        "/v1/imports?kind=isso", data={"file": (io.BytesIO(b"x"), "x")}, headers=free_site.bearer
    )
    assert form.status_code == 415
    assert rows_stored(free_site.app) == before


@ON_SQLITE
def test_what_is_wrong_with_a_long_file_its_report_says(free_site: SiteDriver) -> None:
    long = export(free_site).replace("</channel>", f"<junk>{'x' * 2_000_000}</junk>" * 5 + "<b></c></channel>")
    answer = sent(free_site, long)
    assert answer.status_code == 202
    work(free_site)
    failed = told(free_site, answer.get_json()["id"])
    assert failed["status"] == "failed"
    assert failed["problem"].startswith("line ")
    assert (free_site.page()["comments"], pieces(free_site)) == ([], set())


@ON_SQLITE
def test_what_is_wrong_at_the_beginning_of_a_long_file_is_told_at_once(free_site: SiteDriver) -> None:
    word = "word " * 1_000_000
    one_element = export(free_site).replace("</item>", f"<wp:comment><a>{word}{word}{word}</a></wp:comment></item>")
    for content in (one_element, gzip.compress(one_element.encode())):
        answer = sent(free_site, content)
        assert (answer.status_code, codes(answer)) == (422, {"file": "malformed"})
        assert "one element has more than 4,194,304 characters" in answer.get_json()["errors"][0]["detail"]
    assert pieces(free_site) == set()


@ON_SQLITE
def test_a_dry_run_keeps_the_file_until_somebody_decides(free_site: SiteDriver) -> None:
    noor = signed_in(free_site, "admin")
    page = f"/desk/site/moving?site={free_site.slug}"

    def act(**fields: Any) -> TestResponse:
        return noor.post(page, **fields)

    file = (io.BytesIO(export(free_site).encode()), r"C:\old\export.xml")
    answer = act(do="try", kind="wordpress", file=file)
    assert answer.status_code == 303, answer.text
    assert "waits for a worker" in noor.get(answer.headers["Location"]).text
    work(free_site)
    shown = noor.get(answer.headers["Location"]).text
    assert "Would be imported</dt><dd>3, 1 of them into the queue" in shown
    assert "there is no text in it" in shown
    assert "export.xml" in shown
    assert r"C:\old" not in shown
    assert free_site.page()["comments"] == []
    [tried] = free_site.client.get("/v1/imports", headers=free_site.bearer).get_json()["imports"]
    assert (tried["status"], tried["dry_run"]) == ("tried", True)
    assert act(do="go_on", **{"import": tried["id"]}).status_code == 303
    work(free_site)
    assert len(free_site.page()["comments"]) == 2
    assert act(do="go_on", **{"import": tried["id"]}).status_code == 422
    again = (io.BytesIO(export(free_site).encode()), "export.xml")
    assert act(do="try", kind="wordpress", file=again).status_code == 303
    work(free_site)
    newest = free_site.client.get("/v1/imports", headers=free_site.bearer).get_json()["imports"][0]
    assert (newest["imported"], len(pieces(free_site))) == (0, 1)
    with free_site.app.app_context():
        assert moving.forget_old_files(now=datetime.now(UTC) + timedelta(hours=23)) == 0
        assert moving.forget_old_files(now=datetime.now(UTC) + timedelta(hours=25)) == 1
    assert "the file is gone" in noor.get(page).text
    assert "Choose the system" in act(do="import", kind="", file=(io.BytesIO(b"x"), "x")).text
    assert "Choose the file" in act(do="import", kind="isso").text
    wrong = act(do="import", kind="isso", file=(io.BytesIO(b"x"), "x"))
    assert (wrong.status_code, "neither Isso" in wrong.text) == (422, True)


def test_a_site_is_taken_out_over_http(free_site: SiteDriver) -> None:
    free_site.published(body="One.")
    answer = free_site.client.get("/v1/exports/jsonl", query_string={"emails": "true"}, headers=free_site.bearer)
    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{free_site.slug}-20')
    assert len(of_type(answer.text, "comment", "end")) == 2
    assert "@example.org" in answer.text
    integrator = free_site.another_token(Scope.INTEGRATE)
    assert "@example.org" not in free_site.client.get("/v1/exports/jsonl", headers=integrator).text
    refused = free_site.client.get("/v1/exports/jsonl?emails=true", headers=integrator)
    assert (refused.status_code, "`pii`" in refused.get_json()["detail"]) == (403, True)
    assert codes(free_site.client.get("/v1/exports/csv-log?emails=true", headers=free_site.bearer)) == {
        "emails": "not_offered"
    }
    assert free_site.client.get("/v1/exports/docx", headers=free_site.bearer).status_code == 404
    other = make_site(free_site.app, limits="off")
    assert sent(other, answer.text, "postbag").status_code == 202
    work(other)
    assert [one["body_html"] for one in other.page(article=free_site.article)["comments"]] == ["<p>One.</p>"]


def test_what_is_written_while_an_export_is_read_is_not_in_it(free_site: SiteDriver) -> None:
    free_site.published(body="Before.")
    answer = free_site.client.get("/v1/exports/jsonl", headers=free_site.bearer, buffered=False)
    body = answer.iter_encoded()
    first = next(body)
    free_site.published(body="Meanwhile.")
    rest = b"".join([first, *body]).decode()
    answer.close()
    assert [one["revisions"][0]["body"] for one in of_type(rest, "comment")] == ["Before."]
    assert of_type(rest, "end")[0]["counts"]["comment"] == 1


@ON_SQLITE
def test_two_exports_at_once_are_enough_and_one_that_is_left_makes_room(free_site: SiteDriver) -> None:
    def begin() -> TestResponse:
        return free_site.client.get("/v1/exports/jsonl", headers=free_site.bearer, buffered=False)

    one, two = begin(), begin()
    assert (one.status_code, two.status_code) == (200, 200)
    third = begin()
    assert (third.status_code, third.headers["Retry-After"] != "") == (503, True)
    one.close()
    assert begin().status_code == 200

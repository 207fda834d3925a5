"""The log over HTTP: what it tells, how it is narrowed and paged, and the file that it becomes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.actions.read_log import EXPORT_BATCH
from service.domain.life import COMMAND
from service.domain.log import LogEntry, LogKind
from service.domain.log_export import COLUMNS
from service.domain.permissions import Scope
from service.store import log
from service.store.ids import new_id
from service.store.session import writing
from service.store.sites import find_site
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, codes, make_site


def read(site: SiteDriver, **query: Any) -> dict[str, Any]:
    """Return a page of the log."""
    answer = asked(site, **query)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert isinstance(body, dict)
    return body


def asked(driver: SiteDriver, where: str = "", **query: Any) -> TestResponse:
    return driver.client.get(f"/v1/moderation/log{where}", query_string=query, headers=driver.bearer)


def written(site: SiteDriver, count: int, *, at: datetime | None = None, **others: Any) -> None:
    """Write changes into a site's log, as a command does."""
    with site.app.app_context(), writing():
        site_id, now = find_site(site.slug).id, at or datetime.now(UTC)
        entry: dict[str, Any] = {"kind": LogKind.SITE, "action": "change", "actor": COMMAND, "created_at": now} | others
        log.add_entries([LogEntry(id=new_id(now), site_id=site_id, **entry) for _ in range(count)])


def test_it_tells_who_decided_what_and_why_and_who_changed_what(site: SiteDriver) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "reject", reason="Off the subject.", note="The third time.")
    site.change(max_depth=3)
    changed, decided = read(site)["entries"][:2]
    assert (changed["kind"], changed["actor_kind"], changed["details"]["max_depth"][1]) == ("site", "command", 3)
    assert (decided["kind"], decided["action"], decided["actor_kind"]) == ("decision", "reject", "token")
    assert (decided["actor_name"], decided["comment_id"], decided["revision"]) == ("Mira", sent["id"], 1)
    assert (decided["from_status"], decided["to_status"]) == ("pending", "rejected")
    assert (decided["reason"], decided["note"]) == ("Off the subject.", "The third time.")
    assert decided["waited"] > 0
    assert changed["previous_hash"] == decided["hash"]


def test_it_can_be_narrowed_in_every_way(free_site: SiteDriver) -> None:
    kept, taken = free_site.submitted()["id"], free_site.submitted()["id"]
    free_site.approve(kept)
    batch = free_site.decide(taken, "spam", headers=free_site.another_token()).get_json()["decision"]["batch_id"]
    free_site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=free_site.bearer)
    decisions = read(free_site, kind="decision")["entries"]
    assert [entry["comment_id"] for entry in decisions] == [taken, kept]
    assert [entry["action"] for entry in read(free_site, kind="undo")["entries"]] == ["spam"]
    assert {entry["comment_id"] for entry in read(free_site, action="approve")["entries"]} == {kept}
    assert [entry["kind"] for entry in read(free_site, comment=taken)["entries"]] == ["undo", "decision"]
    by_noor = read(free_site, moderator="Noor")["entries"]
    assert [entry["action"] for entry in by_noor] == ["spam"]
    assert read(free_site, moderator=by_noor[0]["actor_id"])["entries"] == by_noor
    assert read(free_site, moderator="Noo")["entries"] == []
    assert read(free_site, kind="decision", moderator="Noor", action="approve")["entries"] == []


def test_it_can_be_narrowed_to_a_time(free_site: SiteDriver) -> None:
    start = datetime.now(UTC) + timedelta(days=1)
    for hour in range(3):
        written(free_site, 1, at=start + timedelta(hours=hour), action=f"change {hour}")
    since, until = (f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S.%fZ}" for hour in (1, 2))
    assert [entry["action"] for entry in read(free_site, **{"from": since})["entries"]] == ["change 2", "change 1"]
    assert [e["action"] for e in read(free_site, **{"from": since, "until": until})["entries"]] == ["change 1"]
    elsewhere = f"{(start + timedelta(hours=3)):%Y-%m-%dT%H:%M:%S.%f}+02:00"
    assert [e["action"] for e in read(free_site, **{"from": elsewhere})["entries"]] == ["change 2", "change 1"]


def test_pages_go_on_where_the_last_one_ended_whatever_is_written_meanwhile(free_site: SiteDriver) -> None:
    written(free_site, 7, action="old")
    first = read(free_site, action="old", limit=3)
    written(free_site, 2, action="old")
    second = read(free_site, action="old", limit=3, cursor=first["next"])
    third = read(free_site, action="old", limit=3, cursor=second["next"])
    numbers = [entry["number"] for page in (first, second, third) for entry in page["entries"]]
    assert numbers == list(range(numbers[0], numbers[0] - 7, -1))
    assert third["next"] is None
    assert codes(asked(free_site, action="new", cursor=first["next"])) == {"cursor": "not_a_cursor_of_this_list"}


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"kind": "gossip"}, {"kind": "not_a_choice"}),
        ({"comment": "7"}, {"comment": "wrong_type"}),
        ({"from": "yesterday"}, {"from": "wrong_type"}),
        ({"from": "2026-11-24"}, {"from": "wrong_type"}),
        ({"from": "2026-13-24T00:00:00Z"}, {"from": "wrong_type"}),
        ({"until": "0001-01-01T00:00:00+23:00"}, {"until": "wrong_type"}),
        ({"from": "2026-11-24T09:00:00Z", "until": "2026-11-24T09:00:00Z"}, {"until": "out_of_range"}),
        ({"limit": 101}, {"limit": "out_of_range"}),
        ({"who": "Mira"}, {"who": "unknown_field"}),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(site: SiteDriver, query: dict[str, Any], fault: Any) -> None:
    for where in ("", "/export"):
        if where and "limit" in query:
            continue
        answer = asked(site, where, **query)
        assert (answer.status_code, codes(answer)) == (422, fault)


def test_each_site_has_a_log_of_its_own(app: Flask, site: SiteDriver) -> None:
    other = make_site(app)
    assert read(other)["entries"][-1]["number"] == read(site)["entries"][-1]["number"] == 1
    assert {entry["site_id"] for entry in read(site)["entries"]}.isdisjoint(
        entry["site_id"] for entry in read(other)["entries"]
    )
    assert asked(site, site=other.slug).status_code == 403
    assert asked(site, "/export", site=other.slug).status_code == 403


def test_it_takes_the_permission_to_read_it(site: SiteDriver) -> None:
    for where in ("", "/export"):
        assert site.client.get(f"/v1/moderation/log{where}").status_code == 401
        headers = site.another_token(Scope.INTEGRATE)
        assert site.client.get(f"/v1/moderation/log{where}", headers=headers).status_code == 403


def test_an_export_in_json_lines_can_be_checked_without_us(free_site: SiteDriver) -> None:
    free_site.decide(free_site.submitted()["id"], "reject", reason="Größer als „nötig“.")
    written(free_site, 2 * EXPORT_BATCH)
    answer = asked(free_site, "/export", format="jsonl")
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="log-{free_site.slug}.jsonl"'
    assert answer.headers["Cache-Control"] == "no-store"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-100:] == read(free_site, limit=100)["entries"][::-1]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    previous = "00" * 32
    for line in lines:
        said = {name: value for name, value in line.items() if name != "hash"}
        assert said["previous_hash"] == previous
        previous = hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert previous == line["hash"]


def test_an_export_is_read_batch_by_batch_while_it_is_sent(free_site: SiteDriver) -> None:
    written(free_site, 2 * EXPORT_BATCH)
    answer = free_site.client.get("/v1/moderation/log/export", headers=free_site.bearer, buffered=False)
    pieces = iter(answer.iter_encoded())
    first = next(pieces)
    # What is written while it is sent is not part of it.
    written(free_site, 10)
    rest = list(pieces)
    assert len(rest) > 2
    lines = b"".join([first, *rest]).splitlines()
    assert json.loads(lines[-1])["number"] == len(lines) == read(free_site)["entries"][0]["number"] - 10


def test_an_export_obeys_the_filters(free_site: SiteDriver) -> None:
    free_site.published()
    written(free_site, 3)
    lines = [json.loads(line) for line in asked(free_site, "/export", kind="decision").text.splitlines()]
    assert [line["action"] for line in lines] == ["approve"]


def test_a_spreadsheet_gets_every_column_and_calculates_nothing(free_site: SiteDriver) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", '=HYPERLINK("https://evil.example")']
    for formula in formulas:
        written(free_site, 1, action="=", subject=formula, details={"name": ["=1", 'a "b"\n']})
    written(free_site, 1, action="plain", subject="a=b, 5-3")
    answer = asked(free_site, "/export", format="csv")
    assert answer.content_type.startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="log-{free_site.slug}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert set(COLUMNS) == set(read(free_site)["entries"][0])
    assert [row["subject"] for row in rows if row["action"] == "'="] == [f"'{formula}" for formula in formulas]
    assert json.loads(rows[-2]["details"]) == {"name": ["=1", 'a "b"\n']}
    assert rows[-1]["subject"] == "a=b, 5-3"
    assert rows[-1]["waited"] == rows[-1]["comment_id"] == ""
    for row in rows:
        assert not any(value[:1] in "=+-@" for value in row.values() if value)

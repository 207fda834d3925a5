"""There is no room for an export while it waits: told in one sentence, and the same goes on where there is."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.actions.moving import MOST_FAILURES
from service.extensions import db
from service.store.session import writing
from service.worker import SLOW_HANDLERS, Worker
from tests.disks import files_up_to
from tests.driver import SiteDriver
from tests.exports import comment, item, report, wxr

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Whose files another process writes."""
COMMENTS = 1_500
ROOM = 200_000  # octets of one file
SAID = "The export cannot wait in the folder of temporary files"


def export(site: SiteDriver) -> str:
    return wxr(item(site.article, *(comment(n, f"Thought {n}. " * 30) for n in range(COMMENTS))))


def worked(site: SiteDriver) -> None:
    """Let a worker do what there is to do, also what was put off."""
    with site.app.app_context(), writing():
        db.session.execute(db.text("UPDATE outbox SET due_at = due_at - interval '1 hour'"))
    Worker(site.app, SLOW_HANDLERS).drain()


@ON_POSTGRESQL
def test_by_command(free_site: SiteDriver, tmp_path: Path) -> None:
    file = tmp_path / "old.xml"
    file.write_text(export(free_site))
    with files_up_to(ROOM):
        command = ["import", "wordpress", str(file), "--site", free_site.slug]
        result = free_site.app.test_cli_runner().invoke(args=command)
    assert result.exit_code == 1, result.output
    [line] = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert SAID in line
    assert free_site.page()["comments"] == []
    assert report(free_site, tmp_path, export(free_site))["imported"] == COMMENTS


@ON_POSTGRESQL
@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["for-the-file", "for-what-was-read-of-it"])
def test_by_a_worker(free_site: SiteDriver, packed: Callable[[bytes], bytes]) -> None:
    sent = free_site.client.post(
        "/v1/imports",
        query_string={"kind": "wordpress", "name": "old.xml"},
        data=packed(export(free_site).encode()),
        headers=free_site.bearer,
    )
    assert sent.status_code == 202, sent.text

    def told() -> dict[str, Any]:
        path = f"/v1/imports/{sent.get_json()['id']}"
        return dict(free_site.client.get(path, headers=free_site.bearer).get_json())

    for attempt in range(MOST_FAILURES):
        assert told()["status"] in {"waiting", "running"}, attempt
        with files_up_to(ROOM):
            worked(free_site)
    assert told()["status"] == "failed"
    assert SAID in told()["problem"]
    assert free_site.page()["comments"] == []


@ON_POSTGRESQL
def test_a_worker_goes_on_once_there_is_room(free_site: SiteDriver) -> None:
    asked = {"kind": "wordpress", "name": "old.xml"}
    data = export(free_site).encode()
    sent = free_site.client.post("/v1/imports", query_string=asked, data=data, headers=free_site.bearer)
    with files_up_to(ROOM):
        worked(free_site)
    worked(free_site)
    done = free_site.client.get(f"/v1/imports/{sent.get_json()['id']}", headers=free_site.bearer).get_json()
    assert (done["status"], done["imported"]) == ("done", COMMENTS)

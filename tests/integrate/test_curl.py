"""The calls of docs/integrate.md, run by a shell against a real service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.integrate.document import SERVICE, SITE_ORIGIN, TOKEN, block
from tests.integrate.gazette import Gazette

Run = Callable[..., list[Any]]
PAUSE = "…"  # What the document leaves out of an answer.


@pytest.fixture
def run(gazette: Gazette) -> Run:
    """Return what runs a block of the shell after the block that sets the address and the token, and its answers."""
    settings = block("setup", **{SERVICE: gazette.server.url, TOKEN: gazette.token})

    def shell(name: str, **known: str) -> list[Any]:
        # A line of its own after each answer tells where the next begins.
        text = block(name).replace("curl -s ", "curl -s -w '\\n' ")
        done = subprocess.run(
            ["sh", "-eu", "-c", settings + text],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | known,
            capture_output=True,
            text=True,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines() if line]

    return shell


def written(name: str) -> Any:
    """Return an answer as the document has it."""
    return json.loads(block(name))


def assert_as_written(said: Any, here: Any, service: str) -> None:
    """Hold an answer to what the document says of it, but for what is left out there and for times."""
    if isinstance(said, dict):
        assert said.keys() == here.keys()
        for name in said:
            if name != "edit_until":
                assert_as_written(said[name], here[name], service)
    elif isinstance(said, list):
        assert len(said) == len(here)
        for one, other in zip(said, here, strict=True):
            assert_as_written(one, other, service)
    elif isinstance(said, str) and PAUSE in said:
        assert here.startswith(said.partition(PAUSE)[0].replace(SERVICE, service)), (said, here)
    else:
        assert said == here


def test_a_reply_is_sent_once_read_by_its_author_and_withdrawn(gazette: Gazette, run: Run) -> None:
    (sent,) = run("submit")
    assert_as_written(written("submitted"), sent, gazette.server.url)
    (again,) = run("submit")
    assert again == sent
    seen, revised, *nothing = run("receipt", RECEIPT=sent["receipt"]["token"])
    assert (seen["status"], seen["body"]) == ("pending", "What did the *pumps* cost?")
    assert (revised["revision"], revised["body_html"]) == (2, "<p>Who paid for the <em>pumps</em>?</p>")
    assert nothing == []
    assert gazette.api("GET", f"/v1/receipts/{sent['receipt']['token']}", 200)["status"] == "deleted"


def test_a_moderator_decides_and_everybody_reads(gazette: Gazette, run: Run) -> None:
    article = f"{SITE_ORIGIN}/2026/tide-barrier"
    reply = {"site": "gazette", "article": article, "name": "Bo", "email": "bo@example.org", "body": "Six *million*."}
    sent = gazette.api("POST", "/v1/comments", 202, reply)
    queue, decided = run("moderate", ID=sent["id"])
    assert sent["id"] in {waiting["id"] for waiting in queue["comments"]}
    assert decided["status"] == "approved"
    page, counts = run("read")
    assert "<p>Six <em>million</em>.</p>" in {comment["body_html"] for comment in page["comments"]}
    assert counts["counts"] == {article: page["article"]["count"], f"{SITE_ORIGIN}/2026/night-ferry": 0}


def test_a_refusal_is_the_problem_that_the_document_shows(gazette: Gazette, run: Run) -> None:
    (problem,) = run("refuse")
    assert_as_written(written("refused"), problem, gazette.server.url)

"""A client that openapi-python-client writes out of openapi.yaml does what readers, authors and moderators do."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.integrate.gazette import SLUG, Gazette
from tests.integrate.generated import GeneratedClient, generate

_articles = itertools.count(1)


@pytest.fixture(scope="session")
def folder(gazette: Gazette, tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """Return where the client lies that all workers of this run use."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder = shared / f"client-{testrun_uid}"
    generate(gazette.server.url, folder)
    return folder


@pytest.fixture
def api(gazette: Gazette, folder: Path) -> Iterator[GeneratedClient]:
    """Return the client with the site's token."""
    client = GeneratedClient(folder, gazette.server.url, gazette.token)
    with client.client:
        yield client


@pytest.fixture
def article(gazette: Gazette) -> str:
    """Return an article of this test alone."""
    return gazette.article(f"/generated/{next(_articles)}")


def sent(api: GeneratedClient, article: str, body: str = "When does it *sail*?", **more: Any) -> Any:
    """Send a reply and return what the author gets; the test fails where it is refused."""
    reply = api.models.Submission(site=SLUG, article=article, name="Ada", email="ada@example.org", body=body, **more)
    submitted = api.call("published.submit_comment", body=reply)
    assert isinstance(submitted, api.models.Submitted), submitted
    return submitted


def decision(api: GeneratedClient, action: str, revision: int = 1, **more: Any) -> Any:
    return api.models.Decision(action=api.models.Action(action), revision=revision, **more)


def test_the_generator_understands_the_whole_document(gazette: Gazette, folder: Path) -> None:
    assert "WARNING" not in generate(gazette.server.url, folder).upper()
    modules = {path.name for path in (folder / "postbag-client" / "postbag_client" / "models").glob("*.py")}
    # Names that a generator makes up where the document gives none.
    assert {name for name in modules if "_type_" in name} == {
        "log_entry_details_type_0.py",
        "receipt_mail_type_0.py",
        "receipt_mail_type_0_additional_property.py",
    }
    assert {name for name in modules if name.endswith("status.py")} == {
        "status.py",
        "delivery_status.py",
        "import_status.py",
    }
    assert {name for name in modules if name.endswith("action.py")} == {
        "action.py",
        "logged_action.py",
        "rule_action.py",
    }


def test_a_reply_is_sent_held_read_decided_and_published(api: GeneratedClient, article: str) -> None:
    models = api.models
    answer = api.call_in_detail(
        "published.submit_comment",
        body=models.Submission(site=SLUG, article=article, name="Ada", email="ada@example.org", body="*Who* pays?"),
        idempotency_key="the-first",
    )
    assert answer.status_code == 202
    assert answer.parsed.status is models.Status.PENDING
    assert answer.parsed.body_html == "<p><em>Who</em> pays?</p>"
    again = api.call(
        "published.submit_comment",
        body=models.Submission(site=SLUG, article=article, name="Ada", email="ada@example.org", body="*Who* pays?"),
        idempotency_key="the-first",
    )
    assert again.id == answer.parsed.id
    assert api.call("published.read_comments", site=SLUG, article=article).comments == []

    waiting = api.call("moderation.read_comment", again.id)
    assert isinstance(waiting, models.CommentFile)
    assert models.Action.APPROVE in waiting.actions
    decided = api.call("moderation.decide", again.id, body=decision(api, "approve", waiting.revision))
    assert (decided.status, decided.decision.action) == (models.Status.APPROVED, models.LoggedAction.APPROVE)
    page = api.call("published.read_comments", site=SLUG, article=article)
    assert [(one.id, one.author.name, one.body_html) for one in page.comments] == [
        (again.id, "Ada", "<p><em>Who</em> pays?</p>")
    ]
    assert page.next_ is None
    assert api.call("published.count_comments", site=SLUG, article=[article]).counts[article] == 1
    assert "<title>Ada" in api.call("feeds.read_feed", site=SLUG, article=article)


def test_a_form_is_sent_as_one(api: GeneratedClient, article: str) -> None:
    form = api.models.SubmissionForm(site=SLUG, article=article, name="Bo", email="bo@example.org", body="By form")
    answer = api.call("published.submit_comment", body=form)
    assert isinstance(answer, api.models.Submitted)
    assert answer.body_html == "<p>By form</p>"


def test_what_is_wrong_comes_as_a_typed_problem(api: GeneratedClient, article: str) -> None:
    models = api.models
    wrong = models.Submission(site=SLUG, article=article, name="", email="nobody", body="Good")
    problem = api.call("published.submit_comment", body=wrong)
    assert isinstance(problem, models.Problem)
    assert (problem.status, problem.code) == (422, models.ProblemCode.INVALID)
    assert {fault.field for fault in problem.errors} == {"name", "email"}
    assert all(isinstance(fault, models.FieldFault) and fault.detail for fault in problem.errors)

    comment = sent(api, article)
    api.call("moderation.decide", comment.id, body=decision(api, "reject", reason="Off topic."))
    late = api.call("moderation.decide", comment.id, body=decision(api, "approve", revision=7))
    assert (late.status, late.code) == (409, models.ProblemCode.STALE_DECISION)
    assert (late.current.status, late.decision.action) == (models.Status.REJECTED, models.LoggedAction.REJECT)
    assert api.call("receipts.read_receipt", comment.receipt.token).reason == "Off topic."


def ids_of_all_pages(api: GeneratedClient, name: str, **asked: Any) -> list[UUID]:
    """Follow `next` to the end, two comments at a time."""
    ids: list[UUID] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = api.call(name, limit=2, **asked, **cursor)
        assert len(page.comments) <= 2
        ids += [comment.id for comment in page.comments]
        cursor = None if page.next_ is None else {"cursor": page.next_}
    return ids


def test_queue_and_thread_are_read_page_by_page(api: GeneratedClient, article: str) -> None:
    models = api.models
    replies = [sent(api, article, f"Question number {number}").id for number in range(5)]
    queue = ids_of_all_pages(api, "moderation.read_queue", article=article, sort=models.QueueSort.OLDEST)
    assert queue == replies

    several = [models.CommentDecision(comment_id=one, action=models.Action.APPROVE, revision=1) for one in queue]
    batch = api.call("moderation.decide_together", body=models.Decisions(decisions=several))
    assert [result.status for result in batch.results] == [201] * 5
    assert ids_of_all_pages(api, "published.read_comments", site=SLUG, article=article) == replies

    undone = api.call("moderation.undo_batch", batch.batch_id)
    assert {result.decided.status for result in undone.results} == {models.Status.PENDING}
    assert api.call("published.read_comments", site=SLUG, article=article).comments == []


def test_readers_vote_and_flag_and_authors_revise_and_withdraw(api: GeneratedClient, article: str) -> None:
    models = api.models
    comment = sent(api, article, "A frist thought")
    revised = api.call("receipts.revise_comment", comment.receipt.token, body=models.Revision(body="A first thought"))
    assert (revised.revision, revised.body_html) == (2, "<p>A first thought</p>")
    api.call("moderation.decide", comment.id, body=decision(api, "approve", revision=2))
    assert api.call("reactions.vote_for_comment", comment.id, body=models.Vote(value=1)).votes == 1
    flag = models.Flag(reason=models.FlagReason.OFF_TOPIC)
    assert isinstance(api.call("reactions.flag_comment", comment.id, body=flag), models.Flagged)

    receipt = api.call("receipts.read_receipt", comment.receipt.token)
    assert (receipt.status, receipt.published_revision, receipt.may_withdraw) == (models.Status.APPROVED, 2, True)
    assert api.call_in_detail("receipts.withdraw_comment", comment.receipt.token).status_code == 204
    assert api.call("published.read_comments", site=SLUG, article=article).comments == []
    nobody = api.call("moderation.read_comment", UUID(int=1))
    assert nobody.code is models.ProblemCode.NOT_FOUND


def test_the_script_of_the_document_moderates_and_pages(gazette: Gazette, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", gazette.placed("client.py")],
        env={"PYTHONPATH": str(folder / "postbag-client"), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Ada: <p>When does it <em>sail</em>?</p>"]

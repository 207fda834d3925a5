"""Everything that an address wrote on a site is erased: words and names are gone, numbers and the log are right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, String, Text, select
from sqlalchemy.types import JSON

from service.actions import audit, erase, outbox, retention
from service.domain.erasure import Erasure
from service.domain.life import AUTHOR
from service.extensions import Base, db
from service.store import sites
from service.store.models import CommentRow
from service.store.session import reading
from service.worker import Worker
from tests.driver import SiteDriver, make_site
from tests.exports import report
from tests.reader_tokens import as_known, secret_of, token_by
from tests.store.ledger import discrepancies
from tests.test_cli_export import exported
from tests.web.test_log import read

EMAIL = "ann.example@example.org"
NAME = "Ann Quillfeather"
SECRET = "zanzibarquillfeather"


def author_of(site: SiteDriver, sent: dict[str, Any]) -> UUID:
    with site.app.app_context(), reading():
        return db.session.execute(select(CommentRow.author_id).where(CommentRow.id == UUID(sent["id"]))).scalar_one()


def erased(site: SiteDriver, author_id: UUID, *, batches: int | None = None) -> Erasure | None:
    with site.app.app_context():
        found = sites.find_site(site.slug)
        return erase.erase_everything(author_id, found, actor=AUTHOR, now=datetime.now(UTC), batches=batches)


def is_whole(site: SiteDriver) -> bool:
    with site.app.app_context():
        return [found.broken for found in audit.verify(site.slug)] == [None]


def everything_stored(site: SiteDriver) -> Iterator[tuple[str, str]]:
    """Yield every text of every table, with the name of its column."""
    with site.app.app_context(), reading():
        for table in Base.metadata.sorted_tables:
            columns = [c for c in table.c if isinstance(c.type, String | Text | JSON | LargeBinary)]
            if not columns:
                continue
            for row in db.session.execute(select(*columns)):
                for column, value in zip(columns, row, strict=True):
                    if value is not None:
                        said = value.decode("latin-1") if isinstance(value, bytes) else json.dumps(value)
                        yield f"{table.name}.{column.name}", said


def where_it_stands(site: SiteDriver, word: str) -> set[str]:
    return {column for column, text in everything_stored(site) if word.lower() in text.lower()}


@pytest.fixture
def told(free_site: SiteDriver) -> dict[str, Any]:
    """Return an author's comments in every status, about whom colleagues and readers have said something, too."""
    mine: dict[str, Any] = {"name": NAME, "email": EMAIL}
    site = free_site
    kept = site.published(body=f"A thought about {SECRET}.", **mine)
    site.published(parent_id=kept["id"], body="An answer of somebody else.")
    site.flag(kept["id"], "abuse", detail=f"This is {SECRET} again.")
    edited = site.published(body=f"Before {SECRET}.", **mine)
    site.revise(edited, f"After {SECRET}.")
    turned_down = site.submitted(body=f"Not wanted, {SECRET}.", **mine)
    site.decide(turned_down["id"], "reject", reason=f"We know {SECRET}.", note=f"{NAME} once more.")
    site.client.post(f"/v1/receipts/{turned_down['receipt']['token']}/appeal", json={"text": f"But {SECRET}!"})
    site.decide(turned_down["id"], "reject", reason=f"No more {SECRET}.")
    spam = site.submitted(body=f"Cheap {SECRET}.", **mine)
    site.decide(spam["id"], "spam")
    withdrawn = site.submitted(body="Gone before.", **mine)
    site.withdraw(withdrawn)
    waiting = site.submitted(body=f"Waiting {SECRET}.", **mine)
    for scope in ("comment", "author"):
        note = {"text": f"{NAME} of {SECRET} street", "about": scope}
        site.client.post(f"/v1/moderation/comments/{kept['id']}/notes", json=note, headers=site.bearer)
    return {"kept": kept, "turned_down": turned_down, "waiting": waiting, "withdrawn": withdrawn}


def test_no_word_and_no_name_is_left_anywhere(free_site: SiteDriver, told: dict[str, Any]) -> None:
    assert where_it_stands(free_site, SECRET)
    author_id = author_of(free_site, told["kept"])
    done = erased(free_site, author_id)
    assert done is not None
    assert (done.comments, done.site) == (6, free_site.slug)
    assert where_it_stands(free_site, SECRET) == set()
    assert where_it_stands(free_site, "Quillfeather") == set()
    assert where_it_stands(free_site, EMAIL) == set()
    tombstone, answer = free_site.page()["comments"]
    assert (tombstone["id"], tombstone["deleted"], tombstone["author"]) == (told["kept"]["id"], True, None)
    assert answer["parent_id"] == told["kept"]["id"]
    assert free_site.receipt(told["waiting"])["status"] == "deleted"
    assert discrepancies(free_site.app, free_site.slug) == []
    assert is_whole(free_site)


def test_the_log_keeps_what_was_decided_and_no_word_about_whom(free_site: SiteDriver, told: dict[str, Any]) -> None:
    done = erased(free_site, author_of(free_site, told["kept"]))
    assert done is not None
    entries = read(free_site, limit=100)["entries"]
    last = entries[0]
    assert (last["kind"], last["action"], last["subject"]) == ("erasure", "erase", str(done.id))
    assert last["details"] == {"comments": 6}
    about = [entry for entry in entries if entry["comment_id"] == told["turned_down"]["id"]]
    assert [entry["action"] for entry in about] == ["delete", "reject", "appeal", "reject"]
    assert all(entry["reason"] is None and entry["note"] is None for entry in about)
    [lost] = [entry for entry in entries if entry["action"] == "redact"]
    assert set(lost["details"]["entries"]) == {str(entry["number"]) for entry in about if entry["action"] == "reject"}


def test_twice_is_the_same_as_once(free_site: SiteDriver, told: dict[str, Any]) -> None:
    author_id = author_of(free_site, told["kept"])
    first = erased(free_site, author_id)
    assert first is not None
    number = read(free_site)["entries"][0]["number"]
    again = erased(free_site, author_id)
    assert again is not None
    assert again.signed_text == first.signed_text
    assert read(free_site)["entries"][0]["number"] == number


def test_who_writes_again_is_somebody_new(free_site: SiteDriver, told: dict[str, Any]) -> None:
    author_id = author_of(free_site, told["kept"])
    erased(free_site, author_id)
    sent = free_site.submitted(email=EMAIL, name=NAME, body="A thought.")
    assert author_of(free_site, sent) != author_id
    record = free_site.opened(sent["id"])["author"]["record"]
    assert record == {"pending": 1, "approved": 0, "rejected": 0, "spam": 0, "deleted": 0}


def test_the_worker_finishes_what_was_interrupted(free_site: SiteDriver, told: dict[str, Any]) -> None:
    author_id = author_of(free_site, told["kept"])
    assert erased(free_site, author_id, batches=0) is None
    assert where_it_stands(free_site, SECRET)
    with free_site.app.app_context():
        later = datetime.now(UTC) + erase.TAKEN_UP_AFTER
        jobs = outbox.claim([erase.JOB], now=later)
        assert {outbox.carry_out(job, {erase.JOB: erase.go_on}, now=later) for job in jobs} == {True}
        done = erase.find_erasure(author_id, sites.find_site(free_site.slug))
    assert done is not None
    assert done.comments == 6
    assert where_it_stands(free_site, SECRET) == set()
    assert erase.JOB in Worker(free_site.app)._handlers
    assert is_whole(free_site)


def test_a_proof_is_checked_by_its_signature_and_by_the_log(free_site: SiteDriver, told: dict[str, Any]) -> None:
    done = erased(free_site, author_of(free_site, told["kept"]))
    assert done is not None
    with free_site.app.app_context():
        text = erase.proof(done)
        checked = erase.check_proof(text)
        assert checked is not None
        assert checked.signed_text == done.signed_text
        said = json.loads(text)
        for changed in (
            said | {"comments": 7},
            said | {"site": "elsewhere"},
            said | {"id": str(UUID(int=1))},
            said | {"signature": "00" * 16},
            said | {"signature": "no"},
            {name: value for name, value in said.items() if name != "signature"},
            [said],
            None,
        ):
            assert erase.check_proof(json.dumps(changed)) is None
        assert erase.check_proof("{") is None
    assert EMAIL not in text
    assert NAME not in text


def test_decisions_at_the_same_moment_come_before_or_too_late(free_site: SiteDriver) -> None:
    mine = [free_site.submitted(email=EMAIL, name=NAME, body=f"Text {SECRET} {n}")["id"] for n in range(12)]
    author_id = author_of(free_site, {"id": mine[0]})

    def decide(comment_id: str) -> int:
        return free_site.decide(comment_id, "approve").status_code

    with ThreadPoolExecutor(4) as at_once:
        erasing = [at_once.submit(erased, free_site, author_id) for _ in range(2)]
        answers = list(at_once.map(decide, mine))
        proofs = [one.result() for one in erasing]
    assert set(answers) <= {201, 409}
    assert proofs[0] is not None
    assert proofs[0].comments == 12
    assert proofs[1] is not None
    assert proofs[0].signed_text == proofs[1].signed_text
    assert free_site.page()["comments"] == []
    assert where_it_stands(free_site, SECRET) == set()
    assert discrepancies(free_site.app, free_site.slug) == []
    assert is_whole(free_site)


def test_more_than_a_batch(free_site: SiteDriver) -> None:
    sent = [free_site.submitted(email=EMAIL, body=f"Text {SECRET} {n}") for n in range(erase.BATCH + 3)]
    done = erased(free_site, author_of(free_site, sent[0]))
    assert done is not None
    assert done.comments == erase.BATCH + 3
    assert where_it_stands(free_site, SECRET) == set()
    assert discrepancies(free_site.app, free_site.slug) == []


def test_what_the_address_is_known_by_as_a_reader_of_the_site_goes_with_it(free_site: SiteDriver) -> None:
    address = "marsilea@example.org"
    typed = free_site.published(email=address, name="Marsilea", body=f"Typed {SECRET}.")
    said = {"sub": "marsilea-17", "email": address.upper(), "badge": "Marsilea", "name": "Marsilea"}
    token = token_by(secret_of(free_site), free_site, **said)
    signed = free_site.published(body=f"Signed in, {SECRET}.", **as_known(token))
    ids = [author_of(free_site, sent) for sent in (signed, typed)]
    assert len(set(ids)) == 2
    assert erased(free_site, ids[0], batches=0) is None
    with free_site.app.app_context():
        later = datetime.now(UTC) + erase.TAKEN_UP_AFTER
        for job in outbox.claim([erase.JOB], now=later):
            outbox.carry_out(job, {erase.JOB: erase.go_on}, now=later)
    done = [erased(free_site, author_id) for author_id in ids]
    assert [one and one.comments for one in done] == [2, 2]
    for word in (SECRET, "Marsilea"):
        assert where_it_stands(free_site, word) == set()
    assert free_site.page()["comments"] == []
    # The site still signs its reader in, who is somebody new here.
    again = free_site.submitted(**as_known(token))
    assert author_of(free_site, again) not in ids
    assert discrepancies(free_site.app, free_site.slug) == []
    assert is_whole(free_site)


def test_the_log_goes_on_to_prove_it_after_it_has_lost_its_own_words(
    free_site: SiteDriver, told: dict[str, Any]
) -> None:
    done = erased(free_site, author_of(free_site, told["kept"]))
    assert done is not None
    free_site.change(retention={"log": 30})
    with free_site.app.app_context():
        proof = erase.proof(done)
        retention.apply_now(now=datetime.now(UTC) + timedelta(days=31))
        assert erase.check_proof(proof) is not None
    entries = read(free_site, limit=100)["entries"]
    assert {bool(entry["erased_at"]) for entry in entries if entry["kind"] == "decision"} == {True}
    assert {entry["action"] for entry in entries if entry["kind"] == "erasure"} == {"erase", "redact"}
    assert is_whole(free_site)


def test_the_log_of_where_comments_were_before_loses_its_words_too(
    free_site: SiteDriver, told: dict[str, Any], tmp_path: Path
) -> None:
    other = make_site(free_site.app, limits="off")
    assert report(other, tmp_path, exported(free_site, "jsonl", "--emails"), kind="postbag")["imported"] == 7
    assert erased(free_site, author_of(free_site, told["kept"])) is not None
    assert "past_log.entry" in where_it_stands(free_site, SECRET)
    rejected = other.queue(status="rejected")["comments"][0]
    assert "We know" in str(other.opened(rejected["id"])["decisions"])
    assert erased(other, author_of(other, rejected)) is not None
    assert where_it_stands(free_site, SECRET) == set()
    assert {decision["reason"] for decision in other.opened(rejected["id"])["decisions"]} == {None}

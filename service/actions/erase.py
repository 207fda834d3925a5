"""Everything that an address wrote on a site is erased, for good: text and identity gone, a proof given.

What remains are numbers and places: tombstones above replies, counters, and the log, which keeps that something was
decided and no longer a word about whom. The work is done in batches, each a transaction of its own. Whatever ends it
in between, the outbox has it, and a worker goes on; done twice it comes to the same.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from service.actions import events, outbox
from service.actions.change import Change, change_standings
from service.actions.record import decision_entry
from service.actions.toolbox import tools
from service.domain import life
from service.domain.erasure import Erasure, erasure_in
from service.domain.errors import NotFound
from service.domain.life import AUTHOR, Action, Actor, Status
from service.domain.log import LogEntry, LogKind
from service.domain.site import Site
from service.store import comments, erasure, log, sites
from service.store.ids import new_id
from service.store.outbox import Job
from service.store.session import reading, writing

BATCH = 100
"""Comments in one transaction, as many as moderators decide together: others wait no longer for it than for that."""
JOB = "erase"
TAKEN_UP_AFTER = timedelta(minutes=2)
"""When a worker goes on with what was interrupted; whoever asked for it does it themselves, in less time."""
PURPOSE = "erasure"
SIGNATURE = "signature"


def erase_everything(
    author_id: UUID, site: Site, *, actor: Actor, now: datetime, batches: int | None = None
) -> Erasure | None:
    """Erase everything of an author of this site and return what the proof says; a second time it says the same.

    Where there is more than so many `batches` the worker does the rest, and None is returned.
    From the first moment on nobody finds the author by the address: who writes under it again is somebody new.
    Raises NotFound where the site has no such author.
    """
    with reading():
        done = _found(author_id, site)
    if done is not None:
        return done
    with writing():
        if not erasure.forget_author(author_id, site_id=site.id, stands_for=secrets.token_bytes(32)):
            raise NotFound("This site has no such author.")
        payload = {"author": str(author_id), "actor": [actor.kind, actor.id and str(actor.id), actor.name]}
        outbox.enqueue(JOB, site.id, payload=payload, due_at=now + TAKEN_UP_AFTER, now=now)
    return _go_on(author_id, site, actor, now, batches=batches)


def go_on(job: Job, now: datetime) -> None:
    """Finish what was interrupted; nothing is left to do where it was not."""
    kind, actor_id, name = job.payload["actor"]
    with reading():
        site = sites.get_site(job.site_id)
        is_done = _found(UUID(job.payload["author"]), site) is not None
    if not is_done:
        _go_on(UUID(job.payload["author"]), site, Actor(kind, actor_id and UUID(actor_id), name), now)


def find_erasure(author_id: UUID, site: Site) -> Erasure | None:
    """Return what the proof says where everything of this author was erased, else None."""
    with reading():
        return _found(author_id, site)


def proof(done: Erasure) -> str:
    """Return the proof as JSON, signed; whoever has it can have it checked by `check_proof`."""
    said = json.loads(done.signed_text)
    said[SIGNATURE] = tools().keyring.sign(PURPOSE, done.signed_text.encode()).hex()
    return json.dumps(said, indent=2) + "\n"


def check_proof(text: str) -> Erasure | None:
    """Return what a proof says where we have signed it and the site's log says the same, else None."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    claimed = erasure_in(said)
    if claimed is None or not isinstance(said.get(SIGNATURE), str):
        return None
    try:
        signature = bytes.fromhex(said[SIGNATURE])
    except ValueError:
        return None
    if not tools().keyring.is_signed(PURPOSE, claimed.signed_text.encode(), signature):
        return None
    with reading():
        try:
            site = sites.find_site(claimed.site)
        except NotFound:
            return None
        logged = erasure.find_erasure(site.id, claimed.id)
    if logged is None:
        return None
    return claimed if Erasure(claimed.id, site.slug, *logged).signed_text == claimed.signed_text else None


def proof_id(author_id: UUID) -> UUID:
    """Return the id of the proof about an author: always the same, and nobody else finds one from the other."""
    return _proof_ids(author_id)[0]


def _proof_ids(author_id: UUID) -> list[UUID]:
    # By each key: the log may have the one that was made with an earlier key.
    hashes = tools().keyring.lookup_hashes("erasure", str(author_id))
    return [UUID(bytes=hashed[:16], version=4) for hashed in hashes]


def _found(author_id: UUID, site: Site) -> Erasure | None:
    for one in _proof_ids(author_id):
        entry = erasure.find_erasure(site.id, one)
        if entry is not None:
            return Erasure(one, site.slug, entry[0], entry[1])
    return None


def _go_on(author_id: UUID, site: Site, actor: Actor, now: datetime, *, batches: int | None = None) -> Erasure | None:
    one, total = proof_id(author_id), 0
    last: UUID | None = None
    for done_before in count():
        with reading():
            ids = erasure.comment_ids_of(author_id, after=last, limit=BATCH)
        if not ids:
            break
        if done_before == batches:
            return None
        with writing():
            _erase(ids, site, one, actor, now)
        last, total = ids[-1], total + len(ids)
    with writing():
        # Of two who are at it, the second one finds what the first one wrote.
        erasure.hold_author(author_id)
        done = _found(author_id, site)
        if done is not None:
            return done
        # Whoever was just asking for letters did so with a receipt that was still good.
        erasure.forget_subscriptions(author_id)
        log.add_entries([_entry(site, "erase", one, {"comments": total}, actor, now)])
    return Erasure(one, site.slug, total, now)


def _erase(ids: Sequence[UUID], site: Site, one: UUID, actor: Actor, now: datetime) -> None:
    held = comments.hold_comments(ids, site_id=site.id)
    left = [comment for comment in held if comment.standing.status is not Status.DELETED]
    changes = [Change(comment, life.withdraw(comment.standing), {"reason": None}) for comment in left]
    change_standings(changes)
    comments.erase_texts(ids)
    erasure.forget_about(ids, site_id=site.id)
    for change in changes:
        events.tell_withdrawn(site, change.comment, change.after, now=now)
    entries = [
        decision_entry(c.comment.id, site.id, Action.DELETE, c.comment.standing, c.after, AUTHOR, now=now)
        for c in changes
    ]
    lost = log.take_words_out(ids, site_id=site.id)
    if lost:
        entries.append(_entry(site, "redact", one, {"entries": {str(n): left for n, left in lost.items()}}, actor, now))
    log.add_entries(entries)


def _entry(site: Site, action: str, one: UUID, details: dict[str, object], actor: Actor, now: datetime) -> LogEntry:
    return LogEntry(
        id=new_id(now),
        site_id=site.id,
        kind=LogKind.ERASURE,
        action=action,
        actor=actor,
        created_at=now,
        subject=str(one),
        details=details,
    )

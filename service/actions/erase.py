"""Everything that an address wrote on a site is erased, for good: text and identity gone, a proof given.

What remains are numbers and places: tombstones above replies, counters, and the log, which keeps that something was
decided and no longer a word about whom. The work is done in batches, each a transaction of its own. Whatever ends it
in between, the outbox has it, and a worker goes on; done twice it comes to the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from service.actions import events, outbox
from service.actions.change import Change, change_standings
from service.actions.record import decision_entry
from service.actions.toolbox import tools
from service.domain import life
from service.domain.emails import email_lookup_form
from service.domain.erasure import Erasure, erasure_in
from service.domain.errors import NotFound
from service.domain.life import AUTHOR, COMMAND, SERVICE, Action, Actor, Status
from service.domain.log import LogEntry, LogKind
from service.domain.site import Site
from service.store import authors, comments, erasure, log, mine, sites
from service.store.ids import new_id
from service.store.mine import KnownAuthor
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

    What the same address is known by besides goes with it: as typed, or as that of a reader whom the site signs in.
    Where there is more than so many `batches` the worker does the rest, and None is returned.
    From the first moment on nobody finds the author by the address: who writes under it again is somebody new.
    Raises NotFound where the site has no such author.
    """
    with reading():
        done = _found(author_id, site)
        author = mine.find_author(author_id)
    if done is not None:
        return done
    if author is None or author.site_id != site.id:
        raise NotFound("This site has no such author.")
    with writing():
        ids, _ = everyone(author, site)
        for one in sorted(ids):
            erasure.forget_author(one, site_id=site.id, stands_for=_no_address(one)[0])
        who = [actor.kind, actor.id and str(actor.id), actor.name]
        payload = {"authors": [str(one) for one in ids], "actor": who}
        outbox.enqueue(JOB, site.id, payload=payload, due_at=now + TAKEN_UP_AFTER, now=now)
    return _go_on(ids, site, actor, now, batches=batches)


def go_on(job: Job, now: datetime) -> None:
    """Finish what was interrupted; nothing is left to do where it was not."""
    kind, actor_id, name = job.payload["actor"]
    ids = [UUID(one) for one in job.payload["authors"]]
    with reading():
        site = sites.get_site(job.site_id)
        is_done = all(_found(one, site) for one in ids)
    if not is_done:
        _go_on(ids, site, Actor(kind, actor_id and UUID(actor_id), name), now)


def everyone(author: KnownAuthor, site: Site) -> tuple[list[UUID], str]:
    """Return all that an author's address is known by, the author first, and the address; "" where none is kept."""
    if not author.email_sealed:
        return [author.record.id], ""
    email = tools().keyring.unseal(author.email_sealed, context=site.id.bytes)
    hashes = tools().keyring.lookup_hashes("email", str(site.id), email_lookup_form(email))
    others = [one for one in authors.find_author_ids(site.id, hashes) if one != author.record.id]
    return [author.record.id, *others], email


def is_erased(author: KnownAuthor) -> bool:
    """Tell whether everything of an author was erased, or is being erased."""
    return author.email_hash in _no_address(author.record.id)


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


def _no_address(author_id: UUID) -> tuple[bytes, ...]:
    # In the place of what the address is found by: nobody finds the row again, and it can be told from all others.
    return tools().keyring.lookup_hashes("erased author", str(author_id))


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


def _go_on(
    ids: Sequence[UUID], site: Site, actor: Actor, now: datetime, *, batches: int | None = None
) -> Erasure | None:
    one, total = proof_id(ids[0]), 0
    last: UUID | None = None
    for done_before in count():
        with reading():
            some = erasure.comment_ids_of(ids, after=last, limit=BATCH)
        if not some:
            break
        if done_before == batches:
            return None
        with writing():
            _erase(some, site, one, actor, now)
        last, total = some[-1], total + len(some)
    with writing():
        # Of two who are at it, the second one finds what the first one wrote.
        erasure.hold_authors(ids)
        done = _found(ids[0], site)
        proofs = [proof_id(each) for each in ids if _found(each, site) is None]
        for each in ids:
            # Whoever was just asking for letters did so with a receipt that was still good.
            erasure.forget_subscriptions(each)
        log.add_entries([_entry(site, "erase", proof, {"comments": total}, actor, now) for proof in proofs])
    return done or Erasure(one, site.slug, total, now)


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
        # Without a name, which retention would take: these have to stay as they are, since they explain the others.
        by = actor if actor in {AUTHOR, COMMAND} else SERVICE
        entries.append(_entry(site, "redact", one, {"entries": {str(n): left for n, left in lost.items()}}, by, now))
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

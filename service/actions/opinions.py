"""Others are asked what they think of a comment, by the worker and never while its author waits."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from service.actions import outbox
from service.actions.change import change_standing
from service.actions.findings import add_finding, hold_undecided, is_new, move_to_spam
from service.actions.record import record
from service.actions.toolbox import tools
from service.adapters.akismet import AKISMET_URL, Akismet, AskedComment
from service.adapters.hook import ask_hook, new_hook_secret
from service.adapters.outgoing import OutgoingFailed
from service.domain import life
from service.domain.destinations import check_url
from service.domain.errors import Invalid, NotFound
from service.domain.life import Action
from service.domain.log import LogKind
from service.domain.opinions import OpinionKind
from service.domain.permissions import Caller
from service.domain.queue import QueueItem
from service.domain.screening import Signal, Verdict
from service.domain.site import Site
from service.domain.text import clean_line
from service.store import comments, opinions, queue, sites
from service.store.opinions import OpinionSettings
from service.store.outbox import Job
from service.store.session import reading, writing

KEY_LONGEST = 100  # characters; Akismet's keys have twelve
_OVERRULES = {Verdict.HOLD, Verdict.SPAM}


@dataclass(frozen=True)
class Asked:
    """Whom a site asks; `secret` is told once, when it is made."""

    kind: OpinionKind
    url: str
    changed_at: datetime
    secret: str | None = None


def who_is_asked(caller: Caller) -> Sequence[Asked]:
    """Return whom the caller's site asks for an opinion."""
    with reading():
        found = opinions.settings_of(caller.site_id)
    return [Asked(settings.kind, settings.url, settings.changed_at) for settings in found]


def ask_a_hook(caller: Caller, url: str, *, now: datetime) -> Asked:
    """Let the site's own server be asked from now on, and return the new secret that requests are signed with.

    Raises Invalid for what is no http(s) URL. Where it leads is judged with every call.
    """
    checked, secret = check_url("url", url), new_hook_secret()
    return _ask(caller, OpinionKind.HOOK, checked, secret, now, told=secret)


def ask_akismet(caller: Caller, key: str, *, url: str | None, now: datetime) -> Asked:
    """Let Akismet be asked from now on, with the site's key; `url` names a server that speaks the same.

    Raises Invalid for an empty or overlong key.
    """
    line = clean_line(key)
    if not line or len(line) > KEY_LONGEST:
        raise Invalid("key", "out_of_range", f"A key of Akismet has 1 to {KEY_LONGEST} characters.")
    checked = check_url("url", url).rstrip("/") + "/" if url else AKISMET_URL
    return _ask(caller, OpinionKind.AKISMET, checked, line, now)


def ask_no_more(caller: Caller, kind: OpinionKind, *, now: datetime) -> None:
    """Ask nobody of this kind any more and forget the secret; raises NotFound where nobody was asked."""
    with writing():
        before = _held_settings(caller)
        if kind not in before:
            raise NotFound("Nobody of this kind is asked.")
        opinions.remove_settings(caller.site_id, kind)
        _log(caller, kind, before[kind].url, None, now)


def _ask(caller: Caller, kind: OpinionKind, url: str, secret: str, now: datetime, told: str | None = None) -> Asked:
    with writing():
        before = _held_settings(caller).get(kind)
        sealed = tools().keyring.seal(secret, context=caller.site_id.bytes)
        opinions.save_settings(caller.site_id, OpinionSettings(kind, url, sealed, now))
        _log(caller, kind, None if before is None else before.url, url, now)
    return Asked(kind, url, now, told)


def _held_settings(caller: Caller) -> dict[OpinionKind, OpinionSettings]:
    sites.hold_site(caller.site_id)
    return {settings.kind: settings for settings in opinions.settings_of(caller.site_id)}


def _log(caller: Caller, kind: OpinionKind, before: str | None, after: str | None, now: datetime) -> None:
    details: dict[str, Any] = {f"asks_{kind.value}": [before, after]}
    record(
        caller.site_id, LogKind.SITE, "change", actor=caller.actor, subject=caller.site_slug, details=details, now=now
    )


def enqueue_questions(site: Site, comment_id: UUID, revision: int, *, address: str | None, now: datetime) -> None:
    """Write down, in the transaction that stores a revision, that others are to be asked about it.

    Akismet wants the network address, which is kept for it sealed until it was asked, and nowhere else.
    """
    for kind in map(OpinionKind, site.asks):
        payload = {"ask": kind.value}
        if kind is OpinionKind.AKISMET and address is not None:
            payload["address"] = b64encode(tools().keyring.seal(address, context=site.id.bytes)).decode()
        outbox.enqueue("opinion", site.id, comment_id=comment_id, revision=revision, payload=payload, now=now)


def enqueue_reports(site: Site, decided: Iterable[tuple[UUID, int, Action]], *, now: datetime) -> None:
    """Write down that Akismet is to be told what a moderator decided, where the site asks it."""
    if OpinionKind.AKISMET.value not in site.asks:
        return
    for comment_id, revision, action in decided:
        if action in {Action.SPAM, Action.APPROVE, Action.RESTORE}:
            payload = {"is_spam": action is Action.SPAM}
            outbox.enqueue("report", site.id, comment_id=comment_id, revision=revision, payload=payload, now=now)


def ask(job: Job, now: datetime) -> None:
    """Ask one of those whom the site asks, and let moderators see the answer among the signals.

    What is called spam goes to spam where nobody has seen it yet, and what readers see already goes back to the queue.
    Where nobody answers, the comment is held with a note that says so, and the question is asked again later: raises
    OutgoingFailed. Nothing happens where a person has decided meanwhile, or the text has changed or gone.
    """
    assert job.comment_id is not None, "an opinion is about a comment"
    kind = OpinionKind(job.payload["ask"])
    with reading():
        found = {settings.kind: settings for settings in opinions.settings_of(job.site_id)}.get(kind)
        item = queue.find_item(job.comment_id, site_id=job.site_id)
        site = sites.get_site(job.site_id)
    if found is None or item is None or item.revision.number != job.revision or not item.revision.body_raw:
        return
    try:
        signal = _opinion(found, item, site, job, now)
    except OutgoingFailed as fault:
        who = {OpinionKind.AKISMET: "Akismet", OpinionKind.HOOK: "The site's hook"}[kind]
        detail = f"{who} has not answered yet and will be asked again. {fault}"
        _keep(job, Signal(kind.value, Verdict.HOLD, 0.0, detail), now)
        raise
    _keep(job, signal, now)


def report(job: Job, now: datetime) -> None:
    """Tell Akismet what a moderator decided, so that it learns; raises OutgoingFailed, and it is told later."""
    assert job.comment_id is not None, "a report is about a comment"
    with reading():
        found = {settings.kind: settings for settings in opinions.settings_of(job.site_id)}.get(OpinionKind.AKISMET)
        item = queue.find_item(job.comment_id, site_id=job.site_id)
        site = sites.get_site(job.site_id)
    if found is None or item is None or not item.revision.body_raw:
        return
    _akismet(found, site).tell(_told(item, site, address=""), is_spam=job.payload["is_spam"])


def _opinion(settings: OpinionSettings, item: QueueItem, site: Site, job: Job, now: datetime) -> Signal:
    keyring = tools().keyring
    if settings.kind is OpinionKind.AKISMET:
        sealed = job.payload.get("address")
        address = keyring.unseal(b64decode(sealed), context=site.id.bytes) if sealed else ""
        return _akismet(settings, site).check(_told(item, site, address=address)).signal
    secret = keyring.unseal(settings.secret_sealed, context=site.id.bytes)
    comment = {
        "id": str(item.comment.id),
        "site": site.slug,
        "revision": item.revision.number,
        "article": {"key": item.article.key, "url": item.article.url, "title": item.article.title},
        "parent_id": None if item.comment.parent_id is None else str(item.comment.parent_id),
        "author": {"name": item.comment.author_name, "url": item.comment.author_url, "approved": item.author.approved},
        "body": item.revision.body_raw,
        "body_html": item.revision.body_html,
    }
    allowed = tools().allowed_networks
    return ask_hook(settings.url, secret, f"msg_{job.id.hex}", comment, allowed=allowed, now=now).signal


def _akismet(settings: OpinionSettings, site: Site) -> Akismet:
    key = tools().keyring.unseal(settings.secret_sealed, context=site.id.bytes)
    return Akismet(key, url=settings.url, allowed=tools().allowed_networks)


def _told(item: QueueItem, site: Site, *, address: str) -> AskedComment:
    blog = site.origins[0] if site.origins else ""
    return AskedComment(
        blog=blog,
        permalink=item.article.url or blog,
        address=address,
        author=item.comment.author_name,
        author_url=item.comment.author_url or "",
        body=item.revision.body_raw,
        is_reply=item.comment.parent_id is not None,
    )


def _keep(job: Job, signal: Signal, now: datetime) -> None:
    with writing():
        found = hold_undecided(job)
        if found is None:
            return
        comment, last = found
        dropped = opinions.drop_signals(comment.id, comment.standing.revision, [signal.name])
        comments.add_to_score(comment.id, signal.score - sum(dropped))
        if signal.verdict in _OVERRULES and life.can_be_returned(comment.standing):
            # Nobody but the site's policy has published it, and now somebody has an objection.
            after = life.return_to_queue(comment.standing)
            change_standing(comment, after, queued_at=now, reason=None)
            comment = replace(comment, standing=after, queued_at=now)
        add_finding(comment, signal, now=now)
        if signal.verdict is Verdict.SPAM and last is None and is_new(comment):
            move_to_spam(comment, now)

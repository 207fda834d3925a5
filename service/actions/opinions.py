"""Others are asked what they think of a comment, by the worker and never while its author waits."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from service.actions import announce, events, outbox
from service.actions.change import change_standing
from service.actions.findings import add_finding, close_unanswered, hold_undecided, is_new, move_to_spam
from service.actions.record import record
from service.actions.toolbox import tools
from service.adapters.akismet import AKISMET_URL, Akismet, AskedComment
from service.adapters.hook import Trial, ask_hook, new_hook_secret
from service.adapters.hook import try_hook as ask_for_trial
from service.adapters.keyring import CannotUnseal
from service.adapters.outgoing import SECONDS, OutgoingFailed
from service.domain import life
from service.domain.comment import CommentKey
from service.domain.destinations import check_url
from service.domain.errors import Invalid, NotFound, StoreUnavailable
from service.domain.life import Action, Actor
from service.domain.log import LogKind
from service.domain.opinions import OpinionKind, not_asked_yet, unanswered
from service.domain.queue import QueueItem
from service.domain.screening import Signal, Verdict
from service.domain.site import Site
from service.domain.writing import Faults, check_line
from service.store import comments, opinions, queue, revisions, sites
from service.store.opinions import OpinionSettings
from service.store.outbox import Job
from service.store.session import reading, writing

__all__ = [
    "CALL_SECONDS",
    "Asked",
    "Trial",
    "ask",
    "ask_a_hook",
    "ask_akismet",
    "ask_no_more",
    "enqueue_questions",
    "enqueue_reports",
    "renew_hook_secret",
    "report",
    "reseal_secrets",
    "try_hook",
    "who_is_asked",
]

KEY_LONGEST = 100  # characters; Akismet's keys have twelve
CALL_SECONDS = SECONDS
"""How long somebody who is asked may take to answer."""
_OVERRULES = {Verdict.HOLD, Verdict.SPAM}


@dataclass(frozen=True)
class Asked:
    """Whom a site asks; `secret` is told once, when it is made."""

    kind: OpinionKind
    url: str
    changed_at: datetime
    secret: str | None = None


def who_is_asked(site_id: UUID) -> Sequence[Asked]:
    """Return whom a site asks for an opinion."""
    with reading():
        found = opinions.settings_of(site_id)
    return [Asked(settings.kind, settings.url, settings.changed_at) for settings in found]


def ask_a_hook(site_id: UUID, url: str, *, actor: Actor, now: datetime, keep_secret: bool = False) -> Asked:
    """Let the site's own server be asked from now on, and return the new secret that requests are signed with.

    With `keep_secret` a hook that has a secret keeps it, and none is told. Raises Invalid for what is no http(s) URL;
    where it leads is judged with every call.
    """
    checked = check_url("url", url)
    return _ask(site_id, OpinionKind.HOOK, checked, new_hook_secret(), actor, now, keep_secret=keep_secret)


def renew_hook_secret(site_id: UUID, *, actor: Actor, now: datetime) -> Asked:
    """Sign with a new secret from now on and return it; raises NotFound where no hook is asked."""
    return _ask(site_id, OpinionKind.HOOK, None, new_hook_secret(), actor, now)


def ask_akismet(site_id: UUID, key: str, *, url: str | None, actor: Actor, now: datetime) -> Asked:
    """Let Akismet be asked from now on, with the site's key; `url` names a server that speaks the same.

    Raises Invalid for every value at fault: an empty or overlong key, and what is no http(s) URL.
    """
    faults = Faults()
    line = faults.gather(lambda: check_line("key", key, most=KEY_LONGEST), "-")
    if not line:
        faults.gather(_refuse_empty_key, None)
    checked = faults.gather(lambda: check_url("url", url).rstrip("/") + "/" if url else AKISMET_URL, "")
    faults.raise_if_any()
    return replace(_ask(site_id, OpinionKind.AKISMET, checked, line, actor, now), secret=None)


def _refuse_empty_key() -> None:
    raise Invalid("key", "required", "Give the key of the site's account with Akismet.")


def ask_no_more(site_id: UUID, kind: OpinionKind, *, actor: Actor, now: datetime) -> None:
    """Ask nobody of this kind any more and forget the secret; raises NotFound where nobody was asked."""
    with writing():
        site = sites.hold_site(site_id)
        before = _settings(site_id, kind)
        opinions.remove_settings(site_id, kind)
        announce.site_changed(site_id)
        _log(site, {f"asks_{kind.value}": [before.url, None]}, actor, now)


def try_hook(site_id: UUID, *, now: datetime) -> Trial:
    """Send the hook a request like those about replies, marked as a test, and return what came back; nothing is kept.

    Raises NotFound where no hook is asked.
    """
    with reading():
        hook, site = _settings(site_id, OpinionKind.HOOK), sites.get_site(site_id)
    secret = tools().keyring.unseal(hook.secret_sealed, context=site_id.bytes)
    about = _sample(site)
    return ask_for_trial(hook.url, secret, f"msg_{uuid4().hex}", about, allowed=tools().allowed_networks, now=now)


def _ask(
    site_id: UUID,
    kind: OpinionKind,
    url: str | None,
    secret: str,
    actor: Actor,
    now: datetime,
    *,
    keep_secret: bool = False,
) -> Asked:
    """Store whom to ask, at the address of before where none is given, and log what is not as before."""
    details: dict[str, Any] = {}
    with writing():
        site = sites.hold_site(site_id)
        before = _find_settings(site_id, kind) if url is not None else _settings(site_id, kind)
        address = url if before is None or url is not None else before.url
        assert address is not None, "without settings of before an address was given"
        sealed = before.secret_sealed if keep_secret and before is not None else None
        if before is None or before.url != address:
            details[f"asks_{kind.value}"] = [None if before is None else before.url, address]
        elif sealed is not None:
            return Asked(kind, address, before.changed_at)
        if before is not None and sealed is None:
            details[f"{kind.value}_secret"] = ["an earlier one", "a new one"]
        stored = sealed or tools().keyring.seal(secret, context=site_id.bytes)
        opinions.save_settings(site_id, OpinionSettings(kind, address, stored, now))
        announce.site_changed(site_id)
        _log(site, details, actor, now)
    return Asked(kind, address, now, None if sealed is not None else secret)


def _find_settings(site_id: UUID, kind: OpinionKind) -> OpinionSettings | None:
    return {settings.kind: settings for settings in opinions.settings_of(site_id)}.get(kind)


def _settings(site_id: UUID, kind: OpinionKind) -> OpinionSettings:
    settings = _find_settings(site_id, kind)
    if settings is None:
        raise NotFound("Nobody of this kind is asked.")
    return settings


def _log(site: Site, details: dict[str, Any], actor: Actor, now: datetime) -> None:
    record(site.id, LogKind.SITE, "change", actor=actor, subject=site.slug, details=details, now=now)


def enqueue_questions(
    site: Site, comment: CommentKey, revision: int, *, address: str | None, waiting: bool, now: datetime
) -> None:
    """Write down, in the transaction that stores a revision, that others are to be asked about it.

    A note says that until they have answered; `waiting` says that the revision waits for a person. Akismet wants the
    network address, which is kept for it sealed until it was asked, and nowhere else.
    """
    kinds = [OpinionKind(kind) for kind in site.asks]
    revisions.add_signals(comment, revision, [not_asked_yet(kind) for kind in kinds], waiting=waiting, now=now)
    for kind in kinds:
        payload = {"ask": kind.value}
        if kind is OpinionKind.AKISMET and address is not None:
            payload["address"] = b64encode(tools().keyring.seal(address, context=site.id.bytes)).decode()
        outbox.enqueue("opinion", site.id, comment_id=comment.id, revision=revision, payload=payload, now=now)


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
    Where nobody answers, the comment is held with a note that says so, and the question is asked again later, or not
    any more after the last try: raises OutgoingFailed. Nothing happens where a person has decided meanwhile, or the
    text has changed or gone.
    """
    assert job.comment_id is not None, "an opinion is about a comment"
    kind = OpinionKind(job.payload["ask"])
    with reading():
        found = _find_settings(job.site_id, kind)
        item = queue.find_item(job.comment_id, site_id=job.site_id)
        site = sites.get_site(job.site_id)
    if found is None or item is None or item.revision.number != job.revision or not item.revision.body_raw:
        with writing():
            close_unanswered([job])
        return
    try:
        signal = _opinion(found, item, site, job, now)
    except StoreUnavailable:
        raise
    except Exception as fault:
        # Whatever is wrong, whoever decides is told; only a call's own words are fit for them.
        why = str(fault) if isinstance(fault, OutgoingFailed) else "Something is wrong with the service itself."
        is_last = job.attempts >= outbox.MOST_ATTEMPTS
        _keep(job, unanswered(kind, why, tries=job.attempts, is_last=is_last), now)
        raise
    _keep(job, signal, now)


def report(job: Job, now: datetime) -> None:
    """Tell Akismet what a moderator decided, so that it learns; raises OutgoingFailed, and it is told later."""
    assert job.comment_id is not None, "a report is about a comment"
    with reading():
        found = _find_settings(job.site_id, OpinionKind.AKISMET)
        item = queue.find_item(job.comment_id, site_id=job.site_id)
        site = sites.get_site(job.site_id)
    if found is None or item is None or not item.revision.body_raw:
        return
    _akismet(found, site).tell(_told(item, site, address=""), is_spam=job.payload["is_spam"])


def _opinion(settings: OpinionSettings, item: QueueItem, site: Site, job: Job, now: datetime) -> Signal:
    keyring = tools().keyring
    if settings.kind is OpinionKind.AKISMET:
        sealed, address = job.payload.get("address"), ""
        if sealed:
            # Under a key that has gone since it is not known any more, and the rest can be asked about without it.
            with suppress(CannotUnseal):
                address = keyring.unseal(b64decode(sealed), context=site.id.bytes)
        return _akismet(settings, site).check(_told(item, site, address=address)).signal
    secret = keyring.unseal(settings.secret_sealed, context=site.id.bytes)
    comment = {
        "id": str(item.comment.id),
        "test": False,
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


def reseal_secrets() -> None:
    """Seal every secret that is under an older key with the current one; raises CannotUnseal."""
    keyring = tools().keyring
    with writing():
        for site_id, kind, sealed in opinions.every_secret():
            if not keyring.is_current(sealed):
                secret = keyring.unseal(sealed, context=site_id.bytes)
                opinions.reseal_secret(site_id, kind, keyring.seal(secret, context=site_id.bytes))


def _sample(site: Site) -> dict[str, Any]:
    """Return what a hook is told of a comment, of one that does not exist."""
    text = "This is a test of the hook; no reader wrote it."
    url = f"{site.origins[0]}/" if site.origins else ""
    return {
        "id": str(UUID(int=0)),
        "test": True,
        "site": site.slug,
        "revision": 1,
        "article": {"key": url, "url": url, "title": "A test"},
        "parent_id": None,
        "author": {"name": "Postbag", "url": None, "approved": 0},
        "body": text,
        "body_html": f"<p>{text}</p>",
    }


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
            close_unanswered([job])
            return
        comment, last = found
        dropped = opinions.drop_signals(comment.id, comment.standing.revision, [signal.name])
        comments.add_to_score(comment.id, signal.score - sum(dropped))
        if signal.verdict in _OVERRULES and life.can_be_returned(comment.standing):
            # Nobody but the site's policy has published it, and now somebody has an objection.
            after = life.return_to_queue(comment.standing)
            change_standing(comment, after, queued_at=now, reason=None)
            events.tell_found(sites.get_site(job.site_id), comment, after, signal, now=now)
            comment = replace(comment, standing=after, queued_at=now)
        add_finding(comment, signal, now=now)
        if signal.verdict is Verdict.SPAM and last is None and is_new(comment):
            move_to_spam(comment, signal, now)

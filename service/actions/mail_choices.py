"""Moderators choose which letters they get, end them by a link, and decide by links in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import events
from service.actions.decide import Proposal, decide
from service.actions.letters import can_be_sent
from service.actions.signed_links import BadLink, Purpose, read_token
from service.domain.errors import Forbidden
from service.domain.letters import MailChoice
from service.domain.life import Action, Status
from service.domain.permissions import Caller, Permission
from service.domain.queue import QueueItem
from service.domain.site import Site
from service.store import mail_choices, queue, sites
from service.store.mail_choices import Chosen
from service.store.session import reading, writing


def read_choices(moderator_id: UUID) -> Sequence[Chosen]:
    """Return what a moderator chose for each of their sites; nothing where no mail is sent."""
    if not can_be_sent():
        return []
    with reading():
        return mail_choices.choices_of(moderator_id)


def choose(moderator_id: UUID, chosen: Mapping[str, MailChoice], *, now: datetime) -> None:
    """Store what a moderator chose, by the slugs of sites; others than theirs are passed over."""
    with reading():
        changed = [
            (one.site_id, chosen[one.site_slug])
            for one in mail_choices.choices_of(moderator_id)
            if chosen.get(one.site_slug, one.choice) is not one.choice
        ]
    for site_id, choice in changed:
        _choose(moderator_id, site_id, choice, now)


def _choose(moderator_id: UUID, site_id: UUID, choice: MailChoice, now: datetime) -> None:
    with writing():
        sites.hold_site(site_id)
        mail_choices.choose(moderator_id, site_id, choice, now=now)
        events.settle_tells(site_id, now=now)


@dataclass(frozen=True)
class Ending:
    """What a link ends: a moderator's letters about a site; `is_done` where there are none."""

    site: Site
    is_done: bool


def read_ending(token: str, *, now: datetime) -> Ending:
    """Return what the link would end; raises BadLink."""
    moderator_id, site_id = map(UUID, read_token(Purpose.QUIET, token, now=now).parts)
    with reading():
        found = mail_choices.find_caller(moderator_id, site_id)
        return Ending(sites.get_site(site_id), found is None or found[1] is MailChoice.NONE)


def end(token: str, *, now: datetime) -> Ending:
    """End a moderator's letters about a site; raises BadLink."""
    ending = read_ending(token, now=now)
    if not ending.is_done:
        moderator_id, _ = map(UUID, read_token(Purpose.QUIET, token, now=now).parts)
        _choose(moderator_id, ending.site.id, MailChoice.NONE, now)
    return ending


@dataclass(frozen=True)
class Offer:
    """What a link in a letter would decide; `is_good` while the comment is as it was when the letter was written."""

    caller: Caller
    site: Site
    item: QueueItem
    action: Action
    revision: int
    version: int

    @property
    def is_good(self) -> bool:
        """True while the comment waits, at the revision and version of the letter."""
        standing = self.item.comment.standing
        is_same = (standing.revision, standing.version) == (self.revision, self.version)
        return is_same and standing.status is Status.PENDING


def read_offer(token: str, *, now: datetime) -> Offer:
    """Return what the link would decide; raises BadLink, and Forbidden where whose it is may not decide any more."""
    *ids, revision, version, action = read_token(Purpose.DECIDE, token, now=now).parts
    moderator_id, site_id, comment_id = map(UUID, ids)
    with reading():
        found = mail_choices.find_caller(moderator_id, site_id)
        item = queue.find_item(comment_id, site_id=site_id)
        site = sites.get_site(site_id)
    if found is None:
        raise Forbidden("You have no role on this site any more.")
    if item is None:
        raise BadLink
    found[0].check(Permission.DECIDE)
    return Offer(found[0], site, item, Action(action), int(revision), int(version))


def decide_by_link(token: str, *, reason: str, now: datetime) -> Offer:
    """Decide as the moderator whose link it is, on the revision they were shown, and return what was offered.

    Raises BadLink, Forbidden, Claimed, Invalid for the reason, and StaleDecision with who decided what where the
    comment is no longer what the letter showed.
    """
    offer = read_offer(token, now=now)
    proposal = Proposal(
        offer.item.comment.id,
        offer.action,
        offer.revision,
        expected_version=offer.version,
        reason=reason if offer.action is Action.REJECT else "",
    )
    decide(offer.caller, proposal, now=now)
    return offer

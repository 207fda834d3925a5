"""Authors ask on their receipts for letters, confirm that an address is theirs, and end it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import events, limiting, mail_addresses
from service.actions.letters import Recipient, can_be_sent, enqueue_letter
from service.actions.receipts import Receipt, read_receipt
from service.actions.signed_links import BadLink, Purpose, read_token
from service.actions.toolbox import tools
from service.domain.article import Article
from service.domain.comment import Comment
from service.domain.emails import email_lookup_form
from service.domain.errors import Forbidden
from service.domain.letters import (
    MOST_UNASKED,
    LetterKind,
    SubscriptionKind,
    SubscriptionState,
)
from service.domain.life import Status
from service.store import articles, authors, sites, subscriptions
from service.store.session import reading, writing
from service.store.subscriptions import Subscription

State = Mapping[SubscriptionKind, SubscriptionState]


def state_of(receipt: Receipt) -> State | None:
    """Return what its author is told by mail, of what they can be; None where no mail is sent at all."""
    if not can_be_sent():
        return None
    comment = receipt.comment
    with reading():
        asked = subscriptions.of_author(comment.author_id, [comment.id, comment.article_id])
    states = {one.kind: _state(one) for one in asked}
    return {
        kind: states.get(kind, SubscriptionState.OFF)
        for kind in SubscriptionKind
        if kind in states or _may_ask(comment, kind)
    }


def ask(token: str, kind: SubscriptionKind, *, language: str, client_address: str | None, now: datetime) -> Receipt:
    """Have the author of a comment told by mail; asking twice is the same as once.

    Of a decision they are told in one letter. For all else they first get a letter that asks whether it was they. In
    which language they asked, in that they are written to. Raises NotFound, RateLimited, and Forbidden where no mail is
    sent, the comment is decided on or gone, or too many letters went to the address today.
    """
    receipt = read_receipt(token, now=now)
    comment = receipt.comment
    _check_may_ask(comment, kind)
    client = limiting.client_key(receipt.site, client_address)
    verdict = limiting.spend(receipt.site, limiting.charges(receipt.site, ("receipt", client)), now=now)
    with limiting.told(verdict), writing():
        _ask(receipt, token, kind, language, now)
    return Receipt(**(vars(receipt) | {"verdict": verdict}))


def _ask(receipt: Receipt, token: str, kind: SubscriptionKind, language: str, now: datetime) -> None:
    comment = receipt.comment
    made = subscriptions.new_subscription_id(now)
    wanted = Subscription(
        id=made,
        site_id=comment.site_id,
        author_id=comment.author_id,
        article_id=comment.article_id,
        comment_id=comment.id,
        kind=kind,
        language=language,
        receipt_sealed=tools().keyring.seal(token, context=made.bytes),
        confirmed_at=None,
        letter_due_at=None,
        told_at=None,
    )
    target = comment.article_id if kind is SubscriptionKind.ARTICLE else comment.id
    if not subscriptions.add_subscription(wanted, target_id=target, now=now):
        return
    _count_unasked(comment, now)
    if kind is not SubscriptionKind.DECISION:
        values = {"subscription": str(made)}
        to = Recipient.author(comment.author_id)
        enqueue_letter(LetterKind.CONFIRM, comment.site_id, to=to, language=language, values=values, now=now)
    events.settle_tells(sites.hold_site(comment.site_id).id, now=now)


def stop(token: str, kind: SubscriptionKind, *, now: datetime) -> Receipt:
    """Tell the author of a comment no more of this; what was never asked for is ended already. Raises NotFound."""
    receipt = read_receipt(token, now=now)
    comment = receipt.comment
    with writing():
        asked = subscriptions.of_author(comment.author_id, [comment.id, comment.article_id])
        subscriptions.end([one.id for one in asked if one.kind is kind])
    return receipt


@dataclass(frozen=True)
class Linked:
    """What a link in a letter is about; `is_done` where what it is for has been done before."""

    article: Article
    is_done: bool

    @property
    def name(self) -> str:
        """What the article is called."""
        return mail_addresses.article_name(self.article)


def read_confirmation(token: str, *, now: datetime) -> Linked:
    """Return what the link would confirm; raises BadLink, also where the subscription is gone."""
    with reading():
        return _confirmation(token, now)[1]


def confirm(token: str, *, now: datetime) -> Linked:
    """Begin to send the letters that were asked for; raises BadLink."""
    with writing():
        wanted, linked = _confirmation(token, now, hold=True)
        if not linked.is_done:
            subscriptions.confirm(wanted.id, now=now)
    return linked


def read_stop(token: str, *, now: datetime) -> Linked:
    """Return what the link would end; raises BadLink."""
    with reading():
        return _ending(token, now)[1]


def stop_all(token: str, *, now: datetime) -> Linked:
    """End all letters to a reader about an article's discussion; raises BadLink."""
    with writing():
        wanted, linked = _ending(token, now, hold=True)
        subscriptions.end([one.id for one in wanted])
    return linked


def _confirmation(token: str, now: datetime, *, hold: bool = False) -> tuple[Subscription, Linked]:
    (given,) = read_token(Purpose.CONFIRM, token, now=now).parts
    wanted = subscriptions.find_subscription(UUID(given), hold=hold)
    if wanted is None:
        raise BadLink
    return wanted, Linked(articles.get_article(wanted.article_id), wanted.confirmed_at is not None)


def _ending(token: str, now: datetime, *, hold: bool = False) -> tuple[list[Subscription], Linked]:
    author, article = read_token(Purpose.STOP, token, now=now).parts
    wanted = subscriptions.of_discussion(UUID(author), UUID(article), hold=hold)
    return wanted, Linked(articles.get_article(UUID(article)), not wanted)


def _check_may_ask(comment: Comment, kind: SubscriptionKind) -> None:
    if not can_be_sent():
        raise Forbidden("This service sends no mail.")
    if not _may_ask(comment, kind):
        if kind is SubscriptionKind.DECISION:
            raise Forbidden("This comment is decided on already.")
        raise Forbidden("Nobody can answer this comment, so there is nothing to tell.")


def _may_ask(comment: Comment, kind: SubscriptionKind) -> bool:
    status = comment.status_for_author
    waits = status is Status.PENDING
    return (
        waits and not comment.standing.is_published
        if kind is SubscriptionKind.DECISION
        else (waits or status is Status.APPROVED)
    )


def _state(asked: Subscription) -> SubscriptionState:
    is_on = asked.kind is SubscriptionKind.DECISION or asked.confirmed_at is not None
    return SubscriptionState.ON if is_on else SubscriptionState.WAITING


def _count_unasked(comment: Comment, now: datetime) -> None:
    """Count a letter that nobody has confirmed yet; raises Forbidden where too many went to the address today.

    Whoever writes here may give the address of somebody else, so this holds whatever they do, on all sites together.
    """
    keyring = tools().keyring
    sealed = authors.find_sealed_email(comment.author_id)
    if sealed is None:
        raise Forbidden("Everything that was written with this address was erased.")
    email = keyring.unseal(sealed, context=comment.site_id.bytes)
    address_hash = keyring.lookup_hash("unasked letters", email_lookup_form(email))
    if subscriptions.count_unasked(address_hash, now.date()) > MOST_UNASKED:
        sentence = "So many emails have gone to this address that no more can be sent today. Please try again tomorrow."
        raise Forbidden(sentence, says="too_many_letters")

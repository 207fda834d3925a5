"""Letters to readers: what was decided on a reply, whether it was they who asked, who answered and what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from service.actions import mail_addresses
from service.actions.body import plain_text
from service.actions.letters import Order, Recipient, can_be_sent, enqueue_letter
from service.actions.signed_links import Purpose, signed_link
from service.actions.toolbox import tools
from service.adapters.letters import Words
from service.domain.comment import Comment
from service.domain.events import Event, EventType
from service.domain.letters import (
    BETWEEN_LETTERS,
    CONFIRM_WITHIN,
    LETTER_IS_LOST,
    MOST_TOLD,
    QUOTE_MAX,
    UNSUBSCRIBE_WITHIN,
    Content,
    LetterKind,
    Link,
    Quote,
    SubscriptionKind,
    shortened,
)
from service.domain.life import Status
from service.store import articles, comments, log, queue, sites, subscriptions
from service.store.subscriptions import Subscription

DECIDED = frozenset({EventType.PUBLISHED, EventType.REJECTED, EventType.SPAM, EventType.DELETED})


def wanted_types(site_id: UUID) -> set[EventType]:
    """Return the events that readers of a site want to be told of."""
    return set(DECIDED) if subscriptions.is_anything_wanted(site_id) else set()


def hear(site_id: UUID, events: Sequence[Event], now: datetime) -> None:
    """Write down the letters that follow from what happened, in the transaction of whoever tells."""
    if not can_be_sent():
        return
    for event in events:
        if event.type in DECIDED and event.comment_id is not None:
            comment = comments.find_comment(event.comment_id, site_id=site_id)
            if comment is not None:
                _tell_author(comment, now)
                if event.type is EventType.PUBLISHED and comment.published_at == event.happened_at:
                    _tell_others(comment, now)


def _tell_author(comment: Comment, now: datetime) -> None:
    wanted = subscriptions.decision_wanted(comment.id)
    if wanted is None or _is_on_its_way(wanted, now):
        return
    enqueue_letter(
        LetterKind.DECISION,
        comment.site_id,
        to=Recipient.author(wanted.author_id),
        language=wanted.language,
        values={"subscription": str(wanted.id)},
        comment_id=comment.id,
        now=now,
    )
    subscriptions.note_letter([wanted.id], due_at=now)


def _tell_others(comment: Comment, now: datetime) -> None:
    """Have everybody told of a comment that readers see for the first time; never its own author."""
    told = subscriptions.to_be_told(comment.parent_id, comment.article_id, besides=comment.author_id)
    for author_id, of_author in groupby(told, attrgetter("author_id")):
        news = [subscriptions.add_news(wanted.id, comment.id, now=now) for wanted in of_author]
        if any(news):
            _write_to(author_id, comment, now)


def _write_to(author_id: UUID, comment: Comment, now: datetime) -> None:
    """Write down one letter to a subscriber about an article, unless one waits already, which will tell of it."""
    wanted = subscriptions.of_discussion(author_id, comment.article_id, hold=True)
    if not any(_is_on_its_way(one, now) for one in wanted):
        _order(wanted, now)


def _order(wanted: Sequence[Subscription], now: datetime) -> None:
    due_at = max([now, *(one.told_at + BETWEEN_LETTERS for one in wanted if one.told_at is not None)])
    newest = wanted[-1]
    enqueue_letter(
        LetterKind.NEWS,
        newest.site_id,
        to=Recipient.author(newest.author_id),
        language=newest.language,
        values={"article": str(newest.article_id)},
        due_at=due_at,
        now=now,
    )
    subscriptions.note_letter([one.id for one in wanted], due_at=due_at)


def _is_on_its_way(wanted: Subscription, now: datetime) -> bool:
    return wanted.letter_due_at is not None and now - wanted.letter_due_at < LETTER_IS_LOST


def compose_decision(order: Order, now: datetime) -> Content | None:
    """Say what was decided and why; None where it was taken back since, or the author took the reply back."""
    wanted = subscriptions.find_subscription(UUID(order.values["subscription"]))
    if wanted is None:
        return None
    item = queue.find_item(wanted.comment_id, site_id=order.site_id)
    assert item is not None, "comments are never removed"
    comment, words = item.comment, Words(order.language)
    said = _decision(comment, words)
    if said is None:
        return None
    paragraphs, quotes = said
    token = tools().keyring.unseal(wanted.receipt_sealed, context=wanted.id.bytes)
    site = sites.get_site(order.site_id)
    name = mail_addresses.article_name(item.article)
    links = [Link(words.say("mail.openReceipt"), mail_addresses.receipt(token, order.language))]
    if comment.standing.is_published:
        seen = mail_addresses.discussion(site, item.article, comment.id, order.language)
        links.insert(0, Link(words.say("page.seeIt"), seen))
    links[0] = replace(links[0], is_main=True)
    return Content(
        subject=words.say("mail.subjectDecision", article=name),
        heading=name,
        paragraphs=paragraphs,
        quotes=quotes,
        links=links,
        why=words.say("mail.whyDecision", site=site.name),
        about=[comment.id],
    )


def _decision(comment: Comment, words: Words) -> tuple[list[str], list[Quote]] | None:
    status = comment.status_for_author
    if comment.standing.is_published:
        return [words.say("widget.published"), words.say("page.publishedText")], []
    if status is Status.REJECTED:
        heading = words.say("page.notPublished")
        if comment.reason:
            return [heading, words.say("page.reason")], [Quote(comment.reason)]
        return [heading, words.say("page.noReason")], []
    if status is Status.SPAM:
        return [words.say("page.notPublished"), words.say("page.spamText")], []
    if status is Status.DELETED:
        decided = log.last_decisions([comment.id]).get(comment.id)
        if decided is not None and decided.actor.kind != "author":
            return [words.say("page.removed"), words.say("page.removedText")], []
    return None


def settle_decision(order: Order, sent: Content | None, now: datetime) -> None:
    """One letter was asked for; where nothing was said, the next decision is told."""
    wanted = UUID(order.values["subscription"])
    if sent is None:
        subscriptions.note_letter([wanted], due_at=None)
    else:
        subscriptions.end([wanted])


def compose_confirmation(order: Order, now: datetime) -> Content | None:
    """Ask whether it was they who asked; None where it is answered already."""
    wanted = subscriptions.find_subscription(UUID(order.values["subscription"]))
    expires_at = order.ordered_at + CONFIRM_WITHIN
    if wanted is None or wanted.confirmed_at is not None or now >= expires_at:
        return None
    words, site = Words(order.language), sites.get_site(order.site_id)
    article = mail_addresses.article_name(articles.get_article(wanted.article_id))
    is_answers = wanted.kind is SubscriptionKind.ANSWERS
    asked = words.say("mail.confirmAnswers" if is_answers else "mail.confirmFollow", article=article, site=site.name)
    link = _in_language(signed_link(Purpose.CONFIRM, str(wanted.id), expires_at=expires_at), order)
    return Content(
        subject=words.say("mail.subjectConfirm", article=article),
        paragraphs=[asked, words.say("mail.confirmUntil", time=expires_at)],
        links=[Link(words.say("mail.confirm"), link, is_main=True)],
        why=words.say("mail.whyConfirm"),
    )


def compose_news(order: Order, now: datetime) -> Content | None:
    """Say who answered and what is new in a discussion, as far as readers see it; None where that is nothing."""
    wanted = _wanted(order)
    if not wanted:
        return None
    found = [comments.find_comment(one, site_id=order.site_id) for one in subscriptions.untold(_ids(wanted))]
    news = [comment for comment in found if comment is not None]
    if not news:
        return None
    words, site = Words(order.language), sites.get_site(order.site_id)
    article = articles.get_article(wanted[0].article_id)
    name, count = mail_addresses.article_name(article), len(news)
    answered = {one.comment_id for one in wanted if one.kind is SubscriptionKind.ANSWERS}
    if count == 1 and news[0].parent_id in answered:
        subject = words.say("mail.answersYouTitle", name=news[0].author_name, article=name)
        said = words.say("mail.answersYou", name=news[0].author_name)
    else:
        subject, said = words.say("mail.subjectNews", n=count, article=name), words.say("mail.newReplies", n=count)
    more = [words.say("mail.more", n=count - MOST_TOLD)] if count > MOST_TOLD else []
    end = signed_link(Purpose.STOP, str(wanted[0].author_id), str(article.id), expires_at=now + UNSUBSCRIBE_WITHIN)
    return Content(
        subject=subject,
        heading=name,
        paragraphs=[said, *more],
        quotes=[_quote(comment) for comment in news[:MOST_TOLD]],
        links=[
            Link(
                words.say("mail.readThem"),
                mail_addresses.discussion(site, article, news[0].id, order.language),
                is_main=True,
            )
        ],
        why=words.say("mail.whyNews", site=site.name),
        unsubscribe=Link(words.say("mail.stop"), _in_language(end, order)),
        about=[comment.id for comment in news],
    )


def settle_news(order: Order, sent: Content | None, now: datetime) -> None:
    """Note what was told; what came while the letter was on its way is told in the next one."""
    wanted = [
        one
        for one in subscriptions.of_discussion(order.to.id, UUID(order.values["article"]), hold=True)
        if one.confirmed_at is not None
    ]
    if sent is not None:
        subscriptions.note_told(_ids(wanted), sent.about, now=now)
    subscriptions.note_letter(_ids(wanted), due_at=None)
    if wanted and subscriptions.untold(_ids(wanted)):
        _order(_wanted(order), now)


def _wanted(order: Order) -> list[Subscription]:
    wanted = subscriptions.of_discussion(order.to.id, UUID(order.values["article"]))
    return [one for one in wanted if one.confirmed_at is not None]


def _ids(wanted: Sequence[Subscription]) -> list[UUID]:
    return [one.id for one in wanted]


def _quote(comment: Comment) -> Quote:
    return Quote(shortened(plain_text(comment.body_html).strip(), QUOTE_MAX), comment.author_name)


def _in_language(link: str, order: Order) -> str:
    return f"{link}?lang={order.language}"

"""Sends what `enqueue_letter` wrote down: looks up what it says, whom it is for, and hands it to the mail server.

The server is called outside of any transaction. Whatever comes between the sending and the note that it was done, the
letter goes out once more under the same Message-ID, by which mailboxes know that it is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from service.actions import mine, moderator_letters, outbox, reader_letters
from service.actions.letters import JOB, Order, Recipient
from service.actions.toolbox import tools
from service.adapters.letters import on_paper
from service.adapters.mail import Letter, MailFailed
from service.domain.letters import Content, LetterKind, one_line
from service.store import authors, moderators
from service.store.outbox import Job
from service.store.session import reading, writing

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Composer:
    """How a kind of letter comes about.

    `compose` says what it says now, or None where it is not to be sent any more; it reads. `settle` notes, in a
    transaction, that this was sent, or that nothing was.
    """

    compose: Callable[[Order, datetime], Content | None]
    settle: Callable[[Order, Content | None, datetime], None] | None = None


COMPOSERS: Mapping[LetterKind, Composer] = {
    LetterKind.DECISION: Composer(reader_letters.compose_decision, reader_letters.settle_decision),
    LetterKind.CONFIRM: Composer(reader_letters.compose_confirmation),
    LetterKind.NEWS: Composer(reader_letters.compose_news, reader_letters.settle_news),
    LetterKind.HELD: Composer(moderator_letters.compose_held),
    LetterKind.DIGEST: Composer(moderator_letters.compose_digest),
    LetterKind.LATE: Composer(moderator_letters.compose_late),
    LetterKind.PROVE: Composer(mine.compose_prove),
    LetterKind.MINE: Composer(mine.compose_mine),
}


def send_next(*, now: datetime) -> bool | None:
    """Send one letter that is due; False where it failed and is tried again later or was given up, None for none."""
    if not outbox.is_due(JOB, now=now):
        return None
    for job in outbox.claim([JOB], now=now, most=1):
        return outbox.carry_out(job, {JOB: send}, now=now)
    return None


def send(job: Job, now: datetime) -> None:
    """Send a letter where there is still something to say to somebody.

    Raises MailRefused where no server will ever take it, and MailFailed where trying again may help.
    """
    mailer = tools().mailer
    if mailer is None:
        raise MailFailed("SMTP_URL is not set any more, so no letter can be sent.")
    order = Order.of(job)
    composer = COMPOSERS[order.kind]
    with reading():
        content = composer.compose(order, now)
        to = None if content is None else _address(order.to, order)
    if content is None or to is None:
        log.info("letter_not_needed", letter=order.kind.value, job=str(job.id))
        content = None
    else:
        text, html = on_paper(content, order.language)
        mailer.send(
            Letter(
                id=str(job.id),
                to=to,
                subject=one_line(content.subject),
                text=text,
                html=html,
                language=order.language,
                unsubscribe_url=content.unsubscribe.url if content.unsubscribe else None,
            ),
            now=now,
        )
        log.info("letter_sent", letter=order.kind.value, job=str(job.id))
    if composer.settle is not None:
        with writing():
            composer.settle(order, content, now)


def _address(to: Recipient, order: Order) -> str | None:
    """Return the address, or None where whom it was for is gone."""
    keyring = tools().keyring
    if to.kind == "moderator":
        account = moderators.find_account_by_id(to.id)
        return None if account is None else keyring.unseal(account.email_sealed, context=account.id.bytes)
    sealed = authors.find_sealed_email(to.id)
    return None if sealed is None else keyring.unseal(sealed, context=order.site_id.bytes)

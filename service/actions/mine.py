"""An author proves that an address is theirs, and sees everything that was written with it on a site.

Both begin with a letter to the address; its link is what shows that the letter was read. Nothing here says to anybody
else whether an address is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.actions import letters, limiting
from service.actions.erase import erase_everything, everyone, find_erasure, is_erased
from service.actions.letters import Order, Recipient
from service.actions.proven import author_token
from service.actions.receipts import read_receipt
from service.actions.signed_links import BadLink, Purpose, read_token, signed_link
from service.actions.toolbox import tools
from service.actions.vouch import asked_about, vouch_by_letter
from service.adapters.letters import Words
from service.domain.comment import Comment
from service.domain.emails import email_lookup_form, parse_email
from service.domain.erasure import Erasure
from service.domain.errors import NotFound, RateLimited
from service.domain.letters import QUOTE_MAX, Content, LetterKind, Link, Quote, shortened
from service.domain.life import AUTHOR, Status
from service.domain.limits import Charge, Limit, Verdict
from service.domain.mine import Owner, Written
from service.domain.queue import QueueItem
from service.domain.site import Site
from service.store import authors, comments, mine, revisions, sites
from service.store.session import reading, writing

PROVE_LIFE = timedelta(days=2)
"""How long the link proves the address: a weekend."""
MINE_LIFE = timedelta(days=1)
"""How long the link to everything works: whoever finds an old letter shall find nothing behind it."""
AT_ONCE = 100  # comments read together, with their texts
BATCHES_AT_ONCE = 10
"""How much of an erasure its author waits for: a thousand comments, some seconds. The worker does the rest."""
TO_ONE_ADDRESS = Limit("own-letters", 5, 86_400)
"""Letters a day that anybody can have sent to one address; each could be a stranger's doing."""


@dataclass(frozen=True)
class Proof:
    """What a link proves, or has proven; `token` is None where it had been used before.

    `reply` is the one on whose receipt the letter was asked for, while its author may still say that it is theirs, and
    `vouched` the same once they have, as it is then.
    """

    site: Site
    token: str | None
    reply: QueueItem | None = None
    vouched: Comment | None = None


@dataclass(frozen=True)
class Erased:
    """What a link leads to after everything was erased; `done` is None while it is going on."""

    site: Site
    done: Erasure | None


def is_offered() -> bool:
    """True where letters can be sent, without which nobody can show that an address is theirs."""
    return letters.can_be_sent()


def is_offered_to(author_id: UUID) -> bool:
    """True where a letter can be sent to an author, whose address is kept."""
    if not is_offered():
        return False
    with reading():
        return authors.find_sealed_email(author_id) is not None


def ask_to_prove(receipt_token: str, *, language: str, client_address: str | None, now: datetime) -> Verdict:
    """Have a letter sent to the address of a reply, whose link proves it; raises NotFound and RateLimited."""
    return _ask(LetterKind.PROVE, receipt_token, language, client_address, now)


def ask_for_mine(receipt_token: str, *, language: str, client_address: str | None, now: datetime) -> Verdict:
    """Have a letter sent to the address of a reply, whose link shows all that was written with it on the site.

    Raises NotFound and RateLimited.
    """
    return _ask(LetterKind.MINE, receipt_token, language, client_address, now)


def ask_for_mine_by_address(slug: str, email: str, *, language: str, client_address: str | None, now: datetime) -> None:
    """Do the same for an address that somebody types; whether anything was written with it, only the letter tells.

    Raises UnknownSite, Invalid for what is no address, and RateLimited.
    """
    _check_offered()
    with reading():
        site = sites.find_site(slug)
    address = parse_email(email)
    hashes = tools().keyring.lookup_hashes("email", str(site.id), email_lookup_form(address))
    _spend(site, hashes[0], client_address, now)
    with writing():
        # One letter: its link leads to everything that the address is known by.
        for author_id in authors.find_author_ids(site.id, hashes)[:1]:
            letters.enqueue_letter(LetterKind.MINE, site.id, to=Recipient.author(author_id), language=language, now=now)


def compose_prove(order: Order, now: datetime) -> Content | None:
    """Return the letter that asks whether the address is theirs, with the reply that was sent under it."""
    if not _is_known(order):
        return None
    words, site = Words(order.language), sites.get_site(order.site_id)
    about = (order.comment_id.hex,) if order.comment_id else ()
    link = signed_link(Purpose.PROVE, *_asked(order), *about, expires_at=order.ordered_at + PROVE_LIFE)
    return Content(
        subject=words.say("mail.subjectProve", site=site.name),
        paragraphs=(
            words.say("mail.proveAsked", site=site.name),
            words.say("mail.confirmUntil", time=order.ordered_at + PROVE_LIFE),
        ),
        quotes=_quotes(order),
        links=(Link(words.say("mail.prove"), link, is_main=True),),
        why=words.say("mail.whyProve"),
    )


def compose_mine(order: Order, now: datetime) -> Content | None:
    """Return the letter with the link to everything that was written with this address."""
    if not _is_known(order):
        return None
    words, site = Words(order.language), sites.get_site(order.site_id)
    link = signed_link(Purpose.MINE, *_asked(order), expires_at=order.ordered_at + MINE_LIFE)
    return Content(
        subject=words.say("mail.subjectMine", site=site.name),
        paragraphs=(
            words.say("mail.mineAsked", site=site.name),
            words.say("mail.confirmUntil", time=order.ordered_at + MINE_LIFE),
        ),
        links=(Link(words.say("mail.openMine"), link, is_main=True),),
        why=words.say("mail.whyMine"),
    )


def look_at_proof(token: str, *, now: datetime) -> Proof:
    """Return for which site a link proves an address, and change nothing; raises BadLink."""
    author_id, asked_at, comment_id = _read(Purpose.PROVE, token, now)
    with reading():
        author = mine.find_author(author_id)
        if author is None or not author.email_sealed:
            raise BadLink
        site = sites.get_site(author.site_id)
    if author.record.proven_at is not None and author.record.proven_at >= asked_at:
        return Proof(site, None)
    reply = comment_id and asked_about(comment_id, author_id, site_id=site.id)
    return Proof(site, "", reply or None)


def prove(
    token: str, *, vouched_revision: int | None = None, client_address: str | None = None, now: datetime
) -> Proof:
    """Note that the address is proven, and return what its author's browser is known by; the link is good once.

    `vouched_revision` is the one that they have seen of the reply, and say is theirs. Raises BadLink.
    """
    author_id, asked_at, _ = _read(Purpose.PROVE, token, now)
    found = look_at_proof(token, now=now)
    with writing():
        is_new = mine.prove(author_id, asked_at=asked_at, now=now)
    if not is_new:
        return Proof(found.site, None)
    vouched = None
    if found.reply is not None and vouched_revision is not None:
        vouched = vouch_by_letter(
            found.reply, found.site, revision=vouched_revision, client_address=client_address, now=now
        )
    return replace(found, token=author_token(author_id, now=now), vouched=vouched)


def open_mine(token: str, *, now: datetime) -> Owner | Erased:
    """Return whose link this is, or that everything was erased; raises BadLink."""
    author_id, _, _ = _read(Purpose.MINE, token, now)
    with reading():
        author = mine.find_author(author_id)
        if author is None:
            raise BadLink
        site = sites.get_site(author.site_id)
        if not is_erased(author):
            return owner_of(author, site)
    return Erased(site, find_erasure(author_id, site))


def erase_mine(token: str, *, now: datetime) -> Erased:
    """Erase everything of the author of a link, for good; a second time it says the same. Raises BadLink."""
    author_id, _, _ = _read(Purpose.MINE, token, now)
    found = open_mine(token, now=now)
    if isinstance(found, Erased) and found.done is not None:
        return found
    return Erased(found.site, erase_everything(author_id, found.site, actor=AUTHOR, now=now, batches=BATCHES_AT_ONCE))


def page_of(owner: Owner, *, before: UUID | None, limit: int) -> list[Written]:
    """Return up to `limit` comments of an author, the newest first."""
    with reading():
        return mine.written_by(owner.ids, before=before, limit=limit)


def everything_of(owner: Owner, *, with_notes: bool = False) -> Iterator[Written]:
    """Yield all comments of an author, the newest first, in bounded memory."""
    before: UUID | None = None
    while True:
        with reading():
            found = mine.written_by(owner.ids, before=before, limit=AT_ONCE, with_notes=with_notes)
        yield from found
        if len(found) < AT_ONCE:
            return
        before = found[-1].comment.id


def _ask(kind: LetterKind, receipt_token: str, language: str, client_address: str | None, now: datetime) -> Verdict:
    _check_offered()
    receipt = read_receipt(receipt_token, now=now)
    comment = receipt.comment
    with reading():
        author = mine.find_author(comment.author_id)
    if author is None or is_erased(author):
        raise NotFound("Everything that was written with this address was erased.")
    if not author.email_sealed:
        raise NotFound("No address is kept with this reply, so no letter can be sent.")
    verdict = _spend(receipt.site, author.email_hash, client_address, now)
    with writing():
        letters.enqueue_letter(
            kind,
            receipt.site.id,
            to=Recipient.author(comment.author_id),
            language=language,
            comment_id=comment.id,
            now=now,
        )
    return verdict


def _check_offered() -> None:
    if not is_offered():
        raise NotFound("This service sends no letters, so it cannot find out whose an address is.")


def _spend(site: Site, email_hash: bytes, client_address: str | None, now: datetime) -> Verdict:
    client = limiting.client_key(site, client_address)
    verdict = limiting.spend(site, limiting.charges(site, ("receipt", client)), now=now)
    # Whatever the site's own limits are: these letters come to people who may not have asked for them.
    letter = tools().limiter.spend(site.slug, [Charge(TO_ONE_ADDRESS, email_hash.hex())], now=now)
    if not letter.allowed:
        raise RateLimited(letter)
    return verdict


def _is_known(order: Order) -> bool:
    author = mine.find_author(order.to.id)
    return author is not None and bool(author.email_sealed)


def _quotes(order: Order) -> tuple[Quote, ...]:
    if order.comment_id is None:
        return ()
    comment = comments.find_comment(order.comment_id, site_id=order.site_id)
    if comment is None or comment.standing.status is Status.DELETED:
        return ()
    text = revisions.find_revision(comment.id, comment.standing.revision).body_raw
    return (Quote(shortened(text, QUOTE_MAX), by=comment.author_name),)


def _asked(order: Order) -> tuple[str, str]:
    return order.to.id.hex, f"{int(order.ordered_at.timestamp() * 1_000_000):x}"


def _read(purpose: Purpose, token: str, now: datetime) -> tuple[UUID, datetime, UUID | None]:
    """Return whose link it is, when it was asked for, and on the receipt of which comment."""
    author, asked_at, *about = read_token(purpose, token, now=now).parts
    return UUID(author), datetime.fromtimestamp(int(asked_at, 16) / 1_000_000, UTC), UUID(about[0]) if about else None


def owner_of(author: mine.KnownAuthor, site: Site) -> Owner:
    """Return an author of a site with all that their address is known by; to be called in a transaction."""
    ids, email = everyone(author, site)
    known = [found for one in ids if (found := mine.find_author(one)) is not None]
    record = replace(
        author.record,
        **{status.value: sum(getattr(one.record, status.value) for one in known) for status in Status},
        proven_at=min((at for one in known if (at := one.record.proven_at) is not None), default=None),
    )
    first_seen_at = min(one.first_seen_at for one in known)
    return Owner(ids, site, email, record, first_seen_at, mine.subscriptions_of(ids))

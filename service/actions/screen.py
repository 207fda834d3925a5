"""Screening as the actions do it: what is known is gathered, the phases are asked, and what is refused is said."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NoReturn

from service import metrics
from service.actions.toolbox import tools
from service.domain import screening
from service.domain.errors import ArticleClosed, Duplicate, Forbidden, Invalid
from service.domain.flags import FlagReason
from service.domain.forms import FormSeen
from service.domain.known_readers import ReaderTrust
from service.domain.queue import AuthorRecord
from service.domain.rulebook import RuleBook
from service.domain.rules import Rule
from service.domain.screening import Facts, Signal, Submission
from service.domain.site import Policy, Site
from service.store import outbox, rules
from service.store.session import reading

log = logging.getLogger(__name__)

ALIKE_WINDOW = timedelta(days=30)
"""How long a text is compared with new ones; a campaign is over by then, and quotations come back."""
OVERDUE = timedelta(minutes=1)
"""How long a worker may take to come to a question: it needs a second, and what a killed one had claimed a minute."""

MOST_NAMED = 5  # words that a refusal names
LONGEST_NAMED = 60  # characters of one of them; a pattern may meet the whole text


def rules_in_force(site: Site) -> RuleBook:
    """Return the site's rules, ready to be asked; to be called outside of a transaction that writes."""

    def load() -> list[Rule]:
        with reading():
            return rules.rules_of(site.id)

    return tools().rulebooks.get(site.id, site.rules_version, load)


def screen(
    submission: Submission,
    site: Site,
    author: AuthorRecord,
    *,
    book: RuleBook,
    alike: int,
    author_flagged: int,
    now: datetime,
    author_approved: int | None = None,
    is_proven: bool = False,
    form: FormSeen | None = None,
    has_proof: bool = False,
    redis_is_away: bool = False,
    article_is_open: bool = True,
    is_duplicate: bool = False,
    flags: Mapping[FlagReason, int] | None = None,
    approved_body: str | None = None,
) -> tuple[Signal, ...]:
    """Return what the screening finds, after at most one more query; raises what a phase that rejects stands for.

    `is_proven` says that this was sent by whoever has proven the address, and not only with the address typed in.
    `alike` is how many comments say nearly the same, and `author_flagged` how many of the author's others are under
    flags. Raises ArticleClosed, Duplicate, Forbidden for an author or a network that the site refuses, and Invalid
    for words and links that it refuses.
    """
    facts = Facts(
        site.policy,
        author_approved=author.approved if author_approved is None else author_approved,
        now=now,
        author_is_proven=_is_trustworthy(author, site, is_proven=is_proven),
        address_is_proven=author.proven_at is not None,
        reader_trust=site.reader_trust if author.is_known_reader else None,
        author_spam=author.spam,
        author_flagged=author_flagged,
        trusted_after=site.trusted_after,
        flags=flags or {},
        article_is_open=article_is_open,
        is_duplicate=is_duplicate,
        alike=alike,
        approved_body=approved_body,
        form=form,
        flood_level=site.flood_level,
        has_proof=has_proof,
        redis_is_away=redis_is_away,
        opinions_are_overdue=_opinions_are_overdue(site, now),
        rules=book,
    )
    signals = screening.screen(submission, facts, on_failure=_tell)
    rejection = screening.rejection_among(signals)
    if rejection is not None:
        _refuse(rejection, submission)
    return signals


def _is_trustworthy(author: AuthorRecord, site: Site, *, is_proven: bool) -> bool:
    # The site's word for its reader says more than a click in a mail, unless the site wants it to say nothing.
    if author.is_known_reader:
        return site.reader_trust is not ReaderTrust.NONE
    return is_proven and author.proven_at is not None


def _opinions_are_overdue(site: Site, now: datetime) -> bool:
    # Where a person reads everything first, nothing is published without a word of those who are asked.
    if not site.asks or site.policy is Policy.ALL:
        return False
    # Every reply is to be scored as well, so that it shows from whatever came last on any site.
    return outbox.is_overdue(("opinion", "score"), since=now - OVERDUE)


def _tell(phase: str, fault: Exception) -> None:
    metrics.screening_failures.labels(phase).inc()
    # Without what was raised in words: it may quote the text.
    log.error("the screening phase %s failed with %s", phase, type(fault).__name__)


def _refuse(signal: Signal, submission: Submission) -> NoReturn:
    if signal.name == "article_closed":
        raise ArticleClosed
    if signal.name == "duplicate":
        raise Duplicate
    metrics.refused_by_rule.labels(signal.name).inc()
    if signal.name in {"rule_author", "rule_network"}:
        raise Forbidden("This site takes no replies from you.", says="not_taken_from_you")
    # The words are named, so that an honest writer can choose others; the rule's note is for colleagues.
    if signal.spans:
        met = dict.fromkeys(submission.body[start:end] for start, end in signal.spans)
        field, said = "body", [word if len(word) <= LONGEST_NAMED else f"{word[:LONGEST_NAMED]}…" for word in met]
    elif signal.name == "rule_domain":
        field, said = "url", [submission.website]
    else:
        field, said = "name", [submission.name]
    words = ", ".join(f"“{word}”" for word in said[:MOST_NAMED])
    raise Invalid(field, "not_accepted", f"This site does not accept {words} here.", values={"words": words})

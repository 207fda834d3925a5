"""Phases that look at who writes, what readers say of it, and what the site's policy is."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.flags import FlagReason, counted_in_words
from service.domain.known_readers import ReaderTrust
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal, Verdict
from service.domain.screening.trust import author_is_trusted, held_unless_trusted
from service.domain.site import Policy

FLAGGED_SCORE = 2.0
"""More than any screen: a person has said something is wrong, and everybody can see it meanwhile."""


def reject_under_closed_article(submission: Submission, facts: Facts) -> Signal | None:
    """Refuse a reply under an article that takes none; an edit of what stands there already is another matter."""
    if facts.article_is_open or submission.is_edit:
        return None
    return Signal("article_closed", Verdict.REJECT, 0.0, "The article is closed to new replies.")


def hold_reported_author(submission: Submission, facts: Facts) -> Signal | None:
    """Hold what comes from an author whose comments were marked as spam, or are under readers' flags."""
    if not facts.author_spam and not facts.author_flagged:
        return None
    said = []
    if facts.author_spam:
        said.append(f"{_comments(facts.author_spam)} by this author marked as spam here")
    if facts.author_flagged:
        said.append(f"{_comments(facts.author_flagged)} by this author under readers' flags")
    detail = f"There {'is' if facts.author_spam + facts.author_flagged == 1 else 'are'} {' and '.join(said)}."
    return held_unless_trusted(submission, facts, "reported_author", 1.0, detail)


def flagged_signal(flags: Mapping[FlagReason, int]) -> Signal:
    """Return what brings a published comment back to the queue: who says what of it, in numbers."""
    return Signal("flagged", Verdict.HOLD, FLAGGED_SCORE, counted_in_words(flags))


def appealed_signal(words: str) -> Signal:
    """Return what brings a comment that was turned down back to the queue: its author, in their own words."""
    return Signal("appealed", Verdict.HOLD, 0.0, words)


def hold_edit_of_what_was_flagged(submission: Submission, facts: Facts) -> Signal | None:
    """Hold an edit of what readers have flagged, whatever the policy: an author cannot edit a review away."""
    return flagged_signal(facts.flags) if facts.flags else None


def note_first_time_author(submission: Submission, facts: Facts) -> Signal | None:
    """Note that nothing by this author has been approved here yet."""
    if facts.author_approved:
        return None
    return Signal("first_time_author", Verdict.NOTE, 0.1, "Nothing by this author has been approved here yet.")


def hold_while_opinions_are_overdue(submission: Submission, facts: Facts) -> Signal | None:
    """Hold what others are to be asked about while nobody asks them, rather than publish it without their word."""
    if not facts.opinions_are_overdue:
        return None
    detail = "Those whom the site asks for an opinion could not be asked for a while; they will be, and answer here."
    return Signal("opinions_overdue", Verdict.HOLD, 0.0, detail)


def hold_by_policy(submission: Submission, facts: Facts) -> Signal | None:
    """Hold everything where a person reads every reply and every edit; with `first`, those of authors without trust."""
    what = "edit" if submission.is_edit else "reply"
    if facts.policy is Policy.ALL:
        return Signal("policy", Verdict.HOLD, 0.0, f"The site holds every {what} until a person has approved it.")
    if facts.policy is Policy.FIRST and not author_is_trusted(submission, facts):
        return Signal("policy", Verdict.HOLD, 0.0, _why_not_trusted(what, facts))
    return None


def _why_not_trusted(what: str, facts: Facts) -> str:
    held = f"The site holds every {what} until its author"
    if facts.reader_trust is ReaderTrust.NONE:
        return f"The site holds every {what} of authors without trust, and gives none to readers for being signed in."
    if not facts.author_is_proven:
        missing = "whoever sent this only typed it" if facts.address_is_proven else "the address is not proven"
        return f"{held} has proven the address and has {facts.trusted_after} approved; {missing}."
    return f"{held} has {facts.trusted_after} approved; this one has {facts.author_approved}."


def _comments(count: int) -> str:
    return "one comment" if count == 1 else f"{count} comments"

"""Phases that look at the form a reply came from: how long it was shown, and whether a program filled it in."""

from __future__ import annotations

from datetime import timedelta

from service.domain.flood import FloodLevel
from service.domain.forms import FormState
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal, Verdict
from service.domain.screening.trust import author_is_trusted, held_unless_trusted

TOO_FAST = timedelta(seconds=3)
"""Nobody reads a form, writes a sentence and sends it within this time, even where a browser fills in the rest."""

_WRONG_TOKENS = {
    FormState.FORGED: "It came with a form that is not ours, or that somebody has altered.",
    FormState.OTHER_ARTICLE: "It came with the form of another article.",
    FormState.EXPIRED: "The form was shown more than a day before.",
    FormState.REUSED: "Another reply came with the very same form.",
}


def hold_honeypot(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a reply with a field filled in that no person sees."""
    if facts.form is None or not facts.form.honeypot:
        return None
    detail = "A field was filled in that people cannot see, as programs do."
    return held_unless_trusted(submission, facts, "honeypot", 2.0, detail)


def hold_wrong_form_token(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a reply whose form token is not good; one that came without is noted, since servers and curl have none."""
    if facts.form is None or submission.is_edit or facts.form.state is FormState.VALID:
        return None
    if facts.form.state is FormState.MISSING:
        return Signal("no_form_token", Verdict.NOTE, 0.1, "It came without a form of ours, perhaps from a program.")
    return held_unless_trusted(submission, facts, "form_token", 1.0, _WRONG_TOKENS[facts.form.state])


def hold_sent_too_fast(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a reply that was sent within three seconds of its form being shown."""
    if facts.form is None or facts.form.age is None or facts.form.age >= TOO_FAST:
        return None
    seconds = max(0.0, facts.form.age.total_seconds())
    detail = f"It was sent {seconds:.1f} seconds after its form was shown."
    return held_unless_trusted(submission, facts, "sent_too_fast", 1.0, detail)


def note_proof_of_work(submission: Submission, facts: Facts) -> Signal | None:
    """Note that somebody paid for it, so that it comes before what cost nothing, where the queue is read by weight."""
    if not facts.has_proof:
        return None
    return Signal(
        "proof_of_work",
        Verdict.NOTE,
        -0.2,
        "Its sender’s browser did a little work for it first (a proof of work), as is asked when much comes.",
    )


def hold_while_redis_is_away(submission: Submission, facts: Facts) -> Signal | None:
    """Hold what comes while nobody can count across processes how much comes, or whether a form is used again."""
    if not facts.redis_is_away:
        return None
    detail = (
        "A part of the service (Redis) was away, so nobody could count how much came and which forms were used twice."
    )
    return held_unless_trusted(submission, facts, "redis_away", 0.0, detail)


def hold_newcomers_under_flood(submission: Submission, facts: Facts) -> Signal | None:
    """Hold what comes from authors without trust while the site is under the heaviest flood, whatever its policy.

    It weighs nothing: who meets it has paid the price, and stands before what came while sending was still cheap.
    """
    if facts.flood_level < FloodLevel.HOLD or author_is_trusted(submission, facts) or facts.author_approved:
        return None
    detail = "The site is under flood, so a person looks at authors of whom nothing has been approved here yet."
    return Signal("flood", Verdict.HOLD, 0.0, detail)

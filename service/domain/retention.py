"""How long a site keeps what it need not keep for ever, in days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.errors import FieldFault, Invalid

MOST_DAYS = 3650  # ten years; whoever wants longer wants it for ever
EVERY = timedelta(days=1)
"""How often a worker forgets on each site."""


class Kept(StrEnum):
    """What is kept for a time."""

    CLIENT_KEYS = "client_keys"
    """The keyed hashes of the networks from which comments, votes and flags came; a vote goes with its hash."""
    REJECTED = "rejected"
    """The words of rejected comments and the names they stood under, since the last decision."""
    SPAM = "spam"
    """The same of spam."""
    UNPROVEN_EMAILS = "unproven_emails"
    """Addresses that nobody has proven to be theirs, since their author's last comment."""
    LOG = "log"
    """The words and names in the log's entries; what was done, when and on what stays."""


Terms = Mapping[Kept, int | None]
"""Days by what is kept; None for ever."""

DEFAULT_TERMS: Terms = {
    Kept.CLIENT_KEYS: 30,  # long enough to see a campaign
    Kept.REJECTED: 180,  # somebody may ask why, and find that it was a mistake
    Kept.SPAM: 60,  # as long as people look through it for what is none; what it taught the filter stays
    Kept.UNPROVEN_EMAILS: 365,
    Kept.LOG: None,  # it is what explains every decision
}
LEAST_DAYS: Mapping[Kept, int] = {Kept.LOG: 30}
"""Less would take what a decision has to say while people still undo it."""


def terms_over_defaults(given: Mapping[str, int | None] | None) -> Terms:
    """Return all terms of a site, from those that somebody has set."""
    return {**DEFAULT_TERMS, **{Kept(name): days for name, days in (given or {}).items()}}


def check_terms(given: object) -> Terms:
    """Return terms, perhaps not all; raises Invalid that names each, as `retention.spam`, that cannot be."""
    if not isinstance(given, Mapping):
        raise Invalid("retention", "wrong_type", 'This must be an object such as {"spam": 60, "log": null}.')
    terms: dict[Kept, int | None] = {}
    faults = []
    for name, days in given.items():
        try:
            kept = Kept(name)
        except ValueError:
            listed = ", ".join(kept.value for kept in Kept)
            faults.append(FieldFault("retention", "unknown_field", f"What is kept for a time is one of: {listed}."))
            continue
        least = LEAST_DAYS.get(kept, 1)
        is_whole = isinstance(days, int) and not isinstance(days, bool)
        if days is not None and not (is_whole and least <= days <= MOST_DAYS):
            sentence = f"Give from {least} to {MOST_DAYS:,} days, or null for ever."
            faults.append(FieldFault(f"retention.{kept}", "out_of_range", sentence))
            continue
        terms[kept] = days
    if faults:
        raise Invalid.of(faults)
    return terms


def until(terms: Terms, kept: Kept, now: datetime) -> datetime | None:
    """Return the time before which something goes; None where all of it stays."""
    days = terms[kept]
    return None if days is None else now - timedelta(days=days)

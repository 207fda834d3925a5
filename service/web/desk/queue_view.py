"""What the queue's templates are told beyond the API's own views: words around a match, a record in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

AROUND = 32
"""Characters on either side of a match that are shown with it: enough to see the sentence it stands in."""
MOST_EXCERPTS = 3  # of one signal; who wants the rest reads the text below
LONGEST_MATCH = 80

REASON_WORDS = {
    "rule_word": "Listed word",
    "rule_pattern": "Listed pattern",
    "rule_domain": "Listed domain",
    "rule_author": "Listed author",
    "rule_network": "Listed network",
    "near_duplicate": "Nearly the same was sent before",
    "many_links": "Many links",
    "link_shortener": "Link that hides where it leads",
    "edit_adds_link": "Edit that adds a link",
    "own_email": "Own address in the text",
    "shouting": "Written in capitals",
    "repetition": "The same again and again",
    "honeypot": "Filled in what nobody sees",
    "sent_too_fast": "Sent faster than anybody writes",
    "form_token": "Sent with a wrong form",
    "no_form_token": "Sent without our form",
    "proof_of_work": "Cost its sender some work",
    "redis_away": "Came while a part was away",
    "flood": "Newcomer during a flood",
    "learned": "What the filter makes of it",
    "akismet": "What Akismet makes of it",
    "hook": "What the site’s own server makes of it",
    "opinions_overdue": "Others could not be asked yet",
    "reported_author": "Author reported before",
    "appealed": "The author asks for another look",
    "flagged": "Reported by readers",
    "first_time_author": "First-time author",
    "screening_failed": "A check failed",
    "policy": "Held by policy",
}
FLAG_WORDS = {"spam": "spam", "abuse": "abuse", "off_topic": "off topic", "other": "something else"}


def reason_words(name: str) -> str:
    """Return the name of a signal for people; one without words of its own is told as it is written."""
    return REASON_WORDS.get(name) or name.replace("_", " ").capitalize()


def shown(view: dict[str, Any]) -> dict[str, Any]:
    """Return an item's view with what the page shows of it on top."""
    flags, record = view["flags"]["reasons"], view["author"]["record"]
    is_first = view["published_revision"] is None and not any(n for status, n in record.items() if status != "pending")
    return view | {
        "key": f"{view['id']}:{view['revision']}:{view['version']}",
        "why": [
            signal
            | {
                "words": reason_words(signal["name"]),
                "excerpts": excerpts(view["body"], signal["spans"]),
            }
            for signal in sorted(view["signals"], key=lambda signal: -signal["score"])
            # The badge beside the name says it already.
            if not (is_first and signal["name"] == "first_time_author")
        ],
        "record": record_words(record, is_pending=view["status"] == "pending"),
        "is_first": is_first,
        "reported": ", ".join(f"{count} × {FLAG_WORDS.get(reason, reason)}" for reason, count in flags.items()),
    }


def excerpts(body: str, spans: Sequence[Sequence[int]]) -> list[tuple[str, str, str]]:
    """Return for the first matches (before, match, after), cut to what fits a line."""
    cut = []
    for start, end in list(spans)[:MOST_EXCERPTS]:
        before, match, after = body[max(0, start - AROUND) : start], body[start:end], body[end : end + AROUND]
        if len(match) > LONGEST_MATCH:
            match = f"{match[:LONGEST_MATCH]}…"
        cut.append(("…" * (start > AROUND) + before, match, after + "…" * (end + AROUND < len(body))))
    return cut


def record_words(record: dict[str, int], *, is_pending: bool) -> str:
    """Return how an author has fared here, in the order that matters; empty for one with no past."""
    waiting = record["pending"] - is_pending
    parts = [f"{record[status]} {status}" for status in ("approved", "rejected", "spam", "deleted") if record[status]]
    return ", ".join(parts + ([f"{waiting} more waiting"] if waiting > 0 else []))


def parsed_time(text: str) -> datetime:
    """Return the moment that an API time names."""
    return datetime.fromisoformat(text)


def history(revisions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the revisions newest first, each with the one before it."""
    earlier = {now["number"]: before for before, now in pairwise(revisions)}
    return [revision | {"before": earlier.get(revision["number"])} for revision in reversed(revisions)]


def in_plain_words(detail: str) -> str:
    """Return a refusal for people; programs read what is to be written literally between backquotes."""
    return re.sub(r"`([^`]+)`", r"“\1”", detail)

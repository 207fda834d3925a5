"""How a refusal is headed on a page for people; the API's titles are for those who write programs."""

from __future__ import annotations

from service.domain.errors import PostbagError
from service.web.problems import ERROR_CODES

HEADINGS = {
    "article_closed": "This article is closed",
    "duplicate": "You have sent this already",
    "forbidden": "This cannot be done",
    "internal_error": "Something went wrong",
    "invalid": "This address does not lead to an article",
    "method_not_allowed": "This address cannot be opened like that",
    "not_found": "There is no such page",
    "origin_not_allowed": "This page may not send replies here",
    "rate_limited": "A moment, please",
    "request_in_progress": "Your reply is just being sent",
    "stale_decision": "Something changed in the meantime",
    "store_unavailable": "Please try again in a moment",
    "too_large": "That was too long",
    "unknown_site": "There is no such site",
}
DETAILS = {
    "request_in_progress": "Please press the button once more to see its receipt.",
    "too_large": (
        "Your text did not arrive, because it is far longer than a reply can be. Go back: your browser still has it."
    ),
}


def heading(error: PostbagError) -> str:
    """Return a few words that say to a reader what happened."""
    return HEADINGS.get(error.code, ERROR_CODES[error.code].title)


def explanation(error: PostbagError) -> str:
    """Return a sentence that says to a reader how to go on."""
    return DETAILS.get(error.code, error.detail)

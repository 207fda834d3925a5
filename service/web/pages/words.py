"""How a refusal is told on a page for people; the API's titles are for those who write programs."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.errors import FieldFault, PostbagError
from service.phrases import UnknownPhrase
from service.web.languages import detail_of, detail_of_fault, in_catalog, say
from service.web.problems import ERROR_CODES

TOLD_OTHERWISE_ON_A_PAGE = {
    "request_in_progress": ("error.requestInProgress",),
    "too_large": ("error.tooLarge", "page.goBack"),
}


def heading(error: PostbagError) -> str:
    """Return a few words that say to a reader what happened."""
    try:
        return say(in_catalog(f"{error.code}_title"))
    except UnknownPhrase:
        return ERROR_CODES[error.code].title


def explanation(error: PostbagError) -> str:
    """Return what says to a reader how to go on."""
    phrases = TOLD_OTHERWISE_ON_A_PAGE.get(error.code)
    return " ".join(map(say, phrases)) if phrases else detail_of(error)


def by_field(faults: Iterable[FieldFault]) -> dict[str, list[str]]:
    """Return the sentences of what is wrong with each field."""
    told: dict[str, list[str]] = {}
    for fault in faults:
        told.setdefault(fault.field, []).append(detail_of_fault(fault))
    return told

"""In which language a reader is answered, and the words for it (`service/phrases.py`).

A page or refusal for readers calls `speak()` once. After that `t("section.name", ...)` in its templates, `say(...)` in
code, and `moment(...)` speak the reader's language; where nobody has called it, they speak English. A name that a
language lacks is told in English, so a file that lags behind never breaks a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import Flask, g, request
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from service import phrases
from service.domain.errors import FieldFault, Invalid, PostbagError
from service.phrases import DEFAULT, UnknownPhrase, known
from service.web.responses import add_headers

KEEPING_THE_LANGUAGE = frozenset(
    {"published.submit_comment", "receipt_page.show", "receipt_page.act", "discussion.show"}
)
"""Where a reader is led to, and is answered in the language that the address asked for so far."""


def register(app: Flask) -> None:
    """Give templates the words, and let the addresses of readers' pages keep the language that was asked for."""
    app.jinja_env.globals |= {"t": t, "moment_in_words": moment, "language": language, "direction": direction}
    app.url_defaults(_keep_language)


def speak() -> None:
    """Answer the present request in the language its reader asked for, and say so in the answer's headers."""
    in_address = asked_for()
    g.language = in_address or _negotiated(request.accept_languages)
    add_headers({"Content-Language": g.language} | ({} if in_address else {"Vary": "Accept-Language"}))


def asked_for() -> str | None:
    """Return the language that the address asks for with `?lang=`, or None where it asks for none that we have."""
    try:
        return known(request.args.get("lang", ""))
    except UnicodeDecodeError:  # raw bytes in the query, which are being refused just now
        return None


def spoken_to(lang: str, accept_language: str) -> tuple[str, bool]:
    """Return the language of the answer to a request with this `?lang=` and this header, outside of any request.

    With it whether the address asks for it, since the addresses in the answer do so then.
    """
    in_address = known(lang)
    return in_address or _negotiated(parse_accept_header(accept_language, LanguageAccept)), in_address is not None


def language() -> str:
    """Return the language of the present answer as it stands in `lang`."""
    return str(g.get("language", DEFAULT))


def direction() -> str:
    """Return the direction of the present answer's language as it stands in `dir`."""
    return phrases.direction(language())


def t(phrase: str, **values: object) -> Markup:
    """Return a phrase for HTML: everything is escaped but values that are Markup. `n` chooses the plural."""
    return Markup(phrases.filled(language(), phrase, values, escape))  # noqa: S704 - every piece of it is escaped


def say(phrase: str, **values: object) -> str:
    """Return a phrase as plain text."""
    return phrases.filled(language(), phrase, values, str)


def moment(when: datetime) -> str:
    """Return a time as date and time of day in UTC, which is always named: nobody knows a reader's own zone here."""
    return phrases.moment(language(), when)


def detail_of(error: PostbagError) -> str:
    """Return what an error says to a reader; in English, and where there is no sentence for it, its own words."""
    if isinstance(error, Invalid):
        if len(error.faults) == 1:
            return detail_of_fault(error.faults[0])
        return _told(error.detail, ["invalid"], {"n": len(error.faults)})
    # What the widget says of a closed article is said once.
    if error.code == "article_closed" and language() != DEFAULT:
        return say("widget.closed")
    return _told(error.detail, [error.says or error.code], error.values)


def detail_of_fault(fault: FieldFault) -> str:
    """Return what is wrong with a field, as `detail_of` does."""
    # Readers do not name articles, pages do: whatever is wrong with the name, the way on is the same.
    if fault.field in {"article", "article_url"}:
        return _told(fault.detail, ["article"], {})
    named = [fault.says] if fault.says else [f"{fault.field}_{fault.code}", fault.code]
    return _told(fault.detail, named, fault.values)


def _told(own_words: str, names: list[str], values: Mapping[str, object]) -> str:
    if language() == DEFAULT:
        return own_words
    for name in names:
        with suppress(UnknownPhrase):
            return say(in_catalog(name), **values)
    return own_words


def in_catalog(code: str) -> str:
    """Return the phrase of a code or fault: `rate_limited` is `error.rateLimited`."""
    first, *others = code.split("_")
    return f"error.{first}{''.join(map(str.capitalize, others))}"


def _negotiated(accepted: LanguageAccept) -> str:
    """Return the language of highest quality that we have (RFC 9110, section 12.5.4); English where there is none.

    Of equal ones the first counts; what stands for any language stands for English.
    """
    best, best_quality = DEFAULT, 0.0
    for tag, quality in accepted:
        tongue = DEFAULT if tag == "*" else known(tag)
        if tongue is not None and quality > best_quality:
            best, best_quality = tongue, quality
    return best


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint in KEEPING_THE_LANGUAGE and (tongue := asked_for()):
        values.setdefault("lang", tongue)

"""In which language a reader is answered, and the words for it: the very files that the widget speaks from.

A page or refusal for readers calls `speak()` once. After that `t("section.name", ...)` in its templates, `say(...)` in
code, and `moment(...)` speak the reader's language; where nobody has called it, they speak English. A name that a
language lacks is told in English, so a file that lags behind never breaks a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, request
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from service.domain.errors import FieldFault, Invalid, PostbagError
from service.web.responses import add_headers

FOLDER = Path(__file__).parents[1] / "widget" / "locales"
DEFAULT = "en"

FORMER_CODES = {"iw": "he"}
"""What older systems, Java's among them, call a language."""
REGIONS = {"en": "en_GB"}
"""Whose habits a language's dates follow where the language alone leaves it open: 24 November, and no AM or PM."""
KEEPING_THE_LANGUAGE = frozenset(
    {"published.submit_comment", "receipt_page.show", "receipt_page.act", "discussion.show"}
)
"""Where a reader is led to, and is answered in the language that the address asked for so far."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_Text = str | Mapping[str, str]


class UnknownPhrase(KeyError):
    """A phrase that not even English has, or one whose placeholder was given no value."""


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
        return _known(request.args.get("lang", ""))
    except UnicodeDecodeError:  # raw bytes in the query, which are being refused just now
        return None


def spoken_to(lang: str, accept_language: str) -> tuple[str, bool]:
    """Return the language of the answer to a request with this `?lang=` and this header, outside of any request.

    With it whether the address asks for it, since the addresses in the answer do so then.
    """
    in_address = _known(lang)
    return in_address or _negotiated(parse_accept_header(accept_language, LanguageAccept)), in_address is not None


def language() -> str:
    """Return the language of the present answer as it stands in `lang`."""
    return str(g.get("language", DEFAULT))


def direction() -> str:
    """Return the direction of the present answer's language as it stands in `dir`."""
    return _locale(language()).text_direction


def t(phrase: str, **values: object) -> Markup:
    """Return a phrase for HTML: everything is escaped but values that are Markup. `n` chooses the plural."""
    return Markup(_filled(phrase, values, escape))  # noqa: S704 - every piece of it is escaped


def say(phrase: str, **values: object) -> str:
    """Return a phrase as plain text."""
    return _filled(phrase, values, str)


def moment(when: datetime) -> str:
    """Return a time as date and time of day in UTC, which is always named: nobody knows a reader's own zone here."""
    tongue = language()
    return f"{format_datetime(when.astimezone(UTC), _pattern_of_moments(tongue), locale=_locale(tongue))} UTC"


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


def _filled(phrase: str, values: Mapping[str, Any], written: Callable[[object], str]) -> str:
    tongue, text = _found(phrase)
    if not isinstance(text, str):
        category = _locale(tongue).plural_form(values.get("n", 0))
        text = text.get(category, text["other"])
    shown = {name: _shown(value, tongue) for name, value in values.items()}
    try:
        return _PLACEHOLDER.sub(lambda found: str(written(shown[found[1]])), str(written(text)))
    except KeyError as missing:
        raise UnknownPhrase(phrase) from missing


def _found(phrase: str) -> tuple[str, _Text]:
    section, _, name = phrase.partition(".")
    for tongue in (language(), DEFAULT):
        text = _catalog(tongue).get(section, {}).get(name)
        if text is not None:
            return tongue, text
    raise UnknownPhrase(phrase)


def _shown(value: object, tongue: str) -> object:
    if isinstance(value, int):
        return format_decimal(value, locale=_locale(tongue))
    return moment(value) if isinstance(value, datetime) else value


def _negotiated(accepted: LanguageAccept) -> str:
    """Return the language of highest quality that we have (RFC 9110, section 12.5.4); English where there is none.

    Of equal ones the first counts; what stands for any language stands for English.
    """
    best, best_quality = DEFAULT, 0.0
    for tag, quality in accepted:
        tongue = DEFAULT if tag == "*" else _known(tag)
        if tongue is not None and quality > best_quality:
            best, best_quality = tongue, quality
    return best


def _known(tag: str) -> str | None:
    primary = re.split("[-_]", tag, maxsplit=1)[0].lower()
    tongue = FORMER_CODES.get(primary, primary)
    return tongue if tongue in _languages() else None


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint in KEEPING_THE_LANGUAGE and (tongue := asked_for()):
        values.setdefault("lang", tongue)


@cache
def _languages() -> frozenset[str]:
    return frozenset(path.stem for path in FOLDER.glob("*.json"))


@cache
def _catalog(tongue: str) -> Mapping[str, Mapping[str, _Text]]:
    catalog: dict[str, dict[str, _Text]] = json.loads((FOLDER / f"{tongue}.json").read_text("utf-8"))
    return catalog


@cache
def _locale(tongue: str) -> Locale:
    return Locale.parse(REGIONS.get(tongue, tongue))


@cache
def _pattern_of_moments(tongue: str) -> str:
    """Return the pattern of a medium date and a short time of day as the language puts them together."""
    locale = _locale(tongue)
    together = str(locale.datetime_formats["medium"])
    date, time = locale.date_formats["medium"].pattern, locale.time_formats["short"].pattern
    # Half days are written out: what is short for them in Korean is the English AM.
    return together.replace("{1}", date).replace("{0}", time.replace("a", "aaaa"))

"""The words for readers in each language: the very files that the widget speaks from, for pages and letters alike.

A name that a language lacks is told in English, so a file that lags behind never breaks a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "widget" / "locales"
DEFAULT = "en"

FORMER_CODES = {"iw": "he"}
"""What older systems, Java's among them, call a language."""
REGIONS = {"en": "en_GB"}
"""Whose habits a language's dates follow where the language alone leaves it open: 24 November, and no AM or PM."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_Text = str | Mapping[str, str]


class UnknownPhrase(KeyError):
    """A phrase that not even English has, or one whose placeholder was given no value."""


def known(tag: str) -> str | None:
    """Return the language that a tag names, or None where we have no words of it."""
    primary = re.split("[-_]", tag, maxsplit=1)[0].lower()
    tongue = FORMER_CODES.get(primary, primary)
    return tongue if tongue in _languages() else None


def direction(tongue: str) -> str:
    """Return the direction of a language as it stands in `dir`."""
    return _locale(tongue).text_direction


def moment(tongue: str, when: datetime) -> str:
    """Return a time as date and time of day in UTC, which is always named: nobody knows a reader's own zone here."""
    return f"{format_datetime(when.astimezone(UTC), _pattern_of_moments(tongue), locale=_locale(tongue))} UTC"


def filled(tongue: str, phrase: str, values: Mapping[str, Any], written: Callable[[object], str]) -> str:
    """Return a phrase with its values, each piece as `written` writes it; `n` chooses the plural.

    Raises UnknownPhrase.
    """
    tongue, text = _found(tongue, phrase)
    if not isinstance(text, str):
        category = _locale(tongue).plural_form(values.get("n", 0))
        text = text.get(category, text["other"])
    shown = {name: _shown(value, tongue) for name, value in values.items()}
    try:
        return _PLACEHOLDER.sub(lambda found: str(written(shown[found[1]])), str(written(text)))
    except KeyError as missing:
        raise UnknownPhrase(phrase) from missing


def _found(tongue: str, phrase: str) -> tuple[str, _Text]:
    section, _, name = phrase.partition(".")
    for one in (tongue, DEFAULT):
        text = _catalog(one).get(section, {}).get(name)
        if text is not None:
            return one, text
    raise UnknownPhrase(phrase)


def _shown(value: object, tongue: str) -> object:
    if isinstance(value, int):
        return format_decimal(value, locale=_locale(tongue))
    return moment(tongue, value) if isinstance(value, datetime) else value


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

"""E-mail addresses: checked for form, written one way. Whether mail arrives is found out by sending some."""

from __future__ import annotations

import re
import unicodedata

from service.domain.errors import Invalid
from service.domain.text import is_blank
from service.domain.urls import ascii_host

MAX_EMAIL = 254  # characters, RFC 5321 errata 1690
MAX_LOCAL_PART = 64  # octets, RFC 5321 section 4.5.3.1.1

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+")
_MAIL_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SPECIALS = frozenset(' "(),:;<>@[]\\.')
_NOT_IN_A_LOCAL_PART = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"})


def parse_email(raw: str) -> str:
    """Give one address, trimmed, NFC, with its domain in lower-case ASCII; the local part keeps its case.

    Internationalised local parts (RFC 6531) are accepted, quoted ones and address literals are not.
    Raises Invalid("email", ...) with `required`, `too_long` or `not_an_email`.
    """
    if is_blank(raw):
        raise Invalid("email", "required", "An email address is required. It is never published.")
    trimmed = raw.strip()
    if len(trimmed) > MAX_EMAIL:
        raise _too_long()
    local, at, domain = unicodedata.normalize("NFC", trimmed).rpartition("@")
    host = _mail_host(domain)
    if not at or host is None or not _is_local_part(local):
        raise Invalid("email", "not_an_email", "This is not an email address such as name@example.com.")
    address = f"{local}@{host}"
    if len(address) > MAX_EMAIL:
        raise _too_long()
    if len(local.encode("utf-8")) > MAX_LOCAL_PART:
        sentence = f"The part before the @ has at most {MAX_LOCAL_PART} octets."
        raise Invalid("email", "too_long", sentence, says="local_part_too_long")
    return address


def email_lookup_form(address: str) -> str:
    """Give the form under which an address is looked up: casefolded as a whole, for no provider tells case apart."""
    return unicodedata.normalize("NFC", address.casefold())


def _too_long() -> Invalid:
    return Invalid(
        "email", "too_long", f"An email address has at most {MAX_EMAIL} characters.", values={"n": MAX_EMAIL}
    )


def _is_local_part(local: str) -> bool:
    return all(_ATOM.fullmatch(atom) and _is_plain(atom) for atom in local.split("."))


def _is_plain(atom: str) -> bool:
    """Whether no character is invisible or turns into a separator when some other program normalises the address."""
    return atom.isascii() or not any(
        unicodedata.category(char) in _NOT_IN_A_LOCAL_PART
        or (not char.isascii() and _SPECIALS.intersection(unicodedata.normalize("NFKC", char)))
        for char in atom
    )


def _mail_host(domain: str) -> str | None:
    if not domain or domain[-1] in ".。．｡":
        return None
    host = ascii_host(domain)
    if host is None or not all(map(_MAIL_DOMAIN_LABEL.fullmatch, host.split("."))):
        return None
    has_a_name_for_top_level = "." in host and not host.rpartition(".")[2].isdigit()
    return host if has_a_name_for_top_level or host == "localhost" else None

"""What article keys, links and e-mail addresses have in common: hosts, and http(s) URLs in one spelling.

Written against RFC 3986, with the stricter reading of the WHATWG URL Standard where browsers go further than the RFC.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_MAX_HOST = 253  # octets, RFC 1035 with the dots written out
_MAX_LABEL = 63  # octets, RFC 1035
_MAX_PORT = 65_535
_MAX_REMEMBERED = 300  # characters of a URL; longer ones are seldom met again
_DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.I | re.S,
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_ASCII_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
# A host whose last label is a number is an IPv4 address or nothing (WHATWG "ends in a number checker").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

# The categories of letters, marks, digits and symbols; the four below are the punctuation that IDNA 2008 lets in.
_HOST_CATEGORIES = frozenset({"Ll", "Lm", "Lo", "Mn", "Mc", "Nd", "So", "Sk"})
_HOST_PUNCTUATION = frozenset("·・׳״͵")

_UNRESERVED = r"A-Za-z0-9._~\-"
_ESCAPE_OR_ILLEGAL_IN_PATH = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_UNRESERVED}!$&()*+,;=:@/]")
_ESCAPE_OR_ILLEGAL_IN_QUERY = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_UNRESERVED}!$&()*+,;=:@/?]")


class NotAUrl(ValueError):
    """The text is no absolute http(s) URL; the message is a sentence for the person who sent it."""


@dataclass(frozen=True)
class HttpUrl:
    """An http(s) URL in its one spelling; `query` and `fragment` are without their marks and empty where absent."""

    origin: str
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.origin}{self.path}{query}{fragment}"


def parse_http_url(text: str) -> HttpUrl:
    """Give the URL with lower-case ASCII host, no default port, no dot segments and canonical percent-encoding.

    Raises NotAUrl for userinfo, backslashes, control characters, an impossible host or port, and every other scheme.
    """
    return _parsed(text) if len(text) <= _MAX_REMEMBERED else _parse(text)


def _parse(text: str) -> HttpUrl:
    match = _URL.fullmatch(text)
    if match is None:
        raise NotAUrl("This is not an absolute http or https URL.")
    if "\\" in text or _CONTROL.search(text):
        raise NotAUrl("A URL holds no backslashes and no control characters.")
    scheme = match["scheme"].lower()
    return HttpUrl(
        origin=f"{scheme}://{_host_and_port(match['authority'], scheme)}",
        path=_without_dot_segments(_encoded(match["path"], _ESCAPE_OR_ILLEGAL_IN_PATH)) or "/",
        query=_encoded(match["query"] or "", _ESCAPE_OR_ILLEGAL_IN_QUERY),
        fragment=_encoded(match["fragment"] or "", _ESCAPE_OR_ILLEGAL_IN_QUERY),
    )


_parsed = lru_cache(maxsize=512)(_parse)
"""A link is looked at in each form that its text goes through."""


def canonical_href(href: str) -> str:
    """Give an http(s) link in its one spelling, and any other text as it is; this is no judgement of either."""
    try:
        return str(parse_http_url(href))
    except NotAUrl:
        return href


def ascii_host(host: str) -> str | None:
    """Give a host as DNS and browsers know it: lower case, IDNA, no trailing dot; None where it is no host.

    IPv6 addresses come and go in brackets. Non-ASCII labels follow UTS #46 (non-transitional) as far as the standard
    library carries: `faß.de` is `xn--fa-hia.de`, which the codec named "idna" would send to another owner.
    """
    return _ascii_host(host) if len(host) <= _MAX_HOST + 1 else None


@lru_cache(maxsize=2_048)
def _ascii_host(host: str) -> str | None:
    # Most links and addresses lead to the same few hosts.
    if host.startswith("["):
        return _ipv6_host(host)
    mapped = host.lower() if host.isascii() else _mapped(host)
    labels = [_ascii_label(label) for label in mapped.removesuffix(".").split(".")]
    name = ".".join(label or "" for label in labels)
    if not all(labels) or len(name) > _MAX_HOST:
        return None
    return name if not _NUMBER.fullmatch(name.rpartition(".")[2]) or _is_ipv4(name) else None


def _mapped(host: str) -> str:
    # Letter by letter, because lower-casing a whole word writes a last Σ as ς, which IDNA tells from σ.
    lower = "".join(map(str.lower, unicodedata.normalize("NFKC", host)))
    return unicodedata.normalize("NFKC", lower).replace("。", ".")


def _host_and_port(authority: str, scheme: str) -> str:
    if "@" in authority:
        raise NotAUrl("A URL with a user name or password before the host is not accepted.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise NotAUrl("This URL has no valid host or port.")
    host = ascii_host(match["host"])
    if host is None:
        raise NotAUrl("The host of this URL is not a valid name or address.")
    if match["port"] is None:
        return host
    port = int(match["port"])
    if not 0 < port <= _MAX_PORT:
        raise NotAUrl(f"The port of a URL lies between 1 and {_MAX_PORT}.")
    return host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _ipv6_host(host: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    # An IPv4 address in IPv6 clothes has one spelling too many, and no site is called by it.
    is_plain = host.endswith("]") and not address.scope_id and address.ipv4_mapped is None
    return f"[{address.compressed}]" if is_plain else None


def _is_ipv4(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _ascii_label(label: str) -> str | None:
    if label.isascii():
        if len(label) > _MAX_LABEL or not _ASCII_LABEL.fullmatch(label):
            return None
        return label if not label.startswith("xn--") or _is_punycode(label) else None
    if len(label) > _MAX_LABEL or not _has_only_host_characters(label):
        return None
    encoded = "xn--" + label.encode("punycode").decode("ascii")
    return encoded if len(encoded) <= _MAX_LABEL else None


def _is_punycode(label: str) -> bool:
    """Whether an `xn--` label is the encoding of a label that we would encode the same way."""
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        if decoded.isascii() or unicodedata.normalize("NFKC", decoded) != decoded:
            return False
        return _has_only_host_characters(decoded) and decoded.encode("punycode").decode("ascii") == label[4:]
    except (UnicodeError, ValueError, OverflowError):
        return False


def _has_only_host_characters(label: str) -> bool:
    """Whether every character may stand in a label; joiners only after a virama (RFC 5892, appendix A.1 and A.2)."""
    if label[0] == "-" or label[-1] == "-" or unicodedata.category(label[0]).startswith("M"):
        return False
    for before, char in zip("-" + label, label, strict=False):
        if char in "\u200c\u200d":
            if unicodedata.combining(before) != 9:
                return False
        elif char.isascii():
            if not (char.isdigit() or char.islower() or char in "-_"):
                return False
        elif unicodedata.category(char) not in _HOST_CATEGORIES and char not in _HOST_PUNCTUATION:
            return False
    return True


def _encoded(part: str, escape_or_illegal: re.Pattern[str]) -> str:
    return escape_or_illegal.sub(_canonical_escape, part)


def _canonical_escape(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) == 3:
        char = chr(int(found[1:], 16))
        return char if char.isascii() and (char.isalnum() or char in "._~-") else found.upper()
    try:
        return "".join(f"%{byte:02X}" for byte in found.encode("utf-8"))
    except UnicodeEncodeError:
        raise NotAUrl("A URL holds no lone surrogates.") from None


def _without_dot_segments(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, section 5.2.4); empty segments stay, for some servers tell them apart."""
    if not path:
        return ""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)

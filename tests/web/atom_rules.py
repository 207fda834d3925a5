"""What RFC 4287 and RFC 4685 ask of a feed, and the W3C's validator beyond them, written out for feeds like ours."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
THREAD = "{http://purl.org/syndication/thread/1.0}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
URN_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# How often each element may stand in a feed and in an entry of ours: least, most.
IN_A_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "link": (1, 2), "generator": (0, 1), "entry": (0, 50)}
IN_AN_ENTRY = {
    "id": (1, 1),
    "title": (1, 1),
    "updated": (1, 1),
    "published": (1, 1),
    "author": (1, 1),
    "link": (1, 1),
    "content": (1, 1),
    f"{THREAD}in-reply-to": (0, 1),
}


def checked(document: bytes) -> Element:
    """Return the root of a feed that keeps the rules; the test fails, and says which, where it breaks one."""
    root = fromstring(document)
    assert root.tag == f"{ATOM}feed"
    _check_parts(root, IN_A_FEED)
    rels = [link.attrib["rel"] for link in root.findall(f"{ATOM}link")]
    assert "self" in rels, "a feed says where it comes from"
    assert len(set(rels)) == len(rels), "of links of one kind there is one of each type"
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        _check_entry(entry)
    ids = [text(one, "id") for one in (root, *entries)]
    assert len(set(ids)) == len(ids), "no two things have one name"
    newest_first = sorted(entries, key=lambda entry: moment(entry, "published"), reverse=True)
    assert entries == newest_first
    if entries:
        assert moment(root, "updated") == max(moment(entry, "updated") for entry in entries)
    return root


def text(of: Element, name: str) -> str:
    """Return the text of a part that stands there once."""
    found = of.find(ATOM + name)
    assert found is not None, f"there is no {name}"
    return found.text or ""


def moment(of: Element, name: str) -> datetime:
    """Return the time that a part tells."""
    said = text(of, name)
    assert RFC_3339.fullmatch(said), said
    return datetime.fromisoformat(said)


def link(of: Element, rel: str) -> str:
    """Return where the link of this kind leads."""
    (found,) = (one for one in of.findall(f"{ATOM}link") if one.attrib["rel"] == rel)
    return found.attrib["href"]


def _check_entry(entry: Element) -> None:
    _check_parts(entry, IN_AN_ENTRY)
    assert moment(entry, "published") <= moment(entry, "updated")
    author = entry.find(f"{ATOM}author")
    assert author is not None
    assert [part.tag for part in author] in ([f"{ATOM}name"], [f"{ATOM}name", f"{ATOM}uri"]), "and never an e-mail"
    assert text(author, "name").strip()
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.attrib == {"type": "html"}
    answered = entry.find(f"{THREAD}in-reply-to")
    if answered is not None:
        assert set(answered.attrib) == {"ref", "href", "type"}
        assert URN_UUID.fullmatch(answered.attrib["ref"])
        _check_address(answered.attrib["href"])


def _check_parts(of: Element, known: dict[str, tuple[int, int]]) -> None:
    names = [part.tag.removeprefix(ATOM) for part in of]
    assert set(names) <= set(known), names
    for name, (least, most) in known.items():
        assert least <= names.count(name) <= most, name
    assert URN_UUID.fullmatch(text(of, "id"))
    assert text(of, "title").strip(), "the validator warns of a title that is empty"
    for part in of:
        if part.tag not in {f"{ATOM}entry", f"{ATOM}author"}:
            assert len(part) == 0, f"{part.tag} is text"
        if "href" in part.attrib:
            _check_address(part.attrib["href"])


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    assert parts.scheme in {"http", "https"}, address
    assert parts.netloc, address
    assert not re.search(r"[\s<>\"{}|\\^`]", address), address

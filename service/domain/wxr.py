"""WXR 1.2, the export of WordPress, written: articles as posts without a text, each with its comments.

WordPress keeps names and titles as HTML, and its database refuses a row of which one value is longer than its column,
so what stands here has that form and those lengths. Texts are CDATA: two of the importer's parsers, to which it
resorts where the first cannot be had, resolve no entities or break a text at them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from service.domain.life import Status

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
APPROVED = {
    Status.APPROVED: "1",
    Status.PENDING: "0",
    Status.SPAM: "spam",
    Status.REJECTED: "trash",
    Status.DELETED: "trash",
}
"""What WordPress calls a status. It has no word for what a person has refused but the trash."""
NAME_LONGEST = 255  # bytes of HTML: wp_comments.comment_author is a TINYTEXT
EMAIL_LONGEST = 100  # characters, as of its column
WEBSITE_LONGEST = 200  # characters with what WordPress escapes in it
BODY_LONGEST = 65_000  # bytes: the column has 65,535, and WordPress may write the `rel` of links longer
GUID_LONGEST = 255  # characters with what WordPress escapes in it
_AS_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#092;"})
"""As WordPress keeps names and titles; where it asks whether they are there already, it loses backslashes."""
_AS_NAME = _AS_HTML | str.maketrans({"%": "&#037;"})  # WordPress takes percent-encoded bytes out of names
_CUT_THROUGH = re.compile(r"(?:<[^>]*|&[^;\s]{0,9})\Z")
_OF_LISTS = re.compile(r"(</?[uo]l>)")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" \
xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
"""
END = "</channel>\n</rss>\n"


@dataclass(frozen=True, slots=True)
class WxrComment:
    """A comment; numbers count within the file, and a parent has a lower one than its replies."""

    number: int
    parent: int
    name: str
    email: str
    url: str
    written: datetime
    status: Status
    html: str


def head(name: str, link: str, *, now: datetime) -> str:
    """Return the beginning of a file, up to its first post."""
    told = (
        f"<title>{_data(name.translate(_AS_HTML))}</title>\n<link>{_text(link)}</link>\n<description></description>\n"
        f"<pubDate>{format_datetime(now.astimezone(UTC))}</pubDate>\n<wp:wxr_version>1.2</wp:wxr_version>\n"
        f"<wp:base_site_url>{_text(link)}</wp:base_site_url>\n<wp:base_blog_url>{_text(link)}</wp:base_blog_url>\n"
    )
    return HEAD + told


def post(number: int, address: str, title: str, *, is_open: bool, written: datetime) -> str:
    """Return the beginning of an article; its comments follow, and `END_OF_POST`.

    Its address is its URL, or an id where it has none; WordPress makes up what such a post is known by.
    """
    is_url = "://" in address
    name = urlsplit(address).path.rstrip("/").rpartition("/")[2] if is_url else ""
    guid = address if is_url and _as_kept(address) <= GUID_LONGEST else ""
    return (
        f"<item>\n<title>{_data((title or address).translate(_AS_HTML))}</title>\n<link>{_text(address)}</link>\n"
        f"<pubDate>{format_datetime(written)}</pubDate>\n<dc:creator><![CDATA[]]></dc:creator>\n"
        f'<guid isPermaLink="false">{_data(guid)}</guid>\n<description></description>\n'
        "<content:encoded><![CDATA[]]></content:encoded>\n<excerpt:encoded><![CDATA[]]></excerpt:encoded>\n"
        f"<wp:post_id>{number}</wp:post_id>\n<wp:post_date>{_time(written)}</wp:post_date>\n"
        f"<wp:post_date_gmt>{_time(written)}</wp:post_date_gmt>\n"
        f"<wp:comment_status>{'open' if is_open else 'closed'}</wp:comment_status>\n"
        f"<wp:ping_status>closed</wp:ping_status>\n<wp:post_name>{_data(name)}</wp:post_name>\n"
        "<wp:status>publish</wp:status>\n<wp:post_parent>0</wp:post_parent>\n<wp:menu_order>0</wp:menu_order>\n"
        "<wp:post_type>post</wp:post_type>\n<wp:post_password></wp:post_password>\n<wp:is_sticky>0</wp:is_sticky>\n"
    )


END_OF_POST = "</item>\n"


def comment(one: WxrComment) -> str:
    """Return a comment of the article that was begun."""
    written = _time(one.written)
    name, html = one.name.translate(_AS_NAME), as_wordpress_keeps_it(one.html)
    # A website or an address that was cut would lead nowhere, or to somebody else.
    email = one.email if len(one.email) <= EMAIL_LONGEST else ""
    url = one.url if _as_kept(one.url) <= WEBSITE_LONGEST else ""
    return (
        f"<wp:comment>\n<wp:comment_id>{one.number}</wp:comment_id>\n"
        f"<wp:comment_author>{_data(_within(name, NAME_LONGEST))}</wp:comment_author>\n"
        f"<wp:comment_author_email>{_data(email)}</wp:comment_author_email>\n"
        f"<wp:comment_author_url>{_data(url)}</wp:comment_author_url>\n"
        "<wp:comment_author_IP></wp:comment_author_IP>\n"
        f"<wp:comment_date>{written}</wp:comment_date>\n<wp:comment_date_gmt>{written}</wp:comment_date_gmt>\n"
        f"<wp:comment_content>{_data(_within(html, BODY_LONGEST))}</wp:comment_content>\n"
        f"<wp:comment_approved>{APPROVED[one.status]}</wp:comment_approved>\n<wp:comment_type>comment</wp:comment_type>\n"
        f"<wp:comment_parent>{one.parent}</wp:comment_parent>\n<wp:comment_user_id>0</wp:comment_user_id>\n"
        "</wp:comment>\n"
    )


def as_wordpress_keeps_it(html: str) -> str:
    """Return our HTML with line ends in the place of paragraphs and breaks, which WordPress adds when it shows it.

    In lists it ends paragraphs that it has not begun, so there they stay written.
    """
    lines = html.replace("<br>\n", "\n").replace("<br>", "\n").replace("</p>\n<p>", "</p>\n\n<p>")
    depth, pieces = 0, []
    for piece in _OF_LISTS.split(lines):
        depth += (piece in {"<ul>", "<ol>"}) - (piece in {"</ul>", "</ol>"})
        pieces.append(piece if depth else piece.replace("</p>\n\n<p>", "\n\n").replace("<p>", "").replace("</p>", "\n"))
    return "".join(pieces).strip("\n")


def _as_kept(url: str) -> int:
    """Return how many characters an address has once WordPress has escaped it."""
    return len(url.replace("&", "&amp;").replace("'", "%27"))


def _within(html: str, most: int) -> str:
    """Return HTML of at most so many bytes, with an ellipsis for what was cut; WordPress ends what is left open."""
    written = html.encode()
    if len(written) <= most:
        return html
    cut = written[: most - len("…".encode())].decode(errors="ignore")
    return _CUT_THROUGH.sub("", cut).rstrip() + "…"


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(raw: str) -> str:
    return escape(NOT_IN_XML.sub("", raw))


def _data(raw: str) -> str:
    return f"<![CDATA[{NOT_IN_XML.sub('', raw).replace(']]>', ']]]]><![CDATA[>')}]]>"

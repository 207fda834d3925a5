"""WXR 1.2, the export of WordPress, written: articles as posts without a text, each with its comments."""

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
        f"<title>{_text(name)}</title>\n<link>{_text(link)}</link>\n<description></description>\n"
        f"<pubDate>{format_datetime(now.astimezone(UTC))}</pubDate>\n<wp:wxr_version>1.2</wp:wxr_version>\n"
        f"<wp:base_site_url>{_text(link)}</wp:base_site_url>\n<wp:base_blog_url>{_text(link)}</wp:base_blog_url>\n"
    )
    return HEAD + told


def post(number: int, key: str, title: str, *, is_open: bool, written: datetime) -> str:
    """Return the beginning of an article; its comments follow, and `END_OF_POST`."""
    name = urlsplit(key).path.rstrip("/").rpartition("/")[2] if "://" in key else ""
    return (
        f"<item>\n<title>{_text(title or key)}</title>\n<link>{_text(key)}</link>\n"
        f"<pubDate>{format_datetime(written)}</pubDate>\n<dc:creator><![CDATA[]]></dc:creator>\n"
        f'<guid isPermaLink="false">{_text(key)}</guid>\n<description></description>\n'
        "<content:encoded><![CDATA[]]></content:encoded>\n<excerpt:encoded><![CDATA[]]></excerpt:encoded>\n"
        f"<wp:post_id>{number}</wp:post_id>\n<wp:post_date>{_time(written)}</wp:post_date>\n"
        f"<wp:post_date_gmt>{_time(written)}</wp:post_date_gmt>\n"
        f"<wp:comment_status>{'open' if is_open else 'closed'}</wp:comment_status>\n"
        f"<wp:ping_status>closed</wp:ping_status>\n<wp:post_name>{_text(name)}</wp:post_name>\n"
        "<wp:status>publish</wp:status>\n<wp:post_parent>0</wp:post_parent>\n<wp:menu_order>0</wp:menu_order>\n"
        "<wp:post_type>post</wp:post_type>\n<wp:post_password></wp:post_password>\n<wp:is_sticky>0</wp:is_sticky>\n"
    )


END_OF_POST = "</item>\n"


def comment(one: WxrComment) -> str:
    """Return a comment of the article that was begun."""
    written = _time(one.written)
    return (
        f"<wp:comment>\n<wp:comment_id>{one.number}</wp:comment_id>\n"
        f"<wp:comment_author>{_data(one.name)}</wp:comment_author>\n"
        f"<wp:comment_author_email>{_text(one.email)}</wp:comment_author_email>\n"
        f"<wp:comment_author_url>{_text(one.url)}</wp:comment_author_url>\n"
        "<wp:comment_author_IP></wp:comment_author_IP>\n"
        f"<wp:comment_date>{written}</wp:comment_date>\n<wp:comment_date_gmt>{written}</wp:comment_date_gmt>\n"
        f"<wp:comment_content>{_data(as_wordpress_keeps_it(one.html))}</wp:comment_content>\n"
        f"<wp:comment_approved>{APPROVED[one.status]}</wp:comment_approved>\n<wp:comment_type>comment</wp:comment_type>\n"
        f"<wp:comment_parent>{one.parent}</wp:comment_parent>\n<wp:comment_user_id>0</wp:comment_user_id>\n"
        "</wp:comment>\n"
    )


def as_wordpress_keeps_it(html: str) -> str:
    """Return our HTML with line ends in the place of paragraphs and breaks, which WordPress adds when it shows it."""
    text = html.replace("<br>\n", "\n").replace("<br>", "\n").replace("</p>\n<p>", "\n\n")
    return text.replace("<p>", "").replace("</p>", "\n").strip("\n")


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(raw: str) -> str:
    return escape(NOT_IN_XML.sub("", raw))


def _data(raw: str) -> str:
    return f"<![CDATA[{NOT_IN_XML.sub('', raw).replace(']]>', ']]]]><![CDATA[>')}]]>"

"""Where a thread and its comments are found on this service, absolutely, for what is read elsewhere."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from service.web.languages import asked_for
from service.web.origins import base_url
from service.web.parsing import the_request


def path_of_receipt(token: str) -> str:
    """Return where an author finds their receipt, in the language that this address asks for, if it asks for one."""
    tongue = asked_for()
    return f"{the_request().script_root}/receipts/{token}{f'?lang={tongue}' if tongue else ''}"


def address_of_thread(site: str, key: str) -> str:
    """Return the one address of the thread, whatever language or order a page of it was asked for in."""
    return f"{base_url()}/comments?{urlencode({'site': site, 'article': key})}"


def address_of_comment(comment_id: UUID, thread: str) -> str:
    """Return the address that leads to a comment of the thread, whichever page of it that is on by now."""
    return f"{thread}&comment={comment_id}#comment-{comment_id}"


def address_of_feed(site: str, key: str | None) -> str:
    """Return the one address of a site's feed, or of an article's."""
    query = {"site": site} | ({} if key is None else {"article": key})
    return f"{base_url()}/v1/feed.atom?{urlencode(query)}"

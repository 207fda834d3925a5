"""What search engines read of a thread: schema.org in JSON-LD."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup

from service.actions.body import plain_text
from service.web.permalinks import address_of_comment, address_of_thread
from service.web.times import rfc3339

# Nothing inside may end the script element or begin a comment in it; the others end a line in JavaScript.
_NOT_IN_A_SCRIPT = re.compile("[<>&\u2028\u2029]")


def linked_data(page: dict[str, Any]) -> Markup:
    """Return a page of a thread as JSON that can stand in a script element; what was removed is left out."""
    article = page["article"]
    thread = address_of_thread(page["site"].slug, article["key"])
    if article["url"]:
        about = {"@type": "Article", "@id": article["url"], "url": article["url"]}
        about |= {"headline": article["title"]} if article["title"] else {}
    else:
        about = {"@type": "WebPage", "@id": thread, "url": thread, "name": article["title"] or article["key"]}
    comments = [_comment(comment, thread) for comment in page["comments"] if not comment["deleted"]]
    data = {"@context": "https://schema.org", **about, "commentCount": article["count"], "comment": comments}
    # Every character that could be markup is escaped, which JSON allows in strings, and stands nowhere else.
    written = json.dumps(data, ensure_ascii=False)
    return Markup(_NOT_IN_A_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", written))  # noqa: S704


def _comment(comment: dict[str, Any], thread: str) -> dict[str, Any]:
    author = comment["author"]
    address = address_of_comment(comment["id"], thread)
    view = {
        "@type": "Comment",
        "@id": address,
        "url": address,
        "text": plain_text(comment["body_html"]),
        "dateCreated": rfc3339(comment["published_at"]),
        "upvoteCount": comment["votes"],
        "author": {"@type": "Person", "name": author["name"]} | ({"url": author["url"]} if author["url"] else {}),
    }
    if comment["edited_at"]:
        view["dateModified"] = rfc3339(comment["edited_at"])
    if comment["parent_author"]:
        view["parentItem"] = {"@type": "Comment", "@id": address_of_comment(comment["parent_id"], thread)}
    return view

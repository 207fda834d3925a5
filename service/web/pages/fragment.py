"""The thread and the form as a piece of HTML that a site's own server puts into its article pages.

It stands in a shadow root, declared in the markup, so that neither the page's style nor ours reaches the other, and it
works without a script. The page is of another origin, so every address in it is absolute.
"""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request

from service.domain.errors import PostbagError
from service.web.languages import direction, language, t
from service.web.origins import base_url, readable_by_any_page
from service.web.pages.linked_data import linked_data
from service.web.pages.reply_form import Form
from service.web.problems import ERROR_CODES, problem_headers
from service.web.responses import add_headers, cacheable_page, page

NOT_OFFERED_HERE = frozenset({"unknown_site", "invalid"})


def is_fragment() -> bool:
    """True where the thread is asked for as a piece of another page, with `?fragment=1`."""
    try:
        return request.endpoint == "discussion.show" and request.args.get("fragment") == "1"
    except UnicodeDecodeError:  # raw bytes in the query, which are being refused just now
        return False


def fragment(shown: dict[str, Any], form: Form) -> Response:
    """Return the thread and the form to be included, with what search engines read of them."""
    _for_any_page()
    html = render_template("fragment.html", page=shown, form=form, host=base_url(), linked_data=linked_data(shown))
    return cacheable_page(html)


def refused_fragment(error: PostbagError) -> Response:
    """Return a refusal in one line that an article page can hold; the page `/comments` itself says why."""
    _for_any_page()
    phrase = "widget.unavailable" if error.code in NOT_OFFERED_HERE else "widget.unreachable"
    html = f'<p id="postbag" lang="{language()}" dir="{direction()}">{t(phrase)}</p>\n'
    response = page(html, ERROR_CODES[error.code].status)
    response.headers.update(problem_headers(error))
    return response


def _for_any_page() -> None:
    readable_by_any_page()
    add_headers({"X-Robots-Tag": "noindex"})

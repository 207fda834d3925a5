"""`/v1/comments`, `/v1/counts`, `/v1/preview`: what readers read, and the reply they send."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from flask import Response, g, redirect, request

from service.actions import forms, submit
from service.actions.body import preview
from service.actions.limiting import spend_preview
from service.actions.read_article import PublishedPage, read_counts, read_page
from service.actions.receipts import read_receipt
from service.actions.reply import Reply
from service.domain.comment import PublishedComment
from service.domain.errors import FieldFault, Invalid, RequestInProgress
from service.domain.life import Status
from service.domain.sorting import Sort
from service.domain.tags import of_page
from service.web.documentation import ChallengeSchema, answers, described
from service.web.edge import depends_on
from service.web.limit_headers import limit_headers
from service.web.origins import base_url, open_to_any_page, sent_to_a_site
from service.web.own_browser import author_cookie
from service.web.parsing import FORM, ApiBlueprint, is_form, the_request
from service.web.permalinks import path_of_receipt
from service.web.responses import add_headers, cacheable, json_response
from service.web.schemas.public import (
    ChallengeQuery,
    CountsQuery,
    CountsSchema,
    FormTokenQuery,
    FormTokenSchema,
    PageQuery,
    PageSchema,
    PreviewedSchema,
    PreviewSchema,
    SubmissionSchema,
    SubmittedSchema,
)
from service.web.times import rfc3339, rfc3339_or_none, utc_now
from service.web.views import article_view, author_view

blueprint = ApiBlueprint("published", __name__, url_prefix="/v1", description="What readers read and send.")

IDEMPOTENCY_KEY_MAX = 255
FORM_KEY_SECONDS = 300
"""How long a form that comes again is the same press of a button; afterwards it is a `duplicate`."""
LOOK_EVERY, LOOKS = 0.1, 10
"""Seconds between two looks for the answer to the first press of a button, and how many. A submission takes less."""
ORIGINS_HEADER = {
    "Postbag-Origins": {
        "description": "The site's origins, separated by spaces: the pages from which readers may send.",
        "schema": {"type": "string"},
    }
}
CACHE_STATUS = {
    "Cache-Status": {
        "description": "Only while the store is away and an older answer stands in (RFC 9211).",
        "schema": {"type": "string", "example": "postbag; hit; detail=store-unavailable"},
    }
}
READ_HEADERS = ORIGINS_HEADER | CACHE_STATUS


@blueprint.get("/comments")
@open_to_any_page
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, PageSchema, description="One page of published comments, depth-first.", headers=READ_HEADERS)
@blueprint.alt_response(304, description="The page is still what `If-None-Match` says.", headers=READ_HEADERS)
@answers("invalid", "unknown_site", "store_unavailable")
@described("readComments", "Read the published comments of an article")
def read_comments(query: dict[str, Any]) -> Response:
    """An article nobody wrote under is an empty page. With a strong ETag; send it back for a 304 that costs nothing."""
    showing = query["comment"]
    if showing is not None:
        _refuse_beside_comment(query)
    page = read_page(
        query["site"],
        query["article"],
        sort=query["sort"],
        cursor=query["cursor"],
        limit=query["limit"],
        showing=showing,
    )
    if showing is None or request.args["comment"] in {str(comment.id) for comment in page.comments}:
        depends_on(of_page(page.site, page.article))
    view = _page_view(page)
    if showing is not None:
        view["earlier"] = not page.is_first
    response = cacheable(json.dumps(view, ensure_ascii=False, separators=(",", ":")), "application/json")
    # The same for every page that asks, so that a cached answer is right for all of them.
    response.headers["Postbag-Origins"] = " ".join(page.site.origins)
    return response


@blueprint.post("/comments")
@sent_to_a_site
@blueprint.arguments(SubmissionSchema, location="json_or_form")
@answers(
    "malformed_json",
    "unauthenticated",
    "forbidden",
    "origin_not_allowed",
    "article_closed",
    "unknown_site",
    "duplicate",
    "request_in_progress",
    "too_large",
    "unsupported_media_type",
    "invalid",
    "parent_not_found",
    "idempotency_key_reused",
    "rate_limited",
    "challenge_required",
    "store_unavailable",
)
@blueprint.response(202, SubmittedSchema, description="Stored and held for review.")
@blueprint.alt_response(201, schema=SubmittedSchema, description="Published at once, as the site's policy says.")
@blueprint.alt_response(303, description="To a browser that posted a form: the receipt page.")
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Idempotency-Key",
            "schema": {"type": "string", "maxLength": IDEMPOTENCY_KEY_MAX},
            "description": "The same key with the same body gets the answer that was given before; kept for a day.",
        }
    ],
    requestBody={"content": {FORM: {"schema": {"$ref": "#/components/schemas/SubmissionForm"}}}},
)
@described("submitComment", "Send a reply")
def submit_comment(sent: dict[str, Any]) -> Response:
    """A browser may send it only from one of the site's origins; a server sends a token with the scope `integrate`."""
    reply = Reply(
        article=sent["article"],
        parent_id=sent["parent_id"],
        name=sent["name"],
        email=sent["email"],
        url=sent["url"] or "",
        body=sent["body"],
        article_url=sent["article_url"] or "",
        article_title=sent["article_title"] or "",
        form_token=sent["form_token"] or "",
        challenge=sent["challenge"] or "",
        honeypot=sent["subject"] or "",
        reader_token=sent["reader_token"] or "",
        client_address=sent["client_address"] or "",
        submitted_at=sent["submitted_at"],
        author_token=sent["author_token"] or (author_cookie(g.site.slug) if is_browser_form() else ""),
    )
    key = _idempotency_key()
    if key is None and is_browser_form():
        submitted = _submit_when_the_first_press_is_done(reply, _key_of_form())
        if submitted.verdict is None and _was_deleted(submitted):
            # Whoever withdrew a reply and sends it again wants a new one, not the receipt of the old one.
            submitted = _submit(reply, None)
    else:
        submitted = _submit(reply, key)
    if submitted.verdict is not None:
        add_headers(limit_headers(submitted.verdict))
    receipt_path = path_of_receipt(submitted.receipt_token)
    if is_browser_form():
        answer = redirect(receipt_path, 303)
        assert isinstance(answer, Response)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    view = {
        "id": str(submitted.id),
        "status": submitted.status.value,
        "revision": submitted.revision,
        "body_html": submitted.body_html,
        "receipt": {
            "token": submitted.receipt_token,
            "url": base_url() + receipt_path,
            "edit_until": rfc3339(submitted.edit_until),
        },
    }
    return json_response(view, 201 if submitted.status is Status.APPROVED else 202)


@blueprint.get("/form-token")
@open_to_any_page
@blueprint.arguments(FormTokenQuery, location="query")
@blueprint.response(200, FormTokenSchema)
@answers("invalid", "unknown_site", "rate_limited", "store_unavailable")
@described("getFormToken", "Get a token for a form that is being shown")
def mint_form_token(query: dict[str, Any]) -> Response:
    """Good for a day, for one reply to this article. Whoever sends without one is looked at more closely."""
    minted = forms.mint(query["site"], query["article"], client_address=request.remote_addr, now=utc_now())
    add_headers(limit_headers(minted.verdict))
    return json_response({"token": minted.token, "expires_at": rfc3339(minted.expires_at)})


@blueprint.get("/challenge")
@open_to_any_page
@blueprint.arguments(ChallengeQuery, location="query")
@blueprint.response(200, ChallengeSchema)
@answers("invalid", "unknown_site", "rate_limited", "store_unavailable")
@described("readChallenge", "Get a proof of work to do before it is asked for")
def read_challenge(query: dict[str, Any]) -> Response:
    """Whoever solves it beforehand need not be refused first. The price is what the site asks at this moment."""
    given = forms.challenge(query["site"], client_address=request.remote_addr, now=utc_now())
    add_headers(limit_headers(given.verdict))
    return json_response(given.challenge)


@blueprint.post("/preview")
@open_to_any_page
@blueprint.arguments(PreviewSchema, location="json_or_form")
@blueprint.response(200, PreviewedSchema)
@answers("malformed_json", "too_large", "unsupported_media_type", "invalid", "rate_limited")
@described("previewComment", "See a text as it would be published")
def preview_comment(sent: dict[str, Any]) -> Response:
    """Nothing is stored. The answer is the very HTML that an approval would publish."""
    add_headers(limit_headers(spend_preview(request.remote_addr, now=utc_now())))
    return json_response({"body_html": preview(sent["body"])})


@blueprint.get("/counts")
@open_to_any_page
@blueprint.arguments(CountsQuery, location="query")
@blueprint.response(200, CountsSchema, headers=CACHE_STATUS)
@blueprint.alt_response(304, description="The counts are still what `If-None-Match` says.", headers=CACHE_STATUS)
@answers("invalid", "unknown_site", "store_unavailable")
@described("countComments", "Count the published comments of up to 100 articles")
def count_comments(query: dict[str, Any]) -> Response:
    """Articles nobody wrote under count 0."""
    found = read_counts(query["site"], query["article"])
    depends_on(found.tags)
    return cacheable(
        json.dumps({"counts": found.counts}, ensure_ascii=False, separators=(",", ":")), "application/json"
    )


def is_browser_form() -> bool:
    """True where a person's browser posted a form and will show the answer as a page."""
    asked = the_request()
    return is_form(asked) and "text/html" in asked.headers.get("Accept", "")


def _submit(reply: Reply, idempotency_key: str | None) -> submit.Submitted:
    return submit.submit_comment(
        reply,
        site=g.site,
        caller=g.caller,
        client_address=request.remote_addr,
        idempotency_key=idempotency_key,
        now=utc_now(),
    )


def _submit_when_the_first_press_is_done(reply: Reply, key: str) -> submit.Submitted:
    """Return what became of a form that was sent twice, for which the browser shows the second answer alone."""
    for _ in range(LOOKS):
        try:
            return _submit(reply, key)
        except RequestInProgress:
            time.sleep(LOOK_EVERY)
    return _submit(reply, key)


def _was_deleted(submitted: submit.Submitted) -> bool:
    receipt = read_receipt(submitted.receipt_token, now=utc_now())
    return receipt.comment.standing.status is Status.DELETED


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    # The draft writes it as a structured string, in quotes; most clients leave them out.
    bare = key.strip().removeprefix('"').removesuffix('"')
    if not bare or len(bare) > IDEMPOTENCY_KEY_MAX:
        raise Invalid(
            "Idempotency-Key", "out_of_range", f"An Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} characters."
        )
    return bare


def _key_of_form() -> str:
    """Return the key that the same form from the same client has within a few minutes.

    A button pressed twice sends twice, and the browser shows the second answer only: it has to be the receipt too.
    """
    sent = json.dumps(
        [request.remote_addr, int(utc_now().timestamp()) // FORM_KEY_SECONDS, sorted(request.form.items())]
    )
    return f"form {hashlib.sha256(sent.encode()).hexdigest()}"


def _refuse_beside_comment(query: dict[str, Any]) -> None:
    """Raise Invalid for what would choose another page than the one that holds `comment`."""
    faults = []
    if query["cursor"] is not None:
        faults.append(FieldFault("cursor", "not_with_comment", "A cursor already says which page is meant."))
    if query["sort"] is not Sort.OLDEST:
        faults.append(FieldFault("sort", "not_with_comment", "The page of a comment is found oldest first."))
    if faults:
        raise Invalid.of(faults)


def _page_view(page: PublishedPage) -> dict[str, Any]:
    return {
        "article": article_view(page.article, page.key, site=page.site, now=utc_now()),
        "comments": [_comment_view(comment) for comment in page.comments],
        "next": page.next_cursor,
    }


def _comment_view(comment: PublishedComment) -> dict[str, Any]:
    return {
        "id": str(comment.id),
        "parent_id": None if comment.parent_id is None else str(comment.parent_id),
        "depth": comment.depth,
        "author": None if comment.deleted else author_view(comment),
        "body_html": comment.body_html,
        "published_at": rfc3339_or_none(comment.published_at),
        "edited_at": rfc3339_or_none(comment.edited_at),
        "votes": comment.votes,
        "deleted": comment.deleted,
    }

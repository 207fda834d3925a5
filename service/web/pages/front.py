"""The front page, the documentation, pictures of avatars, and the refusals that people see."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request

from service.domain.avatars import draw_avatar, is_avatar_seed
from service.domain.errors import NotFound, PostbagError
from service.web.docs_view import build_docs
from service.web.openapi import openapi_document
from service.web.origins import base_url, readable_by_any_page, settings
from service.web.pages.demo import listed
from service.web.pages.words import explanation, heading
from service.web.problems import ERROR_CODES, problem_headers
from service.web.responses import FOR_EVER, add_headers, cacheable, cacheable_page, page

blueprint = Blueprint("front", __name__)

DOCS = "postbag-docs"  # where the application keeps its documentation


@blueprint.get("/")
def home() -> Response:
    """Answer with what this is, and where to go on."""
    demo = settings().demo
    return cacheable_page(render_template("home.html", demo=demo, sites=listed() if demo else ()))


@blueprint.get("/docs")
def docs() -> Response:
    """Answer with the documentation of the API, written out of its OpenAPI document.

    It is kept for the address that was asked last, since writing it takes a hundred times as long as any other page.
    """
    address, html = current_app.extensions.get(DOCS, ("", ""))
    if address != base_url():
        address, html = (
            base_url(),
            render_template("docs.html", api=build_docs(openapi_document()), base_url=base_url()),
        )
        current_app.extensions[DOCS] = (address, html)
    return cacheable_page(html)


@blueprint.get("/docs/errors/<code>")
def error_code(code: str) -> Response:
    """Answer with what an error code means; every problem document's `type` leads here."""
    if code not in ERROR_CODES:
        raise NotFound
    return cacheable_page(render_template("error_code.html", code=code, known=ERROR_CODES[code]))


@blueprint.get("/avatars/<seed>.svg")
def avatar(seed: str) -> Response:
    """Answer with the picture of an avatar seed, which never changes."""
    if not is_avatar_seed(seed):
        raise NotFound
    readable_by_any_page()
    # Opened by itself, a picture is a document: it may do nothing either.
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    add_headers({"Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "cross-origin"})
    return cacheable(draw_avatar(seed), "image/svg+xml; charset=utf-8", FOR_EVER)


def refused_page(error: PostbagError) -> Response:
    """Return a refusal as a page for people."""
    known = ERROR_CODES[error.code]
    html = render_template(
        "problem.html",
        status=known.status,
        title=heading(error),
        detail=explanation(error),
        request_id=request.environ.get("postbag.request_id", ""),
    )
    response = page(html, known.status)
    response.headers.update(problem_headers(error))
    return response

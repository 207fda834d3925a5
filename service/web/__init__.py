"""Everything that speaks HTTP; `register` puts it into an application."""

from __future__ import annotations

import time

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from service.config import Settings
from service.domain.errors import Invalid, PostbagError, Unauthenticated
from service.web import assets, languages, openapi, operations
from service.web.api import (
    articles,
    authors,
    desk_articles,
    feeds,
    known_readers,
    log,
    moderation,
    moderators,
    moving,
    opinions,
    published,
    reactions,
    reasons,
    receipts,
    rules,
    sites,
    stats,
    webhooks,
)
from service.web.api import mine as mine_api
from service.web.desk import account as desk_account
from service.web.desk import articles as desk_article_list
from service.web.desk import authors as desk_authors
from service.web.desk import log as desk_log
from service.web.desk import moderators as desk_moderators
from service.web.desk import moving as desk_moving
from service.web.desk import opinions as desk_opinions
from service.web.desk import queue as desk_queue
from service.web.desk import readers as desk_readers
from service.web.desk import retention as desk_retention
from service.web.desk import rules as desk_rules
from service.web.desk import sign_in
from service.web.desk import site as desk_site
from service.web.desk import stats as desk_stats
from service.web.desk import webhooks as desk_webhooks
from service.web.desk.refused import refused_at_the_desk
from service.web.edge import Edge, Sharing
from service.web.kept_pages import KeptPages
from service.web.lanes import Lanes
from service.web.observe import log_fault, observe
from service.web.origins import preflight
from service.web.pages import demo, discussion, fragment, front, mail_desk, mine, prove, receipt, reply_form
from service.web.parsing import IMPORT_MAX, bound_body
from service.web.problems import InternalError, from_http_exception, problem_response
from service.web.responses import finish

API_BLUEPRINTS = (
    published.blueprint,
    feeds.blueprint,
    reactions.blueprint,
    receipts.blueprint,
    mine_api.blueprint,
    articles.blueprint,
    moderation.blueprint,
    authors.blueprint,
    moderators.blueprint,
    log.blueprint,
    stats.blueprint,
    reasons.blueprint,
    opinions.blueprint,
    known_readers.blueprint,
    rules.blueprint,
    sites.blueprint,
    webhooks.blueprint,
    desk_articles.blueprint,
    moving.exports_blueprint,
    moving.imports_blueprint,
)
ENGLISH_CALLS = ("/v1/moderation", "/v1/articles", "/v1/webhooks", "/v1/exports", "/v1/imports", "/desk")
"""What no reader calls: whoever programs or moderates reads refusals in the language of everything else there."""
PAGE_BLUEPRINTS = (
    front.blueprint,
    discussion.blueprint,
    receipt.blueprint,
    mail_desk.blueprint,
    mine.blueprint,
    prove.blueprint,
    operations.blueprint,
)
DESK_BLUEPRINTS = (
    sign_in.blueprint,
    desk_account.blueprint,
    desk_queue.blueprint,
    desk_authors.blueprint,
    desk_moderators.blueprint,
    desk_log.blueprint,
    desk_stats.blueprint,
    desk_article_list.blueprint,
    desk_rules.blueprint,
    desk_site.blueprint,
    desk_opinions.blueprint,
    desk_webhooks.blueprint,
    desk_readers.blueprint,
    desk_retention.blueprint,
    desk_moving.blueprint,
)


def register(app: Flask, settings: Settings, sharing: Sharing) -> None:
    """Give the application its routes, its errors and its headers."""
    hops = settings.trusted_proxies
    app.config[IMPORT_MAX] = settings.import_max
    observe(app, behind_proxy=hops > 0)
    app.after_request(finish)
    app.before_request(_refuse_unreadable_query)
    app.before_request(_answer_preflight)
    app.before_request(bound_body)
    openapi.register(app, API_BLUEPRINTS)
    for page_blueprint in (*PAGE_BLUEPRINTS, *DESK_BLUEPRINTS):
        app.register_blueprint(page_blueprint)
    if settings.demo:
        app.register_blueprint(demo.blueprint)
    assets.register(app)
    languages.register(app)
    app.register_error_handler(PostbagError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _confess)
    pages = KeptPages(settings.page_memory)
    sharing.listen(lambda tags: pages.forget(tags, time.monotonic()))
    edge = Edge(Lanes(app.wsgi_app), pages, sharing, secret=settings.secret_key, public_url=settings.public_url)
    if hops:
        edge.behind = ProxyFix(edge.behind, x_for=hops, x_proto=hops, x_host=hops)
    # Outermost, since what it answers itself is to cost next to nothing.
    app.wsgi_app = edge  # type: ignore[method-assign]


def _refuse_unreadable_query() -> None:
    """Raise Invalid for raw bytes in a query that are not UTF-8, on which werkzeug falls over wherever it reads."""
    try:
        request.query_string.decode()
    except UnicodeDecodeError as fault:
        raise Invalid("request", "malformed", "The query of the address is not UTF-8.") from fault


def _answer_preflight() -> Response | None:
    is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return preflight() if is_preflight and request.path.startswith("/v1/") else None


def _refuse(error: PostbagError) -> Response:
    if not request.path.startswith(ENGLISH_CALLS):
        languages.speak()
    if fragment.is_fragment():
        return fragment.refused_fragment(error)
    if request.endpoint == "published.submit_comment" and published.is_browser_form():
        form = reply_form.refused_reply(error)
        if form is not None:
            return form
    if isinstance(error, Unauthenticated) and request.path.startswith("/desk"):
        try:
            return sign_in.ask_to_sign_in()
        except PostbagError as refusal:
            return refused_at_the_desk(refusal)
    if request.path == "/desk" or request.path.startswith("/desk/"):
        return refused_at_the_desk(error)
    if request.path.startswith("/v1/") and not (published.is_browser_form() and request.method == "POST"):
        return problem_response(error)
    return front.refused_page(error)


def _refuse_http(error: HTTPException) -> Response:
    response = _refuse(from_http_exception(error))
    allowed = error.get_headers() if error.code == 405 else []
    response.headers.extend([(name, value) for name, value in allowed if name == "Allow"])
    return response


def _confess(fault: Exception) -> Response:
    log_fault(fault)
    return _refuse(InternalError())

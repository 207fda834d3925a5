"""A site full of marked words, and how each guarded route is called there so that it succeeds.

newsroom = open_newsroom(app)
for call in newsroom.calls():
    newsroom.site.client.open(call.address, method=call.method, **call.sent)
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from service.actions import deliveries, outbox
from service.actions.events import hand_on
from service.adapters.webhook import Attempt
from service.web.auth import PERMISSION_ATTRIBUTE
from service.worker import SLOW_HANDLERS, Worker
from tests.desk_driver import PASSWORD, DeskBrowser, new_moderator
from tests.driver import SiteDriver, make_site

MARK = "marigold"
"""A word in everything that the site holds, and in nothing that is sent to it: whoever reads it was let in."""

NOWHERE = "https://127.0.0.1/"
"""An address to ask at that is looked up nowhere and never called."""

ELSEWHERE = "https://nowhere.invalid/"
"""An address that can be set, and that no name server knows (RFC 6761, section 6.4)."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """One call of a route, with what it takes; `sent` are options of the test client."""

    route: str
    """Method and pattern, as `CALLS` has them."""
    method: str
    address: str
    sent: Mapping[str, Any]

    @property
    def is_page(self) -> bool:
        """True for the desk's pages and forms, false for the API."""
        return self.address.startswith("/desk")

    @property
    def is_safe(self) -> bool:
        """True where nothing can change."""
        return self.method in {"GET", "HEAD"}

    def at(self, slug: str) -> dict[str, Any]:
        """Return the client's options for the call where a query names this site; a stream is read to its end."""
        query = {"site": slug} | self.sent.get("query_string", {})
        return {"path": self.address, "method": self.method, "buffered": True, **self.sent, "query_string": query}


@dataclass(frozen=True)
class Newsroom:
    """A site of which every name, text and note is marked. Each id that it gives is of something made for it alone."""

    site: SiteDriver

    @property
    def slug(self) -> str:
        """The site's name in addresses."""
        return self.site.slug

    @property
    def article(self) -> str:
        """The key of its article."""
        return self.site.article

    def comment(self) -> str:
        """Return a comment that waits."""
        number = next(_numbers)
        words = {"name": f"{MARK} {number}", "email": f"{MARK}{number}@example.org", "body": f"The {MARK} {number}."}
        return str(self.site.submitted(**words)["id"])

    def decided(self) -> str:
        """Return a comment that was decided on."""
        comment = self.comment()
        self._answered(self.site.decide(comment, "reject", reason=f"No {MARK}."))
        return comment

    def ticked(self) -> str:
        """Return what the box before a comment says of it."""
        return f"{self.comment()}:1:1"

    def batch(self) -> str:
        """Return a batch of one decision."""
        decided = self.site.decide(self.comment(), "reject", reason=f"No {MARK}.", note=f"Again {MARK}.")
        return str(self._answered(decided)["decision"]["batch_id"])

    def reason(self) -> str:
        """Return a canned reason."""
        words = {"title": f"No {MARK}", "text": f"We take no {MARK}."}
        return str(self._posted("/v1/moderation/reasons", words)["id"])

    def rule(self) -> str:
        """Return a rule; what it trusts nobody writes."""
        words = {"kind": "word", "action": "trust", "value": "calendula", "note": f"About {MARK}"}
        return str(self._posted("/v1/moderation/rules", words)["id"])

    def ask_others(self) -> None:
        """Let the site ask both of those who can be asked."""
        for kind, words in (("hook", {}), ("akismet", {"key": "0123456789ab"})):
            address = f"/v1/moderation/opinions/{kind}?site={self.site.slug}"
            said = {"url": f"{NOWHERE}{MARK}/", **words}
            assert self.site.client.put(address, json=said, headers=self.site.bearer).status_code == 200

    def webhook(self) -> str:
        """Return a webhook that listens to what waits."""
        said = {"url": f"{ELSEWHERE}{MARK}", "events": ["comment.held"], "description": f"For {MARK}"}
        return str(self._posted(f"/v1/webhooks?site={self.site.slug}", said)["id"])

    def delivery(self) -> str:
        """Return an event that waits for the webhook that was made last, which has refused it once."""
        self.comment()
        address, now = f"/v1/webhooks?site={self.site.slug}", datetime.now(UTC)
        last = self.site.client.get(address, headers=self.site.bearer).get_json()["webhooks"][-1]["id"]
        with self.site.app.app_context():
            for job in outbox.claim(["event"], now=now):
                assert outbox.carry_out(job, {"event": hand_on}, now=now)
            parcel = deliveries.take(UUID(last), now=now)
            assert parcel is not None
            refusal = Attempt(0.1, 503, f"No {MARK}", "It did not take it.")
            deliveries.settle(parcel, refusal, now=now, go_on=False)
        sent = self.site.client.get(f"/v1/webhooks/{last}/deliveries", headers=self.site.bearer)
        return str(sent.get_json()["deliveries"][0]["id"])

    def sign_in_readers(self) -> None:
        """Let the site sign its readers in with a key."""
        address, said = f"/v1/moderation/readers/keys/set?site={self.site.slug}", {"keys": [PUBLIC_KEY | {"kid": MARK}]}
        assert self.site.client.put(address, json=said, headers=self.site.bearer).status_code == 200

    def secret(self) -> str:
        """Return a secret that the site signs its readers in with."""
        return str(self._posted("/v1/moderation/readers/keys/secrets", {})["id"])

    def invitation(self) -> str:
        """Return an invitation."""
        return str(self._posted("/v1/moderation/invitations", {"name": MARK, "role": "viewer"})["id"])

    def moderator(self) -> str:
        """Return somebody who has a role."""
        return str(DeskBrowser(self.site.app, new_moderator(self.site, "viewer", MARK)).id)

    def author(self) -> str:
        """Return the author of a comment."""
        return str(self.site.opened(self.comment())["author"]["id"])

    def erased(self) -> str:
        """Return an author of whom everything was erased."""
        author = self.author()
        address = f"/v1/moderation/authors/{author}"
        assert self.site.client.delete(address, headers=self.site.bearer).status_code == 200
        return author

    def imported(self, *, is_dry: bool = False) -> str:
        """Return an import that a worker has carried out; a marked name stands in it."""
        words = {"kind": "isso", "name": f"{MARK}.json", "dry_run": "true" if is_dry else "false"}
        content = ISSO.replace(b"So it was.", f"So it was in {next(_numbers)}.".encode()).replace(b'"id": 1, ', b"")
        sent = self.site.client.post("/v1/imports", query_string=words, data=content, headers=self.site.bearer)
        assert sent.status_code == 202, sent.text
        Worker(self.site.app, SLOW_HANDLERS).drain()
        return str(sent.get_json()["id"])

    def calls(self) -> list[Call]:
        """Return every call of every guarded route, with HEAD where there is GET; making them changes the site."""
        return [call for route in guarded_routes(self.site.app) for call in self._calls_of(route)]

    def _calls_of(self, route: str) -> Iterator[Call]:
        method, pattern = route.split()
        for make in CALLS[route]:
            address = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: PLACES[part[1]](self), pattern)
            sent = make(self)
            for one in (method, "HEAD") if method == "GET" else (method,):
                yield Call(route, one, address, sent)

    def _posted(self, address: str, fields: dict[str, Any]) -> dict[str, Any]:
        return self._answered(self.site.client.post(address, json=fields, headers=self.site.bearer))

    def _answered(self, answer: TestResponse) -> dict[str, Any]:
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())


def open_newsroom(app: Flask) -> Newsroom:
    """Make a site without limits that has one of everything, marked."""
    newsroom = Newsroom(make_site(app, limits="off"))
    site = newsroom.site
    site.change(name=f"The {MARK}")
    title = {"site": site.slug, "key": site.article, "title": f"On {MARK}"}
    assert site.client.put("/v1/articles", json=title, headers=site.bearer).status_code == 201
    noted = newsroom.comment()
    for about in ("comment", "author"):
        note = {"text": f"About {MARK}", "about": about}
        newsroom._posted(f"/v1/moderation/comments/{noted}/notes", note)
    published = newsroom.comment()
    site.approve(published)
    assert site.flag(published, "other", detail=f"This is {MARK}.").status_code == 201
    for make in (newsroom.batch, newsroom.reason, newsroom.rule, newsroom.invitation, newsroom.moderator):
        make()
    newsroom.webhook()
    return newsroom


def guarded_routes(app: Flask) -> dict[str, Any]:
    """Return the permission of every guarded route, by method and pattern; None where being signed in is enough."""
    return {
        route: getattr(view, PERMISSION_ATTRIBUTE)
        for route, view in all_routes(app).items()
        if hasattr(view, PERMISSION_ATTRIBUTE)
    }


def all_routes(app: Flask) -> dict[str, Any]:
    """Return the view of every route by method and pattern; HEAD is a GET, and OPTIONS calls no view."""
    return {
        f"{method} {rule.rule}": app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    }


PLACES: Mapping[str, Callable[[Newsroom], str]] = {
    "comment_id": Newsroom.comment,
    "author_id": Newsroom.author,
    "erased_id": Newsroom.erased,
    "batch_id": Newsroom.batch,
    "reason_id": Newsroom.reason,
    "rule_id": Newsroom.rule,
    "invitation_id": Newsroom.invitation,
    "moderator_id": Newsroom.moderator,
    "webhook_id": Newsroom.webhook,
    "delivery_id": Newsroom.delivery,
    "secret_id": Newsroom.secret,
    "import_id": Newsroom.imported,
    "form": lambda _: "jsonl",
    "slug": lambda news: news.slug,
}
"""What stands in an address for each part of its pattern."""


def _asking(news: Newsroom) -> dict[str, Any]:
    news.ask_others()
    return {}


def _delivered(news: Newsroom) -> dict[str, Any]:
    news.delivery()
    return {}


def _signing(news: Newsroom) -> dict[str, Any]:
    news.sign_in_readers()
    return {}


def _just(_: Newsroom) -> dict[str, Any]:
    return {}


def _query(**asked: Callable[[Newsroom], str]) -> Callable[[Newsroom], dict[str, Any]]:
    return lambda news: {"query_string": {name: value(news) for name, value in asked.items()}}


def _json(make: Callable[[Newsroom], dict[str, Any]]) -> Callable[[Newsroom], dict[str, Any]]:
    return lambda news: {"json": make(news)}


def _form(make: Callable[[Newsroom], dict[str, Any]]) -> Callable[[Newsroom], dict[str, Any]]:
    return lambda news: {"data": make(news)}


def _do(what: str) -> Callable[[Newsroom], dict[str, Any]]:
    return _form(lambda _: {"do": what})


PUBLIC_KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def _importing(news: Newsroom) -> dict[str, Any]:
    news.imported()
    return {}


ISSO = (
    b'[{"id": "/articles/1", "title": "Old", "comments": [{"id": 1, "created": "2010-05-04", "text": "So it was."}]}]'
)
SENT = (
    b"".join(
        b'--part\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field
        for field in ((b"do", b"try"), (b"kind", b"isso"), (b'file"; filename="comments.json', ISSO))
    )
    + b"--part--\r\n"
)  # as bytes, since a call may be made more than once
RULE = {"kind": "word", "action": "trust", "value": "tagetes"}

CALLS: Mapping[str, Sequence[Callable[[Newsroom], dict[str, Any]]]] = {
    # The API.
    "PUT /v1/articles": [_json(lambda news: {"site": news.slug, "key": news.article, "open": True})],
    "GET /v1/exports/<form>": [_just],
    "GET /v1/imports": [_importing],
    "POST /v1/imports": [
        lambda _: {"query_string": {"kind": "isso"}, "data": ISSO, "content_type": "application/octet-stream"},
    ],
    "GET /v1/imports/<uuid:import_id>": [_just],
    "POST /v1/imports/<uuid:import_id>/undo": [_just],
    "GET /v1/moderation/articles": [_just],
    "DELETE /v1/moderation/authors/<uuid:author_id>": [_just],
    "GET /v1/moderation/authors/<uuid:author_id>/export": [_just, _query(notes=lambda _: "true")],
    "PATCH /v1/moderation/articles": [_json(lambda news: {"article": news.article, "open": False})],
    "POST /v1/moderation/batches/<uuid:batch_id>/undo": [_just],
    "GET /v1/moderation/comments": [
        _just,
        _query(article=lambda news: news.article),
        _query(author=Newsroom.author),
    ],
    "GET /v1/moderation/comments/<uuid:comment_id>": [_just],
    "PUT /v1/moderation/comments/<uuid:comment_id>/claim": [_just],
    "DELETE /v1/moderation/comments/<uuid:comment_id>/claim": [_just],
    "POST /v1/moderation/comments/<uuid:comment_id>/decisions": [
        _json(lambda _: {"action": "approve", "revision": 1}),
        _json(lambda news: {"action": "reject", "revision": 1, "reason_id": news.reason()}),
    ],
    "POST /v1/moderation/comments/<uuid:comment_id>/notes": [
        _json(lambda _: {"text": "Seen before."}),
        _json(lambda _: {"text": "Seen before.", "about": "author"}),
    ],
    "POST /v1/moderation/decisions": [
        _json(lambda news: {"decisions": [{"comment_id": news.comment(), "action": "approve", "revision": 1}]}),
    ],
    "GET /v1/moderation/invitations": [_just],
    "POST /v1/moderation/invitations": [_json(lambda _: {"name": "Vera", "role": "viewer"})],
    "DELETE /v1/moderation/invitations/<uuid:invitation_id>": [_just],
    "GET /v1/moderation/log": [_just, _query(comment=Newsroom.decided)],
    "GET /v1/moderation/log/export": [
        _query(format=lambda _: "csv"),
        _query(format=lambda _: "jsonl"),
    ],
    "GET /v1/moderation/moderators": [_just],
    "PATCH /v1/moderation/moderators/<uuid:moderator_id>": [_json(lambda _: {"role": "moderator"})],
    "DELETE /v1/moderation/moderators/<uuid:moderator_id>": [_just],
    "GET /v1/moderation/opinions": [_asking],
    "PUT /v1/moderation/opinions/hook": [_json(lambda _: {"url": NOWHERE})],
    "PUT /v1/moderation/opinions/akismet": [_json(lambda _: {"key": "0123456789ab"})],
    "POST /v1/moderation/opinions/hook/trials": [_asking],
    "DELETE /v1/moderation/opinions/hook": [_asking],
    "DELETE /v1/moderation/opinions/akismet": [_asking],
    "GET /v1/moderation/readers/keys": [_signing],
    "POST /v1/moderation/readers/keys/secrets": [_just],
    "PUT /v1/moderation/readers/keys/set": [_json(lambda _: {"keys": [PUBLIC_KEY]})],
    "DELETE /v1/moderation/readers/keys/secrets/<uuid:secret_id>": [_just],
    "DELETE /v1/moderation/readers/keys/set": [_signing],
    "GET /v1/moderation/reasons": [_just],
    "POST /v1/moderation/reasons": [_json(lambda _: {"title": "Off topic", "text": "It is off topic."})],
    "PATCH /v1/moderation/reasons/<uuid:reason_id>": [_json(lambda _: {"title": "Off topic"})],
    "DELETE /v1/moderation/reasons/<uuid:reason_id>": [_just],
    "GET /v1/moderation/rules": [_just, _query(kind=lambda _: "word")],
    "POST /v1/moderation/rules": [
        _json(lambda news: RULE | {"site": news.slug}),
        _json(lambda _: RULE | {"kind": "pattern"}),
    ],
    "POST /v1/moderation/rules/backtest": [_json(lambda news: RULE | {"site": news.slug})],
    "GET /v1/moderation/rules/<uuid:rule_id>": [_just],
    "PATCH /v1/moderation/rules/<uuid:rule_id>": [_json(lambda _: {"action": "hold"})],
    "DELETE /v1/moderation/rules/<uuid:rule_id>": [_just],
    "GET /v1/moderation/sites": [_just],
    "GET /v1/moderation/sites/<slug>": [_just],
    "PATCH /v1/moderation/sites/<slug>": [_json(lambda _: {"max_depth": 3})],
    "GET /v1/moderation/stats": [_just],
    "GET /v1/webhooks": [_just],
    "POST /v1/webhooks": [_json(lambda _: {"url": ELSEWHERE, "events": ["queue.late"]})],
    "GET /v1/webhooks/<uuid:webhook_id>": [_just],
    "PATCH /v1/webhooks/<uuid:webhook_id>": [_json(lambda _: {"enabled": False})],
    "DELETE /v1/webhooks/<uuid:webhook_id>": [_just],
    "POST /v1/webhooks/<uuid:webhook_id>/rotate": [_just],
    "POST /v1/webhooks/<uuid:webhook_id>/test": [_just],
    "GET /v1/webhooks/<uuid:webhook_id>/deliveries": [_delivered],
    "POST /v1/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/retry": [_just],
    # The desk.
    "GET /desk": [_just, _query(article=lambda news: news.article), _query(author=Newsroom.author)],
    "GET /desk/account": [_just],
    "POST /desk/account/mail": [_form(lambda _: {"mail-x": "none"})],
    "POST /desk/account/name": [_form(lambda _: {"name": "Vera"})],
    "POST /desk/account/password": [_form(lambda _: {"old_password": PASSWORD, "new_password": "four words and more"})],
    "POST /desk/account/second-factor": [_form(lambda _: {"step": "offer"})],
    "POST /desk/account/sessions": [_form(lambda _: {"session": "others"})],
    "GET /desk/articles": [_just],
    "POST /desk/articles": [_form(lambda news: {"article": news.article, "open": "no"})],
    "GET /desk/comments/<uuid:comment_id>": [_just],
    "GET /desk/authors/<uuid:author_id>": [_just],
    "POST /desk/authors/<uuid:author_id>": [_form(lambda _: {"confirm": "yes"})],
    "GET /desk/authors/<uuid:erased_id>/proof": [_just],
    "POST /desk/decisions": [
        _form(lambda news: {"action": "approve", "comment": [news.ticked(), news.ticked()]}),
        _form(lambda news: {"decide": f"spam {news.ticked()}", "next": f"/desk/comments/{news.comment()}"}),
    ],
    "GET /desk/items": [_just],
    "GET /desk/items/<uuid:comment_id>": [_just],
    "GET /desk/log": [_just, _query(comment=Newsroom.decided)],
    "GET /desk/moderators": [_just],
    "POST /desk/moderators": [
        _form(lambda _: {"do": "invite", "name": "Vera", "role": "viewer"}),
        _form(lambda news: {"do": "call_back", "invitation": news.invitation()}),
        _form(lambda news: {"do": "change", "moderator": news.moderator(), "role": "moderator"}),
        _form(lambda news: {"do": "remove", "moderator": news.moderator()}),
    ],
    "POST /desk/notes": [
        _form(lambda news: {"comment_id": news.comment(), "text": "Seen before."}),
        _form(lambda news: {"comment_id": news.comment(), "text": "Seen before.", "about": "author"}),
    ],
    "GET /desk/rules": [_just, _query(kind=lambda _: "word")],
    "GET /desk/rules/<uuid:rule_id>": [_just],
    "POST /desk/rules": [
        _form(lambda _: RULE | {"do": "save"}),
        _form(lambda _: RULE | {"do": "try"}),
        _form(lambda news: RULE | {"do": "save", "rule": news.rule()}),
        _form(lambda news: {"do": "remove", "rule": news.rule()}),
    ],
    "GET /desk/site": [_just],
    "POST /desk/site": [_form(lambda _: {"max_depth": "2", "was.max_depth": "4"})],
    "POST /desk/site/reasons": [
        _form(lambda _: {"do": "add", "title": "Off topic", "text": "It is off topic."}),
        _form(lambda news: {"do": "change", "reason": news.reason(), "title": "Off topic", "text": "It is."}),
        _form(lambda news: {"do": "up", "reason": news.reason()}),
        _form(lambda news: {"do": "remove", "reason": news.reason()}),
    ],
    "GET /desk/site/opinions": [_asking],
    "POST /desk/site/opinions": [
        _form(lambda _: {"do": "ask_hook", "url": NOWHERE}),
        _form(lambda news: {"do": "try_hook"} | _asking(news)),
        _form(lambda news: {"do": "renew_secret"} | _asking(news)),
        _form(lambda _: {"do": "ask_akismet", "key": "0123456789ab"}),
        _form(lambda news: {"do": "hook_no_more"} | _asking(news)),
        _form(lambda news: {"do": "akismet_no_more"} | _asking(news)),
    ],
    "GET /desk/site/webhooks": [_just],
    "POST /desk/site/webhooks": [_form(lambda _: {"url": ELSEWHERE, "events": "queue.late"})],
    "GET /desk/site/webhooks/<uuid:webhook_id>": [_just],
    "POST /desk/site/webhooks/<uuid:webhook_id>": [
        _form(lambda _: {"do": "change", "url": ELSEWHERE, "events": "queue.late"}),
        *map(_do, ("off", "on", "rotate", "test", "resend_all", "remove")),
        _form(lambda news: {"do": "resend", "delivery": news.delivery()}),
    ],
    "GET /desk/site/readers": [_signing],
    "POST /desk/site/readers": [
        _form(lambda _: {"do": "trust", "trust": "none"}),
        _form(lambda _: {"do": "secret"}),
        _form(lambda _: {"do": "key_set", "key_set": json.dumps({"keys": [PUBLIC_KEY]})}),
        _form(lambda _: {"do": "end_set"}),
    ],
    "GET /desk/site/retention": [_just],
    "POST /desk/site/retention": [_form(lambda _: {"spam": "30", "was.spam": "60"})],
    "GET /desk/site/moving": [_importing],
    "POST /desk/site/moving": [
        lambda _: {"data": SENT, "content_type": "multipart/form-data; boundary=part"},
        _form(lambda news: {"do": "undo", "import": news.imported()}),
        _form(lambda news: {"do": "forget", "import": news.imported(is_dry=True)}),
        _form(lambda news: {"do": "go_on", "import": news.imported(is_dry=True)}),
    ],
    "GET /desk/stats": [_just],
    "POST /desk/undo": [_form(lambda news: {"batch_id": news.batch()})],
}
"""How each guarded route is called; several ways where one view does several things, or is asked about ids."""

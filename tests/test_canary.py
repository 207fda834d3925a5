"""A canary address is sent in by every way there is; then everything that came out is searched for it.

On a real granian process, so that what the server itself writes is searched too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from service.actions import articles, sites
from service.actions.authenticate import authenticate
from service.domain.permissions import Scope
from tests.driver import SiteDriver, make_site
from tests.granian_server import Answer, GranianServer, beside, running_granian

LOCAL_PART = "Kanarie.7f3a9c1e5b"
ADDRESS = f"{LOCAL_PART}@Canary.Example.org"
CLIENT = "203.0.113.77"
OTHER_CLIENTS = (f"198.51.100.{number}" for number in range(1, 250))
FORM = "application/x-www-form-urlencoded"


def spellings() -> Iterator[str]:
    """Yield every spelling of the address that something might have hashed."""
    for address in (ADDRESS, ADDRESS.lower(), f"{LOCAL_PART}@canary.example.org"):
        yield from (address, f" {address}", f"{address} ", f" {address} ", f"{address}\n", f"mailto:{address}")


def traces() -> dict[str, str]:
    """Return what must be found nowhere, by what it is; to be searched for without regard to case."""
    found = {"the local part": LOCAL_PART, "the address, escaped": quote(ADDRESS, safe="")}
    for spelling in spellings():
        raw = spelling.encode()
        forms = {"base64 of": raw}
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(name, raw).digest()
            found[f"{name} of {spelling!r}"] = digest.hex()
            forms[f"base64 {name} of"] = digest
        for name, value in forms.items():
            for encoded in (base64.b64encode(value), base64.urlsafe_b64encode(value)):
                found[f"{name} {spelling!r} as {encoded[:4]!r}"] = encoded.decode().rstrip("=")[:-1]
    return {name: trace.lower() for name, trace in found.items()}


def assert_no_trace(traces: dict[str, str], text: str, where: str) -> None:
    folded = text.lower()
    found = [name for name, trace in traces.items() if trace in folded]
    assert not found, f"{where} holds {found}:\n{text[:2000]}"


@dataclass
class Recorder:
    """Asks a server and keeps what came back, head and body."""

    server: GranianServer
    site: SiteDriver
    kept: list[tuple[str, str]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def ask(self, method: str, path: str, *, client: str | None = None, **sent: Any) -> Answer:
        headers = {"X-Forwarded-For": client or next(OTHER_CLIENTS)} | sent.pop("headers", {})
        answer = self.server.ask(method, path, headers=headers, **sent)
        self.kept.append((f"{method} {path} → {answer.status}", json.dumps(dict(answer.headers)) + answer.text))
        self.statuses.add(answer.status)
        return answer

    def submit(self, *, headers: dict[str, str] | None = None, client: str | None = None, **changes: Any) -> Answer:
        reply = self.site.reply(**{"email": ADDRESS, "name": "Kees"} | changes)
        return self.ask(
            "POST", "/v1/comments", body=reply, headers={"Origin": self.site.origin} | (headers or {}), client=client
        )

    def submit_form(self, *, accept: str, **changes: Any) -> Answer:
        reply = self.site.reply(**{"email": ADDRESS, "name": "Kees"} | changes)
        headers = {"Origin": self.site.origin, "Content-Type": FORM, "Accept": accept}
        return self.ask("POST", "/v1/comments", body=urlencode(reply).encode(), headers=headers)

    def forget_last(self) -> None:
        """Take the last answer out of the search: it went back to the author with what the author typed."""
        self.kept.pop()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    instance = tmp_path / "instance"
    with beside(instance) as app, running_granian(instance, TRUSTED_PROXIES="1") as server:
        yield Recorder(server, make_site(app, limits="off"))


def close_article(site: SiteDriver, key: str) -> None:
    with site.app.app_context():
        caller, now = authenticate(site.token, now=datetime.now(UTC)), datetime.now(UTC)
        said = articles.Registration(key, None, "Closed", open=False)
        articles.register_article(caller, sites.find_site(site.slug), said, now=now)


def test_an_address_that_was_sent_in_never_comes_out(recorder: Recorder) -> None:
    server, site = recorder.server, recorder.site
    moderator = site.another_token(Scope.MODERATE)
    closed = f"{site.origin}/closed"
    close_article(site, closed)

    # Accepted, repeated, edited, decided on, withdrawn.
    sent = recorder.submit(client=CLIENT, headers={"Idempotency-Key": "one", "User-Agent": ADDRESS}).json
    receipt = sent["receipt"]["token"]
    assert recorder.submit(client=CLIENT, headers={"Idempotency-Key": "one"}, body="Another").status == 422
    assert recorder.submit(headers={"Idempotency-Key": "two"}, body="Twice the same").status == 202
    assert recorder.submit(body="Twice the same").status == 409
    path = f"/v1/moderation/comments/{sent['id']}"
    decision = {"action": "approve", "revision": 1}
    assert recorder.ask("POST", f"{path}/decisions", body=decision, headers=moderator).status == 201
    assert recorder.ask("PATCH", f"/v1/receipts/{receipt}", body={"body": "Edited"}, client=CLIENT).status == 200
    assert recorder.ask("POST", f"{path}/decisions", body=decision, headers=moderator).status == 409
    voting = recorder.ask("POST", f"/v1/comments/{sent['id']}/votes", client=CLIENT)
    assert (voting.status, voting.json["votes"]) == (200, 1)
    flagging = f"/v1/comments/{sent['id']}/flags"
    assert recorder.ask("POST", flagging, body={"reason": "spam", "detail": "Shoes"}, client=CLIENT).status == 201
    reply = recorder.submit(parent_id=sent["id"], body="A reply", url=f"https://{LOCAL_PART[-10:]}.example/").json
    recorder.kept.pop()
    assert recorder.ask("DELETE", f"/v1/receipts/{reply['receipt']['token']}").status == 204

    # Refused in every way, with the address in it.
    assert recorder.submit(body="").status == 422
    assert recorder.submit(name=ADDRESS).status == 422
    assert recorder.submit(email=f"{ADDRESS}@").status == 422
    assert recorder.submit(email=f"<{ADDRESS}>").status == 422
    assert recorder.submit(email=[ADDRESS]).status == 422
    assert recorder.submit(url=f"mailto:{ADDRESS}").status == 422
    assert recorder.submit(article=ADDRESS).status == 422
    assert recorder.submit(article=f"{site.origin}/?e={ADDRESS}", body="").status == 422
    assert recorder.submit(site=ADDRESS).status == 404
    assert recorder.submit(parent_id=ADDRESS).status == 422
    assert recorder.submit(parent_id="01980000-0000-7000-8000-000000000000").status == 422
    assert recorder.submit(article=closed).status == 403
    assert recorder.submit(headers={"Origin": "https://elsewhere.example"}).status == 403
    assert recorder.submit(headers={"Authorization": f"Bearer {ADDRESS}"}).status == 401
    assert recorder.submit(body=ADDRESS * 3000).status == 413
    assert recorder.ask("POST", flagging, body={"reason": ADDRESS * 20}).status == 422
    assert recorder.ask("POST", flagging, body={"reason": "spam", ADDRESS: "x"}).status == 422
    assert recorder.ask("POST", flagging, body={"reason": [ADDRESS]}).status == 422
    assert recorder.ask("POST", f"/v1/comments/{sent['id']}/votes", body={"value": ADDRESS}).status == 422
    assert recorder.ask("POST", f"/v1/comments/{quote(ADDRESS)}/votes").status == 404
    assert recorder.ask("POST", flagging, body={"reason": "spam"}, headers={"Origin": ADDRESS}).status == 403
    broken, as_json = f'{{"email": "{ADDRESS}"'.encode(), {"Content-Type": "application/json"}
    assert recorder.ask("POST", "/v1/comments", body=broken, headers=as_json).status == 400
    assert recorder.ask("POST", "/v1/comments", body=broken, headers={"Content-Type": ADDRESS}).status == 415

    # As a browser sends it: the receipt page, and a refused form with what was typed, for its author alone.
    led = recorder.submit_form(accept="text/html", article=f"{site.origin}/form", email=f" {ADDRESS.upper()} ")
    assert led.status == 303
    assert recorder.ask("GET", led.headers["location"]).status == 200
    assert recorder.submit_form(accept="application/json", body="").status == 422
    refused = recorder.submit_form(accept="text/html", body="")
    assert refused.status == 422
    assert refused.headers["cache-control"] == "no-store"
    recorder.forget_last()
    recorder.submit_form(accept="text/html", site="nowhere", body="")

    # Asked for in addresses and headers.
    escaped = quote(ADDRESS)
    for strange in (
        f"/{escaped}",
        f"/comments?site={escaped}&article=x",
        f"/v1/receipts/{escaped}",
        f"/receipts/{escaped}",
    ):
        assert recorder.ask("GET", strange, headers={"Referer": ADDRESS, "X-Request-Id": ADDRESS}).status in {404, 422}
    for query in ("author", "cursor", "sort", "status", "site", "limit"):
        answer = recorder.ask("GET", f"/v1/moderation/comments?{query}={escaped}", headers=moderator)
        assert answer.status in {403, 422}, query

    # Too much of it.
    site.change(limits="default")
    statuses = [recorder.submit(client=CLIENT, body=f"Again {number}").status for number in range(7)]
    assert statuses == [202] * 5 + [429] * 2

    # Everything that is public.
    where = f"site={site.slug}&article={quote(site.article)}"
    page = recorder.ask("GET", f"/v1/comments?{where}").json
    assert [comment["id"] for comment in page["comments"]] == [sent["id"]]
    avatar = page["comments"][0]["author"]["avatar"]
    public = [
        f"/v1/counts?{where}", f"/comments?{where}", f"/comments?{where}&reply_to={sent['id']}", avatar,
        f"/v1/receipts/{receipt}", f"/receipts/{receipt}", f"/receipts/{reply['receipt']['token']}",
        "/", "/docs", "/docs/errors/duplicate", "/openapi.yaml", "/healthz", "/readyz", "/metrics",
    ]  # fmt: skip
    for path_asked in public:
        assert recorder.ask("GET", path_asked).status == 200, path_asked
    assert recorder.ask("POST", "/v1/preview", body={"body": "*Hello*"}).status == 200
    # To moderators it is known only by the scope `pii`.
    assert recorder.ask("GET", "/v1/moderation/comments?status=pending", headers=moderator).status == 200
    assert recorder.ask("GET", path, headers=moderator).status == 200
    assert (
        server.ask("GET", path, headers=site.bearer | {"X-Forwarded-For": "192.0.2.9"})
        .json["email"]
        .startswith(LOCAL_PART)
    )

    assert {200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 415, 422, 429} <= recorder.statuses
    wanted = traces()
    for asked, came in recorder.kept:
        assert_no_trace(wanted, came, asked)
    log = server.log()
    assert_no_trace(wanted, log, "the log")
    secrets = {
        CLIENT,
        site.token,
        moderator["Authorization"].split()[1],
        receipt,
        reply["receipt"]["token"],
        sent["id"],
    }
    assert not [secret for secret in secrets if secret in log]
    assert "198.51.100." not in log
    assert_is_a_log(log)


def assert_is_a_log(log: str) -> None:
    """Every line but granian's own is a JSON object with an event and a time; one about a request has its number."""
    lines = [line for line in log.splitlines() if not line.startswith("[")]
    assert len(lines) > 50
    for line in lines:
        entry = json.loads(line)
        assert entry["event"]
        assert entry["timestamp"]
        if entry["event"] == "request":
            assert re.fullmatch(r"[0-9a-f]{32}", entry["request_id"])


def test_the_search_would_find_what_it_is_for() -> None:
    digest = hashlib.md5(ADDRESS.lower().encode(), usedforsecurity=False)
    leaks = {
        "as it is": f"from {ADDRESS}",
        "in capitals": ADDRESS.upper(),
        "a Gravatar": f"https://gravatar.example/{digest.hexdigest()}?s=80",
        "base64": base64.b64encode(hashlib.sha256(f" {ADDRESS}".encode()).digest()).decode(),
    }
    for leak in leaks.values():
        with pytest.raises(AssertionError):
            assert_no_trace(traces(), leak, "a test")

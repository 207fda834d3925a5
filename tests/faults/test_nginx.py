"""nginx in front: what is kept for a second, what never is, and what readers see while the service is away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

import pytest

from tests.driver import SiteDriver, make_site
from tests.faults.lasting import lasting
from tests.faults.nginx import running_nginx
from tests.faults.slow import BODY, DRIPPING, HEAD, assert_unnoticed, connections_to_spare, dripping, held
from tests.granian_server import Answer, GranianServer, until

AWAY = "nginx; hit; detail=service-unavailable"


class Front:
    """nginx, the service behind it, and a site."""

    def __init__(self, nginx: GranianServer, service: GranianServer, site: SiteDriver) -> None:
        self.nginx, self.service, self.site = nginx, service, site

    def read(self, path: str = "/v1/comments", *, method: str = "GET", **headers: str) -> Answer:
        query = urlencode({"site": self.site.slug, "article": self.site.article})
        asked = path if path == "/embed.js" else f"{path}?{query}"
        return self.nginx.ask(method, asked, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def is_kept(self, path: str = "/v1/comments") -> bool:
        return said(self.read(path), "cache-status") == "nginx; hit"

    def is_marked(self, path: str) -> bool:
        return said(self.read(path), "cache-status") == AWAY

    def publish(self, body: str) -> str:
        """Send a reply and approve it, both by way of nginx, and return its id."""
        sent = self.nginx.ask(
            "POST", "/v1/comments", body=self.site.reply(body=body), headers={"Origin": self.site.origin}
        )
        assert sent.status == 202, sent.text
        comment_id = sent.json["id"]
        decided = self.nginx.ask(
            "POST",
            f"/v1/moderation/comments/{comment_id}/decisions",
            body={"action": "approve", "revision": 1},
            headers=self.site.bearer,
        )
        assert decided.status == 201, decided.text
        return str(comment_id)


@pytest.fixture(scope="module")
def front(service: tuple[GranianServer, SiteDriver]) -> Iterator[Front]:
    server, site = service
    with running_nginx(server.port) as nginx:
        yield Front(nginx, server, make_site(site.app, limits="off"))


def said(answer: Answer, name: str) -> str:
    return next((text for header, text in answer.headers.items() if header.lower() == name), "")


def test_a_thread_is_read_while_the_service_is_dead_and_all_is_right_when_it_is_back(front: Front) -> None:
    front.publish("Before the fall")
    paths = ("/v1/comments", "/comments", "/v1/counts", "/v1/feed.atom", "/embed.js")
    for path in paths:
        assert front.read(path).status == 200
    front.service.kill()
    try:
        for path in paths[:4]:
            until(partial(front.is_marked, path), f"{path} is not marked")
        for path in paths:
            assert front.read(path).status == 200
            assert front.read(path, method="HEAD").status == 200
        assert [comment["body_html"] for comment in front.read().json["comments"]] == ["<p>Before the fall</p>"]
        assert "Before the fall" in front.read("/comments").text
        etag = said(front.read(), "etag")
        assert front.read(If_None_Match=etag).status == 304
        refused = front.nginx.ask(
            "POST", "/v1/comments", body=front.site.reply(), headers={"Origin": front.site.origin}
        )
        assert (refused.status, refused.json["code"]) == (503, "store_unavailable")
        assert int(said(refused, "retry-after")) > 0
        assert front.nginx.ask("GET", "/desk/queue").status == 503
    finally:
        front.service.start()
    front.publish("Risen again")
    until(lambda: front.read("/v1/counts").json["counts"][front.site.article] == 2, "the count is not right")
    until(lambda: "Risen again" in front.read("/comments").text, "the page is not right")
    until(lambda: "Risen again" in front.read().text, "the thread is not right")
    assert "detail" not in said(front.read(), "cache-status")


def test_a_page_is_kept_for_a_second_and_shared_by_all_who_take_the_same_coding(front: Front) -> None:
    front.publish("A reply that is long enough for its page to be compressed. " * 20)
    until(front.is_kept, "the thread is not kept")
    until(partial(front.is_kept, "/comments"), "the page is not kept")
    plain, small = (front.read(method="HEAD", Accept_Encoding=coding) for coding in ("identity", "br"))
    assert said(plain, "content-encoding") == ""
    assert said(small, "content-encoding") == "br"
    assert said(plain, "etag") != said(small, "etag")
    assert "x-request-id" not in {name.lower() for name in small.headers}


def test_a_time_alone_does_not_say_that_a_feed_has_not_changed(front: Front) -> None:
    front.publish("Something to follow")
    until(partial(front.is_kept, "/v1/feed.atom"), "the feed is not kept")
    feed = front.read("/v1/feed.atom")
    assert said(feed, "content-type") == "application/atom+xml; charset=utf-8"
    assert front.read("/v1/feed.atom", If_Modified_Since=said(feed, "last-modified")).status == 200
    assert front.read("/v1/feed.atom", If_None_Match=said(feed, "etag")).status == 304


def test_a_page_that_nobody_has_read_for_long_is_not_shown_before_it_is_renewed(front: Front) -> None:
    comment_id = front.publish("Something that has to go")
    until(lambda: "Something that has to go" in front.read().text, "the reply is not shown")
    until(front.is_kept, "the thread is not kept")
    decided = front.nginx.ask(
        "POST",
        f"/v1/moderation/comments/{comment_id}/decisions",
        body={"action": "delete", "revision": 1},
        headers=front.site.bearer,
    )
    assert decided.status == 201
    seen: list[Answer] = []

    def is_renewed() -> bool:
        seen.append(front.read())
        return said(seen[-1], "cache-status") != "nginx; hit"

    # The first answer that is not of the second for which pages are kept has to be new.
    until(is_renewed, "the thread is kept for ever")
    assert "Something that has to go" not in seen[-1].text


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer x"}, {"Cookie": "postbag_session=x"}])
def test_whoever_brings_credentials_gets_nothing_kept(front: Front, headers: dict[str, str]) -> None:
    for _ in range(4):
        assert said(front.read(**headers), "cache-status") == ""


def test_what_concerns_one_person_is_never_kept(front: Front) -> None:
    paths = ("/desk/sign-in", "/v1/moderation/comments", "/v1/form-token?site=x", "/receipts/x", "/readyz", "/docs")
    for path in paths:
        for _ in range(3):
            answer = front.nginx.ask("GET", path, headers=front.site.bearer if "moderation" in path else None)
            assert said(answer, "cache-status") == "", path
            assert answer.status < 500


def test_a_page_is_told_from_that_of_another_host(front: Front) -> None:
    front.publish("What search engines are told names its host")
    until(lambda: "names its host" in front.read("/comments").text, "the reply is not shown")
    until(partial(front.is_kept, "/comments"), "the page is not kept")
    other = front.read("/comments", Host="elsewhere.example")
    assert "http://elsewhere.example/" in other.text
    assert "elsewhere.example" not in front.read("/comments").text


def test_idle_connections_and_what_is_dripped_are_kept_from_the_service(front: Front) -> None:
    idle = connections_to_spare(lasting(500, 8_000))  # each has two ends, one of them with nginx's own bound
    with (
        held(front.nginx, idle),
        held(front.nginx, DRIPPING, HEAD) as heads,
        held(front.nginx, DRIPPING, BODY) as bodies,
        dripping(heads + bodies),
    ):
        assert_unnoticed(front.nginx, front.site)

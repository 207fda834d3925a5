"""Calls to real servers on this machine: guarded, signed, and never longer than they may take."""

from __future__ import annotations

import ipaddress
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest
from standardwebhooks import Webhook

from service.adapters.akismet import Akismet, AskedComment
from service.adapters.hook import ask_hook, new_hook_secret
from service.adapters.outgoing import MOST_READ, DestinationRefused, OutgoingFailed, post
from service.domain.screening import Verdict
from tests.http_host import Answering, saying, serving

HERE = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]


def test_an_answer_is_returned_whatever_its_status_and_a_redirect_is_not_followed() -> None:
    with serving(saying(b"elsewhere", 302, Location="http://127.0.0.1:1/")) as asked:
        answer = post(f"{asked.url}/a?b=c", b"hello", {"X-One": "1"}, allowed=HERE)
    assert (answer.status, answer.body, answer.headers["location"]) == (302, b"elsewhere", "http://127.0.0.1:1/")
    assert [(path, headers["x-one"], body) for path, headers, body in asked] == [("/a?b=c", "1", b"hello")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_nothing_is_sent_to_this_machine_however_it_is_written(host: str) -> None:
    with serving(saying(b"secret")) as asked:
        port = asked.url.rpartition(":")[2]
        with pytest.raises(DestinationRefused, match="not on the public internet"):
            post(f"http://{host}:{port}/", b"", {})
    assert asked == []


def test_a_server_that_hangs_or_drips_is_given_up_within_the_time_for_all_together() -> None:
    until = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        until.wait(5)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not until.wait(0.05):
            try:
                handler.wfile.write(b".")
            except OSError:
                return

    for answer in (hang, drip):
        until.clear()
        with serving(answer) as asked:
            with pytest.raises(OutgoingFailed, match="did not answer within"):
                post(asked.url, b"", {}, allowed=HERE, seconds=0.4)
            until.set()


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with (
        serving(saying(b"x" * (MOST_READ + 10_000))) as asked,
        pytest.raises(OutgoingFailed, match="longer than 64 KiB"),
    ):
        post(asked.url, b"", {}, allowed=HERE)


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:1/", "could not be called"), ("http://no-such-name.invalid/", "cannot be found")],
)
def test_nobody_there_is_told_in_a_sentence(url: str, said: str) -> None:
    with pytest.raises(OutgoingFailed, match=said):
        post(url, b"", {}, allowed=HERE, seconds=3)


def test_a_server_without_a_good_certificate_is_not_told_anything() -> None:
    with serving(saying(b"")) as asked, pytest.raises(OutgoingFailed):
        post(asked.url.replace("http:", "https:"), b"words", {}, allowed=HERE)
    assert asked == []


def test_a_hook_gets_a_request_that_the_standard_s_own_library_verifies() -> None:
    secret = new_hook_secret()
    with serving(saying(b'{"verdict": "hold", "score": 0.5, "reason": "Look twice"}')) as asked:
        opinion = ask_hook(
            f"{asked.url}/screen", secret, "msg_1", {"body": "Grüße"}, allowed=HERE, now=datetime.now(UTC)
        )
    assert (opinion.verdict, opinion.score, opinion.reason) == (Verdict.HOLD, 0.5, "Look twice")
    _, headers, body = asked[0]
    verified = Webhook(secret).verify(body, headers)
    assert verified["data"] == {"body": "Grüße"}
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["type"] == "comment.screen"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (saying(b"", 500), "status 500"),
        (saying(b"nonsense"), "no JSON"),
        (saying(b"{}", 302, Location="http://127.0.0.1/"), "status 302"),
    ],
    ids=["a fault", "nonsense", "a redirect"],
)
def test_a_hook_that_fails_has_no_opinion(answer: Answering, said: str) -> None:
    with serving(answer) as asked, pytest.raises(OutgoingFailed, match=said):
        ask_hook(asked.url, new_hook_secret(), "msg_1", {}, allowed=HERE, now=datetime.now(UTC))


COMMENT = AskedComment("https://a.example", "https://a.example/1", "192.0.2.1", "Ada", "", "Hello & welcome", True)


def test_akismet_is_asked_as_its_documentation_says_and_never_told_an_email_address() -> None:
    with serving(saying(b"true", X_akismet_pro_tip="discard")) as asked:
        opinion = Akismet("key", url=f"{asked.url}/1.1/", allowed=HERE).check(COMMENT)
        Akismet("key", url=f"{asked.url}/1.1/", allowed=HERE).tell(COMMENT, is_spam=True)
        Akismet("key", url=f"{asked.url}/1.1/", allowed=HERE).tell(COMMENT, is_spam=False)
    assert opinion.verdict is Verdict.SPAM
    assert [path for path, _, _ in asked] == ["/1.1/comment-check", "/1.1/submit-spam", "/1.1/submit-ham"]
    sent = parse_qs(asked[0][2].decode())
    assert (sent["api_key"], sent["user_ip"], sent["comment_content"], sent["comment_type"]) == (
        ["key"], ["192.0.2.1"], ["Hello & welcome"], ["reply"],
    )  # fmt: skip
    assert not any("email" in name for name in sent)


def test_a_key_that_akismet_does_not_know_is_told_with_its_own_words() -> None:
    answer = saying(b"invalid", X_akismet_debug_help='Empty "blog" value')
    with serving(answer) as asked, pytest.raises(OutgoingFailed, match="Empty"):
        Akismet("key", url=f"{asked.url}/", allowed=HERE).check(COMMENT)

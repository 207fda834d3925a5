"""What only a real granian process shows: its private Redis, its workers, hostile clients, and deaths."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import redis

from service.actions import sites
from service.domain.permissions import Scope
from tests.driver import SiteDriver, make_site
from tests.granian_server import Answer, GranianServer, beside, environment_for, free_port, running_granian, until
from tests.servers import started_again as started_again  # where others look for it

ROOT = Path(__file__).parent.parent


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def submit(server: GranianServer, site: SiteDriver, **changes: Any) -> Answer:
    headers = {"Origin": site.origin} | changes.pop("headers", {})
    return server.ask("POST", "/v1/comments", body=site.reply(**changes), headers=headers)


def redis_answers(instance: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(instance / "redis.sock")) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_the_private_redis_comes_and_goes_with_the_server(instance: Path, ending: signal.Signals) -> None:
    with beside(instance), running_granian(instance) as server:
        ready = server.ask("GET", "/readyz")
        assert ready.status == 200
        assert ready.json == {"status": "ready", "database": "ok", "redis": "ok"}
        assert redis_answers(instance)
        if ending is signal.SIGTERM:
            assert server.stop() == 0
        else:
            server.kill()
        until(lambda: not redis_answers(instance), "the private Redis outlives its server")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two-workers") / "instance"


@pytest.fixture(scope="module")
def two_workers(folder: Path) -> Iterator[tuple[GranianServer, SiteDriver]]:
    """Two workers on SQLite with a private Redis, for the tests that leave them in good health."""
    with beside(folder) as app, running_granian(folder, "--workers", "2") as server:
        yield server, make_site(app)


def raw(server: GranianServer, sent: bytes, *, end: bool = False) -> bytes:
    """Send bytes on a connection of their own and return all that comes back; `end` closes our half of it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        try:
            connection.sendall(sent)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError:
            return b""  # hung up on, which is an answer too


def test_two_workers_share_their_limits(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, site = two_workers
    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(answer.status for answer in pool.map(lambda _: submit(server, site), range(10)))
    assert statuses == [202] * 5 + [429] * 5


def test_two_workers_make_one_row_of_twenty_equal_posts(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, shared = two_workers
    site = make_site(shared.app, limits="off")
    reply, headers = site.reply(), {"Origin": site.origin, "Idempotency-Key": str(uuid4())}

    def post(_: int) -> Answer:
        return server.ask("POST", "/v1/comments", body=reply, headers=headers)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status for answer in answers} <= {202, 409}
    accepted = [answer.json for answer in answers if answer.status == 202]
    assert accepted
    assert all(answer == accepted[0] for answer in accepted)
    assert post(0).json == accepted[0]
    assert site.queue()["totals"]["pending"] == 1


def test_one_connection_serves_many_requests(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, _ = two_workers
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert raw(server, request * 4 + last).count(b"HTTP/1.1 200") == 5


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_body_of_70_kilobytes_is_too_large(two_workers: tuple[GranianServer, SiteDriver], chunked: bool) -> None:
    server, site = two_workers
    body = json.dumps(site.reply(body="x" * 70_000)).encode()
    head = "POST /v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    if chunked:
        parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:40_000], body[40_000:]))
        answer = raw(server, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n")
    else:
        answer = raw(server, head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 413"), answer[:300]
    assert b'"code": "too_large"' in answer


def test_half_a_form_is_never_taken_for_the_whole(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, shared = two_workers
    site = make_site(shared.app)
    form = urlencode(site.reply() | {"article_title": "x" * 70_000}).encode()
    head = f"POST /v1/comments HTTP/1.1\r\nHost: x\r\nOrigin: {site.origin}\r\nConnection: close\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = raw(server, head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form))
    assert answer.startswith(b"HTTP/1.1 413"), answer[:300]
    assert site.queue()["comments"] == []


def test_a_chunked_body_within_the_bound_is_accepted(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, _ = two_workers
    body = json.dumps({"body": "In *two* parts"}).encode()
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    head = b"POST /v1/preview HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    answer = raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    assert b"<em>two</em>" in answer


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x00\xff\x16\x03\x01", id="not HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000, id="endless header"),
        pytest.param(b"POST /v1/comments HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{", id="body broken off"),
        pytest.param(
            b"POST /v1/comments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad chunk"
        ),
        pytest.param(
            b"POST /v1/preview HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="endless path"),
        pytest.param(b"GET /comments?site=\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", id="raw bytes"),
        pytest.param(b"GET /v1/receipts/%00%ff HTTP/1.1\r\nHost: \x01\r\nConnection: close\r\n\r\n", id="odd host"),
    ],
)
def test_a_broken_request_is_no_fault_of_ours(two_workers: tuple[GranianServer, SiteDriver], sent: bytes) -> None:
    server, _ = two_workers
    answer = raw(server, sent, end=True)
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert b"Traceback" not in answer
    assert server.ask("GET", "/healthz").status == 200
    assert '"fault"' not in server.log()


def test_clients_that_dawdle_keep_nobody_waiting(two_workers: tuple[GranianServer, SiteDriver]) -> None:
    server, site = two_workers
    with ExitStack() as stack:
        for _ in range(40):
            dawdler = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            dawdler.sendall(b"GET /v1/comments?site=x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        began = time.monotonic()
        path = f"/v1/comments?site={site.slug}&article={site.article}"
        assert all(server.ask("GET", path).status == 200 for _ in range(10))
        assert time.monotonic() - began < 10


def test_a_token_that_was_used_in_one_worker_is_revoked_in_all(two_workers: tuple[GranianServer, SiteDriver]) -> None:

    server, shared = two_workers
    site = make_site(shared.app, scopes=(Scope.MODERATE,))
    assert all(server.ask("GET", "/v1/moderation/comments", headers=site.bearer).status == 200 for _ in range(6))
    with site.app.app_context():
        (token,) = sites.list_tokens(site.slug)
        sites.revoke_token(site.slug, token.id, now=datetime.now(UTC))
    assert all(server.ask("GET", "/v1/moderation/comments", headers=site.bearer).status == 401 for _ in range(6))


@pytest.mark.parametrize(
    ("program", "settings", "named"),
    [
        pytest.param(
            "flask", {"DATABASE_URL": "postgresql://localhost/x", "SECRET_KEY": ""}, "SECRET_KEY", id="secret"
        ),
        pytest.param("flask", {"INSTANCE_PATH": "/proc/nowhere"}, "INSTANCE_PATH", id="folder"),
        pytest.param("granian", {"TRUSTED_PROXIES": "many"}, "TRUSTED_PROXIES", id="proxies, under granian"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_line(
    instance: Path, program: str, settings: dict[str, str], named: str
) -> None:
    arguments = {
        "flask": ["--app", "wsgi", "routes"],
        "granian": ["--interface", "wsgi", "--port", str(free_port()), "wsgi:app"],
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments[program]],
        cwd=ROOT,
        env=environment_for(instance, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    # granian says on lines of its own that its worker has ended.
    ours = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert len(ours) == 1, done.stderr
    assert named in ours[0]


def test_two_workers_count_together(
    folder: Path, two_workers: tuple[GranianServer, SiteDriver], tmp_path: Path
) -> None:
    metrics = str(tmp_path / "metrics")
    with running_granian(folder, "--workers", "2", PROMETHEUS_MULTIPROC_DIR=metrics) as server:
        # Refusals, since pages that are kept are not asked for again.
        counted = 'postbag_requests_total{method="GET",route="/v1/counts",status="404"} '
        for _ in range(12):
            assert server.ask("GET", "/v1/counts?site=nobody-here&article=a").status == 404
        told = [server.ask("GET", "/metrics").text for _ in range(6)]
        assert {page.split(counted)[1].split()[0] for page in told} == {"12.0"}

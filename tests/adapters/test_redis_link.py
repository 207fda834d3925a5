from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
import redis
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from service.adapters import private_redis
from service.adapters.private_redis import ensure_private_redis
from service.adapters.redis_link import RedisAway, RedisLink, redis_key


@pytest.fixture
def link(redis_url: str, tmp_path: Path) -> Iterator[RedisLink]:
    link = RedisLink()
    link.bind(redis_url, tmp_path)
    yield link
    link.close()


@pytest.fixture
def own_link(instance: Path) -> Iterator[RedisLink]:
    """A link to a server of this test alone, which may be killed."""
    link = RedisLink()
    link.bind(None, instance)
    yield link
    link.close()
    private_redis._stop(instance)


def failures() -> float:
    return REGISTRY.get_sample_value("postbag_redis_failures_total") or 0


def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)


def process_id(client: redis.Redis) -> int:
    return int(client.info("server")["process_id"])


def kill_server(link: RedisLink, how: signal.Signals = signal.SIGKILL) -> int:
    pid = link.call(process_id)
    os.kill(pid, how)
    return pid


def test_a_call_gets_a_client_and_gives_its_answer(link: RedisLink) -> None:
    assert link.call(lambda client: client.echo("hello")) == b"hello"
    assert link.ping()
    assert REGISTRY.get_sample_value("postbag_redis_up") == 1


def test_an_unbound_link_says_so() -> None:
    with pytest.raises(RuntimeError, match="not bound"):
        RedisLink().ping()


def test_a_url_that_is_not_one_of_redis_is_refused_when_bound(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must look like redis://"):
        RedisLink().bind("https://example.org", tmp_path)


def test_without_a_url_a_private_server_is_started_by_the_first_call(own_link: RedisLink, instance: Path) -> None:
    assert not instance.exists()
    assert own_link.ping()
    assert (instance / "redis.sock").is_socket()


def test_the_first_callers_all_reach_the_private_server(own_link: RedisLink) -> None:
    together = Barrier(10)

    def count(_: int) -> int:
        together.wait()
        return int(own_link.call(lambda client: client.incr("callers")))

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(count, range(10))) == list(range(1, 11))


def test_a_dead_redis_is_told_once_and_then_left_alone(own_link: RedisLink) -> None:
    own_link.ping()
    own_link.call(process_id)
    before = failures()
    with capture_logs() as logs:
        kill_server(own_link)
        until(lambda: not own_link.ping())
        for _ in range(100):
            with pytest.raises(RedisAway):
                own_link.call(lambda client: client.ping())
    assert failures() == before + 1
    assert REGISTRY.get_sample_value("postbag_redis_up") == 0
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("redis_away", "warning")]


def test_a_dead_private_server_is_replaced_and_its_return_told_once(own_link: RedisLink) -> None:
    with capture_logs() as logs:
        old = kill_server(own_link)
        until(lambda: not own_link.ping())
        until(own_link.ping)
        own_link.ping()
    assert own_link.call(process_id) != old
    assert [entry["event"] for entry in logs] == ["redis_away", "redis_back"]
    assert REGISTRY.get_sample_value("postbag_redis_up") == 1


def test_a_server_that_comes_back_at_its_url_is_used_again(instance: Path) -> None:
    url = ensure_private_redis(instance)
    link = RedisLink()
    link.bind(url, instance)
    kill_server(link)
    until(lambda: not link.ping())
    assert ensure_private_redis(instance) == url
    until(link.ping)
    link.close()
    private_redis._stop(instance)


def test_a_hanging_redis_costs_one_short_wait(own_link: RedisLink) -> None:
    pid = kill_server(own_link, signal.SIGSTOP)
    started = time.monotonic()
    for _ in range(50):
        assert not own_link.ping()
    assert time.monotonic() - started < 0.9
    os.kill(pid, signal.SIGCONT)


def test_one_caller_at_a_time_asks_whether_redis_is_back(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound but not listening: connections are refused
        nobody.bind(("127.0.0.1", 0))
        link = RedisLink()
        link.bind(f"redis://127.0.0.1:{nobody.getsockname()[1]}", tmp_path)
        assert not link.ping()
        before = failures()

        def keep_asking(_: int) -> None:
            until(lambda: not link.ping() and failures() > before)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(keep_asking, range(8)))
        assert failures() == before + 1
        link.close()


def test_no_password_reaches_the_log(tmp_path: Path) -> None:
    link = RedisLink()
    with socket.socket() as nobody, capture_logs() as logs:
        nobody.bind(("127.0.0.1", 0))
        link.bind(f"redis://somebody:canary-password@127.0.0.1:{nobody.getsockname()[1]}/0", tmp_path)
        assert not link.ping()
    assert logs
    assert "canary" not in repr(logs) + repr(link)
    link.close()


def test_where_no_server_can_be_started_the_log_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    link = RedisLink()
    link.bind(None, tmp_path / "file" / "instance")
    with capture_logs() as logs:
        assert not link.ping()
    assert [entry["event"] for entry in logs] == ["redis_away"]
    assert "could not be started" in logs[0]["reason"]


def test_a_mistake_of_ours_is_not_taken_for_a_dead_redis(link: RedisLink) -> None:
    with pytest.raises(ZeroDivisionError):
        link.call(lambda client: 1 / 0)
    assert link.ping()


def test_a_forked_process_opens_connections_of_its_own(redis_url: str, tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from service.adapters.redis_link import RedisLink
link = RedisLink()
link.bind(sys.argv[1], Path(sys.argv[2]))
mine = link.call(lambda client: client.client_id())
link._lock.acquire()  # as another thread might, at the moment of the fork
child = os.fork()
if child == 0:
    os._exit(0 if link.ping() and link.call(lambda client: client.client_id()) != mine else 1)
link._lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert link.call(lambda client: client.client_id()) == mine
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script, redis_url, str(tmp_path)], cwd=root, check=True, timeout=20)


def test_every_key_has_its_expiry_and_the_hash_tag_of_its_site() -> None:
    key = redis_key("garden", "limit", "client", "ab12", expires=timedelta(minutes=2))
    assert key == ("postbag:{garden}:limit:client:ab12", 120_000)

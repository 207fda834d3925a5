"""Requests as fast as they are answered, by wrk."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32


@dataclass(frozen=True)
class Load:
    """One path to be asked for, again and again, from one core."""

    port: int
    path: str
    headers: dict[str, str]
    seconds: int
    core: int
    connections: int = CONNECTIONS


@dataclass(frozen=True)
class Replies:
    """Replies to twenty articles of a site, each by somebody new with words of their own."""

    port: int
    site: str
    origin: str
    seconds: int
    core: int
    connections: int
    round_number: int


def load(wanted: Load) -> float:
    """Return how many requests a second were answered; raises RuntimeError where some were refused or got no answer."""
    options = [f"-c{wanted.connections}"]
    for name, value in wanted.headers.items():
        options += ["-H", f"{name}: {value}"]
    return ask(wanted.core, wanted.seconds, options, f"http://127.0.0.1:{wanted.port}{wanted.path}").rate


def send_replies(wanted: Replies, folder: Path) -> float:
    """Return how many replies a second were accepted; raises RuntimeError where one was not."""
    script = folder / "replies.lua"
    script.write_text(
        SCRIPT.replace("<site>", wanted.site)
        .replace("<origin>", wanted.origin)
        .replace("<round>", str(wanted.round_number))
    )
    options = [f"-c{wanted.connections}", "-s", str(script)]
    return ask(wanted.core, wanted.seconds, options, f"http://127.0.0.1:{wanted.port}/v1/comments").rate


@dataclass(frozen=True)
class Answered:
    """How many requests were answered, and how many a second."""

    requests: int
    rate: float


def ask(core: int, seconds: int, options: list[str], url: str) -> Answered:
    """Ask with wrk for some seconds; raises RuntimeError where requests were refused or got no answer."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed. Debian and Ubuntu: apt install wrk; Fedora: dnf install wrk.")
    command = ["taskset", "-c", str(core), wrk, "-t1", f"-d{seconds}s", *options, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    requests = re.search(r"(\d+) requests in", told)
    assert rate is not None, told
    assert requests is not None, told
    return Answered(int(requests[1]), float(rate[1]))


SCRIPT = """
local words = {"harbour", "boats", "walked", "council", "evening", "minutes", "lantern", "ferry", "ledger", "orchard",
  "thunder", "marble", "velvet", "compass", "kettle", "window", "sparrow", "pepper", "saddle", "ribbon"}
local sent = 0
math.randomseed(7 + <round>)
request = function()
  sent = sent + 1
  local said = {}
  for i = 1, 40 do said[i] = words[math.random(#words)] end
  local who = "<round>-" .. sent
  local body = string.format(
    '{"site":"<site>","article":"<origin>/%d","name":"Reader %s","email":"reader%s@example.org","body":"%s."}',
    sent % 20, who, who, table.concat(said, " "))
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Origin"] = "<origin>"}, body)
end
"""

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
    options = [f"-c{CONNECTIONS}"]
    for name, value in wanted.headers.items():
        options += ["-H", f"{name}: {value}"]
    return _rate(wanted.core, wanted.seconds, options, f"http://127.0.0.1:{wanted.port}{wanted.path}")


def send_replies(wanted: Replies, folder: Path) -> float:
    """Return how many replies a second were accepted; raises RuntimeError where one was not."""
    script = folder / "replies.lua"
    script.write_text(
        SCRIPT.replace("<site>", wanted.site)
        .replace("<origin>", wanted.origin)
        .replace("<round>", str(wanted.round_number))
    )
    options = [f"-c{wanted.connections}", "-s", str(script)]
    return _rate(wanted.core, wanted.seconds, options, f"http://127.0.0.1:{wanted.port}/v1/comments")


def _rate(core: int, seconds: int, options: list[str], url: str) -> float:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed; it is a package of Debian, and of most others.")
    command = ["taskset", "-c", str(core), wrk, "-t1", f"-d{seconds}s", *options, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


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

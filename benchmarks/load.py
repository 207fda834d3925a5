"""Requests as fast as they are answered: one path again and again, or replies by new people."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.generators import Asking, Requests, generator

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
    asking = Asking(wanted.port, wanted.path, wanted.core, wanted.seconds, wanted.connections, wanted.headers)
    return generator().ask(asking).rate


def send_replies(wanted: Replies) -> float:
    """Return how many replies a second were accepted; raises RuntimeError where one was not."""
    requests = REPLIES.filled(site=wanted.site, origin=wanted.origin, round=wanted.round_number)
    asking = Asking(wanted.port, "/v1/comments", wanted.core, wanted.seconds, wanted.connections, requests=requests)
    return generator().ask(asking).rate


def decides(value: float) -> float | None:
    """Return a figure of how fast pages are read, or None where the generator may have been slower than the server."""
    return None if generator().may_be_the_limit else value


def remarks_on_the_load() -> list[str]:
    """Return what has to be known of the figures because of what asked."""
    if not generator().may_be_the_limit:
        return []
    return [
        f"{generator().name} from PyPI asked, since there is no wrk here. It takes more of a processor for a request"
        " than a kept page does, so how fast those are read may be its own limit: such lines say “not measured”."
    ]


REPLIES = Requests(
    lua="""
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
""",
    python="""
import itertools, json, random

words = ("harbour boats walked council evening minutes lantern ferry ledger orchard "
         "thunder marble velvet compass kettle window sparrow pepper saddle ribbon").split()
numbers, dice = itertools.count(1), random.Random(7 + <round>)


def request():
    sent = next(numbers)
    who, said = f"<round>-{sent}", " ".join(dice.choices(words, k=40)) + "."
    reply = {"site": "<site>", "article": f"<origin>/{sent % 20}", "name": f"Reader {who}",
             "email": f"reader{who}@example.org", "body": said}
    return "POST", "/v1/comments", {"Content-Type": "application/json", "Origin": "<origin>"}, json.dumps(reply)
""",
)

"""Press a site as a flood does, with honest readers among it, and print what became of both.

`python -m benchmarks.flood --seconds 60 --rate 200` starts PostgreSQL, Redis and two workers of granian behind a proxy
that is trusted. The flood comes from 5,000 addresses and does no proof of work. Honest readers, one every five seconds,
do what the widget does: they fetch a token for their form, write for four seconds, send, solve what they are asked for,
and send again. More of them than that this machine cannot stand in for: a proof takes one of its cores for seconds
while it is flooded, where readers bring a device each.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zlib import crc32

from benchmarks.printing import print_table, quieten
from service.domain.limit_settings import DEFAULT_LIMITS
from tests.driver import SiteDriver, make_site
from tests.granian_server import GranianServer, beside, running_granian
from tests.proofs import solved
from tests.servers import empty_database, running_postgres, running_redis

ADDRESSES = 5_000
ARTICLES = 20
SENDERS = 24  # threads of the flood; each keeps its connection
HONEST_EVERY = 5  # seconds
WRITING = 4.0  # seconds in which somebody writes a sentence; less would look like a program
TRIES = 3  # as many as the widget makes


@dataclass
class Tally:
    """What was answered, by who asked, and how long honest readers had to wait."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    honest: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, who: str, what: str) -> None:
        with self.guard:
            self.answers[who, what] += 1


class Sender(threading.local):
    """Sends replies on a connection of the thread's own, as a proxy passes them on."""

    def __init__(self, server: GranianServer, site: SiteDriver) -> None:
        self._site = site
        self._server = server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def form_token(self, article: str) -> str:
        """Return the token that the widget fetches when somebody begins to write."""
        query = urlencode({"site": self._site.slug, "article": article})
        answer = self._server.ask("GET", f"/v1/form-token?{query}").json
        return str(answer["token"])

    def send(self, reply: dict[str, Any], address: str, key: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer; (0, {}) where there was none."""
        headers = {
            "Content-Type": "application/json",
            "Origin": self._site.origin,
            "X-Forwarded-For": address,
            "Idempotency-Key": key,
        }
        try:
            self._connection.request("POST", "/v1/comments", json.dumps(reply), headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return 0, {}


def main() -> None:
    """Start everything, let the flood come, and print what was asked for beside what was reached."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--rate", type=int, default=200, help="flood submissions a second")
    given = arguments.parse_args()
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_redis() as redis,
        empty_database(postgres.url, "bench_flood") as url,
        beside(Path(folder), url) as app,
        running_granian(
            Path(folder), "--workers", "2", DATABASE_URL=url, REDIS_URL=redis.url, TRUSTED_PROXIES="1"
        ) as server,
    ):
        site = make_site(app)
        tally = _flood(server, site, given.seconds, given.rate)
        _report(server, site, tally, given.seconds)


def _flood(server: GranianServer, site: SiteDriver, seconds: int, rate: int) -> Tally:
    tally, sender, dice = Tally(), Sender(server, site), random.Random(1)
    # A botnet: addresses all over, with some neighbours among them.
    pool = [
        f"{dice.randint(11, 99)}.{dice.randint(0, 255)}.{dice.randint(0, 9)}.{n % 254 + 1}" for n in range(ADDRESSES)
    ]

    def one_of_the_flood(number: int) -> None:
        reply = _reply(site, f"flood{number}", f"Cheap watches, number {number}")
        status, answer = sender.send(reply, pool[number % ADDRESSES], uuid4().hex)
        tally.note("flood", answer.get("code", "accepted") if status else "no answer")

    def one_honest_reader(number: int) -> None:
        began, key = time.monotonic(), uuid4().hex
        reply = _reply(site, f"honest{number}", f"I walked past the harbour today, and counted {number} boats.")
        reply["form_token"] = sender.form_token(reply["article"])
        time.sleep(WRITING)
        for _ in range(TRIES):
            status, answer = sender.send(reply, f"203.0.{number % 250}.7", key)
            if answer.get("code") != "challenge_required":
                break
            reply["challenge"] = solved(answer["challenge"])
        with tally.guard:
            tally.waited.append(time.monotonic() - began)
            if status in {201, 202}:
                tally.honest.append(answer["id"])
        tally.note("honest", answer.get("code", "accepted") if status else "no answer")

    with ThreadPoolExecutor(SENDERS) as bots, ThreadPoolExecutor(12) as readers:
        began = time.monotonic()
        for number in range(seconds * rate):
            _wait_until(began + number / rate)
            bots.submit(_told, one_of_the_flood, number)
            if number % (rate * HONEST_EVERY) == rate // 2:
                readers.submit(_told, one_honest_reader, number // rate)
    return tally


def _told(work: Callable[[int], None], number: int) -> None:
    try:
        work(number)
    except Exception as fault:  # a thread of a pool would keep it to itself
        print(f"{work.__name__}: {fault!r}")
        raise


def _wait_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)


def _reply(site: SiteDriver, who: str, body: str) -> dict[str, Any]:
    return {
        "site": site.slug,
        "article": f"{site.origin}/articles/{crc32(who.encode()) % ARTICLES}",
        "name": who,
        "email": f"{who}@example.org",
        "body": body,
    }


def _report(server: GranianServer, site: SiteDriver, tally: Tally, seconds: int) -> None:
    def asked(path: str) -> Any:
        return server.ask("GET", path, headers=site.bearer).json

    stats = asked("/v1/moderation/stats")
    rows_added = asked("/v1/moderation/comments?limit=1")["totals"]["pending"]
    honest_sent = sum(count for (who, _), count in tally.answers.items() if who == "honest")
    flood_sent = sum(count for (who, _), count in tally.answers.items() if who == "flood")
    most = DEFAULT_LIMITS["site"].quota * -(-seconds // DEFAULT_LIMITS["site"].window)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {dict(sorted(tally.answers.items()))}")
    print_table(
        [
            ("submissions of the flood", f"{seconds} s", f"{flood_sent:,} ({flood_sent / seconds:,.0f} a second)"),
            ("accepted of the flood", "few", f"{tally.answers['flood', 'accepted']:,}"),
            ("accepted of honest readers", f"all {honest_sent}", f"{len(tally.honest):,}"),
            ("what they waited, median and longest", "-", _waits(tally.waited)),
            ("rows added", f"<= {most:,}", f"{rows_added:,}"),
            ("level of the flood at the end", "2", str(stats["flood_level"])),
            *(
                (f"honest readers in the queue, {sort} first", "before the flood", _places(asked, tally.honest, sort))
                for sort in ("promising", "oldest", "newest")
            ),
        ]
    )


def _waits(waited: list[float]) -> str:
    return f"{statistics.median(waited):.2f} s, {max(waited):.2f} s" if waited else "none"


def _places(asked: Callable[[str], Any], honest: list[str], sort: str) -> str:
    """Return where the first, the middle and the last of the honest readers stand among all that wait."""
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(f"/v1/moderation/comments?limit=100&sort={sort}" + (f"&cursor={cursor}" if cursor else ""))
        ids += [item["id"] for item in page["comments"]]
        cursor = page["next"]
    places = sorted(ids.index(one) + 1 for one in honest if one in ids)
    if not places:
        return "none"
    return f"{places[0]:,}, {places[len(places) // 2]:,}, {places[-1]:,} of {len(ids):,}"


if __name__ == "__main__":
    main()

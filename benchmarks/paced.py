"""Replies at a steady rate, whatever the service answers: `python -m benchmarks.paced --port 8000 --rate 200 ...`.

A process of its own, so that it can have a core of its own. It prints one line of JSON: how many were due, how many
were accepted, and how long they took at the median and at the slowest of a hundred.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.contenders import LOAD_CORE
from benchmarks.words import a_text

CONNECTIONS = 16


@dataclass(frozen=True)
class Paced:
    """What became of the replies."""

    due: int
    accepted: int
    seconds: float
    median: float
    slowest: float
    """In milliseconds, of a hundred."""

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


@contextmanager
def replies_arriving(
    port: int, site: str, origin: str, *, rate: int, seconds: float, turn: int
) -> Iterator[list[Paced]]:
    """Send replies from a process on the core of the load while the block runs; the list tells of them after it."""
    options = {"port": port, "site": site, "origin": origin, "rate": rate, "seconds": seconds, "turn": turn}
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "benchmarks.paced"]
    command += [f"--{name}={value}" for name, value in options.items()]
    found: list[Paced] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()  # it says when it begins
            yield found
            found.append(Paced(**json.loads(process.stdout.readline())))
        finally:
            process.kill()


def main() -> None:
    """Send, and print what became of it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("port", "rate", "turn"):
        arguments.add_argument(f"--{name}", type=int, required=True)
    arguments.add_argument("--seconds", type=float, required=True)
    for name in ("site", "origin"):
        arguments.add_argument(f"--{name}", required=True)
    given = arguments.parse_args()
    due = int(given.rate * given.seconds)
    bodies = _bodies(given, due)
    numbers = itertools.count()
    accepted: list[float] = []
    print("begins", flush=True)
    began = time.perf_counter()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", given.port, timeout=10)
        headers = {"Content-Type": "application/json", "Origin": given.origin}
        for number in numbers:
            if number >= due:
                return
            at = began + number / given.rate
            time.sleep(max(0.0, at - time.perf_counter()))
            connection.request("POST", "/v1/comments", bodies[number], headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status in {201, 202}:
                accepted.append((time.perf_counter() - at) * 1000)

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    several = accepted if len(accepted) > 1 else [0.0, 0.0]
    slowest = statistics.quantiles(several, n=100)[-1]
    print(json.dumps(vars(Paced(due, len(accepted), seconds, statistics.median(several), slowest))), flush=True)


def _bodies(given: argparse.Namespace, due: int) -> list[bytes]:
    """Make every body beforehand, so that making them takes nothing from the load."""
    dice = random.Random(given.turn)
    return [
        json.dumps(
            {
                "site": given.site,
                "article": f"{given.origin}/{number % 20}",
                "name": f"Reader {number}",
                "email": f"paced{given.turn}-{number}@example.org",
                "body": a_text(dice),
            }
        ).encode()
        for number in range(due)
    ]


if __name__ == "__main__":
    main()

"""SIGTERM: what is being answered is answered, and granian ends by itself."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
from functools import partial
from pathlib import Path

from tests.driver import make_site
from tests.faults.lasting import lasting
from tests.granian_server import ANSWER_LIMIT, STOP_LIMIT, beside, running_granian, until

IN_FLIGHT = 6
ROUNDS = lasting(1, 10)
ESTABLISHED = "01"  # of <net/tcp_states.h>


def test_no_request_in_flight_is_cut_by_sigterm(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    with beside(instance) as app, running_granian(instance) as server:
        site = make_site(app, limits="off")
        for number in range(ROUNDS):
            if number:
                server.start()
            # Whoever has the write lock keeps everybody else waiting, so that they are still there when SIGTERM comes.
            lock = sqlite3.connect(instance / "postbag.sqlite3", isolation_level=None)
            lock.execute("BEGIN IMMEDIATE")
            asking = [
                http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_LIMIT) for _ in range(IN_FLIGHT)
            ]
            for connection in asking:
                headers = {"Origin": site.origin, "Content-Type": "application/json"}
                connection.request("POST", "/v1/comments", json.dumps(site.reply()), headers)
            until(partial(have_come_in, server.port, IN_FLIGHT), "the requests are not taken in")
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            lock.execute("ROLLBACK")
            lock.close()
            answers = [connection.getresponse() for connection in asking]
            assert [answer.status for answer in answers] == [202] * IN_FLIGHT
            for connection in asking:
                connection.close()
            assert server.process.wait(STOP_LIMIT) == 0
            assert site.queue()["totals"]["pending"] == (number + 1) * IN_FLIGHT


def have_come_in(port: int, wanted: int) -> bool:
    """True once the server has accepted that many connections and read all that was sent on each."""
    taken = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues, *others = line.split()
        is_accepted = others[4] != "0"  # the inode of the socket
        if state == ESTABLISHED and int(local.split(":")[1], 16) == port and is_accepted:
            taken += int(queues.split(":")[1], 16) == 0
    return taken >= wanted

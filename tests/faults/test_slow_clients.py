"""Connections that idle and heads that drip, by the hundred, in `make faults` by the thousand: nobody else notices.

granian alone bears both, which cost it no thread, up to its `--backpressure`. A dripped body holds one of its threads
until it is there: what nginx in front changes about that is in `test_nginx.py`.
"""

from __future__ import annotations

from tests.driver import SiteDriver
from tests.faults.lasting import lasting
from tests.faults.slow import DRIPPING, HEAD, assert_unnoticed, connections_to_spare, dripping, held
from tests.granian_server import GranianServer


def test_idle_connections_and_dripped_heads_keep_nobody_waiting(service: tuple[GranianServer, SiteDriver]) -> None:
    server, site = service
    idle = connections_to_spare(lasting(450, 10_000))
    with held(server, idle), held(server, DRIPPING, HEAD) as slow, dripping(slow):
        assert_unnoticed(server, site)

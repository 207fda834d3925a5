"""What may be left out: tests of servers that this machine does not have, and those that only `make faults` runs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.driver import SiteDriver, make_site
from tests.faults.lasting import IS_LONG, lasting
from tests.faults.nginx import find_nginx
from tests.granian_server import GranianServer, beside, running_granian

# The suite has each fault in a short form, but for the two that start the most servers: FAULTS=short adds these, and
# FAULTS=long (`make faults`) runs all at full length. FAULTS=none is for a run that has to end within a time.
if os.environ.get("FAULTS") == "none":
    collect_ignore_glob = ["test_*.py"]
collect_ignore = [
    *([] if find_nginx() else ["test_nginx.py"]),
    *([] if os.environ.get("FAULTS") in {"short", "long"} else ["test_migrated_beside.py", "test_two_instances.py"]),
    *([] if IS_LONG else ["test_frozen.py", "test_standby.py"]),
]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GranianServer, SiteDriver]]:
    """Return a server that believes the proxy before it, for tests that leave it in good health, and a free site."""
    instance = tmp_path_factory.mktemp("faults") / "instance"
    # As in the image; more where more are to be borne at once.
    options = ("--backpressure", str(lasting(512, 12_000)), "--backlog", "4096")
    with beside(instance) as app, running_granian(instance, *options, TRUSTED_PROXIES="1") as server:
        yield server, make_site(app, limits="off")

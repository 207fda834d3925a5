"""Measure what opening the desk costs a moderator's browser: `make bench`, or `python -m benchmarks.desk_page`.

The service is a real granian process on SQLite with fifty comments that wait, the browser Debian's Chromium with an
empty cache. A moderator signs in by the form, so that what is counted is what a person's browser fetches.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, StorageState, sync_playwright

from benchmarks.printing import Rows, print_table, quieten
from tests.browser.chromium import find_chromium
from tests.desk_driver import PASSWORD, new_moderator
from tests.driver import make_site
from tests.granian_server import GranianServer, beside, running_granian
from tests.servers import running_redis

ITEMS = 50
ROUNDS = 7
BROWSER_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
BODY = (
    "The council votes on the ninth. Before that there are *open evenings* at the Seamen’s Hall, where the models of "
    "all three proposals stand on one table, see https://example.org/minutes {number}.\n\nOn the first evening the "
    "queue for the jug was longer than that for the microphone."
)


def main() -> None:
    """Start everything, measure, and print what was asked for beside what was reached."""
    quieten()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install it with apt install chromium.")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_redis() as redis,
        beside(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        site = make_site(app, limits="off")
        for number in range(ITEMS):
            site.submitted(name=f"Reader {number}", body=BODY.format(number=number))
        email = new_moderator(site)
        with running_granian(Path(folder), REDIS_URL=redis.url) as server:
            browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
            session = _signed_in(browser, server, email)
            visits = [_visit(browser, server, session, slower) for slower in (1, 4) for _ in range(ROUNDS)]
            browser.close()
    print_table(_rows(visits))


@dataclass(frozen=True)
class Visit:
    """What opening `/desk` took: bytes over the wire, milliseconds of scripting on a processor so many times slower."""

    slower: int
    requests: int
    weight: int
    scripting: float


def _signed_in(browser: Browser, server: GranianServer, email: str) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/desk/sign-in?next=/desk/account")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/desk/account*")
    session = context.storage_state()
    context.close()
    return session


def _visit(browser: Browser, server: GranianServer, session: StorageState, slower: int) -> Visit:
    # A new context has an empty cache.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=session)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    received: dict[str, float] = {}
    devtools.on(
        "Network.loadingFinished", lambda event: received.update({event["requestId"]: event["encodedDataLength"]})
    )
    devtools.send("Network.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    devtools.send("Performance.enable")
    before = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
    page.goto(f"{server.url}/desk", wait_until="networkidle")
    after = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
    shown = page.locator("#desk .item").count()
    assert (shown, urlsplit(page.url).path) == (ITEMS, "/desk"), f"{shown} comments are shown at {page.url}"
    context.close()
    scripting = 1000 * sum(after[name] - before[name] for name in ("ScriptDuration", "V8CompileDuration"))
    return Visit(slower, len(received), int(sum(received.values())), scripting)


def _rows(visits: list[Visit]) -> Rows:
    rows: Rows = [
        (
            f"opening the desk with {ITEMS} comments, everything over the wire",
            "<= 150 kB",
            f"{max(v.weight for v in visits) / 1000:.1f} kB in {max(v.requests for v in visits)} requests",
        )
    ]
    for slower, asked in ((1, "<= 50 ms"), (4, "")):
        taken = [visit.scripting for visit in visits if visit.slower == slower]
        name = f"scripting for {ITEMS} comments" if slower == 1 else f"the same, {slower}x throttled"
        rows.append((name, asked, f"{statistics.median(taken):.1f} ms ({min(taken):.1f} to {max(taken):.1f})"))
    return rows


if __name__ == "__main__":
    main()

"""Measure the widget as a reader's browser meets it, and print a table: `make bench`, or `python -m benchmarks.widget`.

The service is a real granian process, the article a page of another origin under a strict policy, the browser Debian's
Chromium with its processor slowed down four times, as Lighthouse slows it to stand for a phone.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.article_page import ArticlePage, serving_pages
from benchmarks.printing import Rows, print_table
from benchmarks.threads import SITE, fill_articles
from tests.browser.chromium import find_chromium
from tests.granian_server import GranianServer, beside, running_granian

STATIC = Path(__file__).parents[1] / "service" / "web" / "static"
ROUNDS = 5
SLOWER = 4  # times
SIZES = (50, 10_000)  # comments under an article
MOUNTS = 200
BROWSER_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--expose-gc")


def main() -> None:
    """Start everything, measure, and print what was asked for beside what was reached."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install it with apt install chromium.")
    rows = _sizes()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving_pages() as host,
        beside(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        fill_articles(app, host.origin, SIZES)
        with running_granian(Path(folder), REDIS_URL="redis://localhost:1") as server:
            browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
            rows += _measured(browser, server, host)
            browser.close()
    print_table(rows)


def _sizes() -> Rows:
    script = len(gzip.compress((STATIC / "embed.js").read_bytes(), 9))
    locales = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.glob("widget.*.json")}
    rows = [("script, style and English words, gzip", "<= 10,240 bytes", f"{script:,} bytes")]
    if locales:
        name, size = max(locales.items(), key=lambda pair: pair[1])
        rows.append((f"largest of {len(locales)} locales ({name.split('.')[1]}), gzip", "<= 1 kB", f"{size:,} bytes"))
    return rows


@dataclass(frozen=True)
class Visit:
    """What one visit of an article page cost; times in milliseconds, on the slowed processor.

    `scripting` is what the browser's own metrics say (ScriptDuration and V8CompileDuration of the DevTools protocol),
    which leave out what runs as a microtask, after an answer came.
    """

    scripting: float
    shift: float
    requests: tuple[str, ...]


def _measured(browser: Browser, server: GranianServer, host: ArticlePage) -> Rows:
    visits = {size: [_visit(browser, server, host, size) for _ in range(ROUNDS)] for size in SIZES}
    small, large = visits[SIZES[0]], visits[SIZES[1]]
    first = small[0]
    # In turn, so that both meet the same weather.
    shown = [[_shown_after(browser, server, host, size) for size in SIZES] for _ in range(ROUNDS)]
    ratio = statistics.median(large / small for small, large in shown)
    return [
        ("requests before the thread shows", "1 code, 1 data", ", ".join(first.requests)),
        ("layout shift of the page around it", "<= 0.02", f"{max(v.shift for v in small + large):.4f} (worst)"),
        (f"scripting for 50 comments, {SLOWER}x throttled", "<= 15 ms", _spread([v.scripting for v in small])),
        ("the same from a trace, microtasks included", "", _spread(_traced(browser, server, host, SLOWER))),
        ("the same without throttling", "", _spread(_traced(browser, server, host, 1))),
        (f"thread of 50 shown, {SLOWER}x throttled", "", _spread([small for small, _ in shown])),
        ("the same of 10,000, as a ratio", "as fast", f"{ratio:.2f}"),
        *_leaks(browser, server, host),
    ]


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ms ({min(values):.1f} to {max(values):.1f})"


@contextmanager
def _page(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(viewport={"width": 412, "height": 823})
    page = context.new_page()
    yield page, context.new_cdp_session(page)
    context.close()


# Every layout shift so far, added up, as the browser reports it.
SHIFT = """
new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(0), 300);
})
"""
# Notes when the first comment stands there; in visits of their own, since looking is scripting too.
WATCH_COMMENTS = """
const look = () => {
  if (document.querySelector("#postbag")?.shadowRoot?.querySelector(".comment")) window.shown = performance.now();
  else requestAnimationFrame(look);
};
look();
"""


def _shown_after(browser: Browser, server: GranianServer, host: ArticlePage, size: int) -> float:
    with _page(browser) as (page, devtools):
        page.add_init_script(WATCH_COMMENTS)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(host.article(server.url, SITE, str(size)))
        page.locator(".comment").first.wait_for()
        shown = page.evaluate("window.shown")
        assert isinstance(shown, int | float)
        return shown


def _visit(browser: Browser, server: GranianServer, host: ArticlePage, size: int) -> Visit:
    with _page(browser) as (page, devtools):
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        devtools.send("Performance.enable")
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        # Nothing is asked of the page until all is done: the questions are scripts too, and larger than the widget.
        page.goto(host.article(server.url, SITE, str(size)), wait_until="networkidle")
        metrics = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
        shown = page.locator(".comment").count()
        assert shown == SIZES[0], f"{shown} comments are shown"
        shift = page.evaluate(SHIFT)
        asked = (url.removeprefix(server.url).split("?")[0] for url in requests if url.startswith(server.url))
        return Visit(
            scripting=1000 * (metrics["ScriptDuration"] + metrics["V8CompileDuration"]),
            shift=shift,
            requests=tuple(path for path in asked if not path.startswith("/avatars/")),
        )


SCRIPTS = frozenset({"EvaluateScript", "v8.compile", "FunctionCall", "RunMicrotasks", "TimerFire"})
RENDERING = frozenset({"Layout", "UpdateLayoutTree", "ParseHTML", "ParseAuthorStyleSheet", "MinorGC", "MajorGC"})


def _traced(browser: Browser, server: GranianServer, host: ArticlePage, slower: int) -> list[float]:
    """Return the milliseconds of scripting in each of several visits, by the browser's timeline."""
    return [_scripting(_trace(browser, server, host, slower)) for _ in range(ROUNDS)]


def _trace(browser: Browser, server: GranianServer, host: ArticlePage, slower: int) -> list[dict[str, Any]]:
    with _page(browser) as (page, devtools):
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        browser.start_tracing(page=page, categories=["devtools.timeline", "v8.execute"])
        page.goto(host.article(server.url, SITE, str(SIZES[0])), wait_until="networkidle")
        events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
        return events


def _scripting(events: list[dict[str, Any]]) -> float:
    """Add up the outermost scripts of the page's thread, less the rendering that they had to wait for."""
    ours = next(e for e in events if e["name"] == "EvaluateScript" and "embed.js" in json.dumps(e["args"]))
    thread = [e for e in events if (e["pid"], e["tid"], e["ph"]) == (ours["pid"], ours["tid"], "X")]
    total, open_until, rendering_until = 0.0, 0, 0
    for event in sorted(thread, key=lambda e: (e["ts"], -e["dur"])):
        ends = event["ts"] + event["dur"]
        if event["name"] in SCRIPTS and event["ts"] >= max(open_until, rendering_until):
            total, open_until = total + event["dur"], ends
        elif event["name"] in RENDERING and event["ts"] >= rendering_until:
            total -= event["dur"] if event["ts"] < open_until else 0
            rendering_until = ends
    return total / 1000


def _leaks(browser: Browser, server: GranianServer, host: ArticlePage) -> Rows:
    with _page(browser) as (page, devtools):
        devtools.send("Performance.enable")
        page.goto(host.article(server.url, SITE, str(SIZES[0])))
        page.locator(".comment").first.wait_for()
        counted = []
        for rounds in (5, MOUNTS):  # the first few fill caches
            page.evaluate(MOUNT, rounds)
            devtools.send("HeapProfiler.collectGarbage")
            metrics = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
            counted.append((metrics["JSHeapUsedSize"] / 1024, metrics["JSEventListeners"], metrics["Nodes"]))
    more = [after - before for before, after in zip(*counted, strict=True)]
    return [
        (f"left by {MOUNTS} mounts", "nothing", f"{more[0]:+.0f} kB, {more[1]:+.0f} listeners, {more[2]:+.0f} nodes")
    ]


MOUNT = """
async rounds => {
  const { site, article } = document.querySelector("script[data-site]").dataset;
  for (let round = 0; round < rounds; round++) {
    const element = document.body.appendChild(document.createElement("div"));
    const handle = Postbag.mount(element, { site, article });
    while (!element.shadowRoot?.querySelector(".comment")) await new Promise(done => setTimeout(done));
    handle.unmount();
    element.remove();
  }
}
"""

if __name__ == "__main__":
    main()

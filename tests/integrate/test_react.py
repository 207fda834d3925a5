"""The component of docs/integrate.md, bundled with React and mounted in Chromium."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.article_host import ArticleHost
from tests.integrate.elements import element
from tests.integrate.gazette import Gazette, write_in

PACKAGES = Path(__file__).with_name("react")
# An application with one discussion, in the mode in which React mounts everything twice, and which the test steers.
APPLICATION = """
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Discussion } from "./Discussion.jsx";

const root = createRoot(document.getElementById("application"));
const of = (article) => <Discussion site="gazette" article={article} title="Steered" />;
window.show = (article) => root.render(<StrictMode>{article ? of(article) : null}</StrictMode>);
window.begin = () => root.render(<StrictMode>{ARTICLE_PAGE}</StrictMode>);
window.leave = () => root.unmount();
"""
# What waits for a time longer than a second, as the widget's look for news does.
TIMERS = """
window.timers = new Set();
const { setTimeout: wait, clearTimeout: forget } = window;
window.setTimeout = (work, pause, ...rest) => {
  const id = wait((...given) => { window.timers.delete(id); work(...given); }, pause, ...rest);
  if (pause > 1000) window.timers.add(id);
  return id;
};
window.clearTimeout = (id) => { window.timers.delete(id); forget(id); };
"""
ON_THE_SERVER = """
import { renderToString } from "react-dom/server";
import { Discussion } from "./Discussion.jsx";

console.log(renderToString(ARTICLE_PAGE));
"""
PAGE = """<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,"><title>React</title>
<div id="application"></div>
<script>SCRIPT</script>"""


@pytest.fixture(scope="module")
def packages() -> Path:
    """Return the folder with React and esbuild, of the lock file's versions."""
    lock_file, made_from = PACKAGES / "package-lock.json", PACKAGES / "node_modules" / "made-from"
    # Several workers may come at once.
    with lock_file.open() as pins:
        fcntl.flock(pins, fcntl.LOCK_EX)
        if not made_from.exists() or made_from.read_text() != lock_file.read_text():
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(install, cwd=PACKAGES, capture_output=True, text=True, check=False)
            if done.returncode and os.environ.get("CI") != "true":
                pytest.skip(f"React cannot be had here: {done.stderr.strip()[-200:]}")
            assert done.returncode == 0, done.stderr
            made_from.write_text(lock_file.read_text())
    return PACKAGES


@pytest.fixture
def bundled(gazette: Gazette, packages: Path, tmp_path: Path) -> Callable[..., str]:
    """Return what makes one script of a program that uses the component."""
    write_in(tmp_path, "Discussion.jsx", gazette.placed("Discussion.jsx"))

    def bundle(program: str, *options: str) -> str:
        file = write_in(
            tmp_path, "program.jsx", program.replace("ARTICLE_PAGE", gazette.placed("article-page").strip())
        )
        mode = ("--bundle", "--jsx=automatic", "--log-level=warning", '--define:process.env.NODE_ENV="development"')
        done = subprocess.run(
            [packages / "node_modules" / ".bin" / "esbuild", file, *mode, *options],
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(packages / "node_modules")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return bundle


@pytest.fixture
def application(article_host: ArticleHost, bundled: Callable[..., str]) -> str:
    """Return the address of a page with the application, which shows nothing yet."""
    script = bundled(APPLICATION).replace("</script", "<\\/script")
    return article_host.serve("/react", PAGE.replace("SCRIPT", script))


def test_a_discussion_is_mounted_switched_and_gone(gazette: Gazette, application: str, page: Page) -> None:
    gazette.published("/2026/tide-barrier", body="About the barrier.")
    gazette.published("/react/ferry", body="About the ferry.")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(TIMERS)
    page.goto(application)

    page.evaluate("begin()")
    expect(page.locator(".comment .body").get_by_text("About the barrier.")).to_have_count(1)
    expect(page.locator(".reply-form")).to_have_count(1)
    ferry = gazette.article("/react/ferry")
    page.evaluate("article => show(article)", ferry)
    expect(page.locator(".comment .body")).to_have_text("About the ferry.")
    page.wait_for_function("timers.size === 1")
    page.evaluate("show(null)")
    expect(page.locator("#application > *")).to_have_count(0)
    page.wait_for_function("timers.size === 0")
    page.evaluate("article => show(article)", ferry)
    expect(page.locator(".comment .body")).to_have_text("About the ferry.")
    assert page.locator("script[src$='/embed.js']").count() == 1
    page.evaluate("leave()")
    page.wait_for_function("timers.size === 0")
    assert complaints == []


def test_readers_find_a_link_where_the_widget_cannot_come(application: str, page: Page) -> None:
    page.route("**/embed.js", lambda route: route.abort())
    page.goto(application)
    page.evaluate("begin()")
    page.get_by_role("link", name="Read the comments, or write one").click()
    expect(page.locator("#postbag, .thread").first).to_be_visible()


def test_rendered_on_the_server_it_is_the_link(gazette: Gazette, bundled: Callable[..., str]) -> None:
    node = shutil.which("node")
    assert node is not None
    script = bundled(ON_THE_SERVER, "--platform=node")
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    link = element(done.stdout, "a")["href"]
    assert link == f"{gazette.server.url}/comments?" + urlencode(
        {"site": "gazette", "article": gazette.article("/2026/tide-barrier")}
    )

"""The plugin of docs/integrate.md, run by PHP with WordPress' functions stood in for, and an export of WordPress."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.article_host import ArticleHost
from tests.exports import comment, item, wxr
from tests.integrate.document import SERVICE, block
from tests.integrate.elements import element
from tests.integrate.gazette import Gazette, run_commands, write_in

STAND_IN = Path(__file__).with_name("wordpress.php")
TITLE = "The &#8220;tide&#8221; barrier &amp; <em>its</em> cost"
PERMALINK = "https://gazette.example/?p=7&preview=1"
Shown = Callable[..., str]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    """Return what WordPress shows of a post once the plugin is active."""
    php = shutil.which("php")
    assert php is not None

    def show(what: str, plugin: str, permalink: str = PERMALINK) -> str:
        file = write_in(tmp_path, "postbag.php", plugin)
        # Whatever PHP would only mention is an error here.
        strict = ["-d", "display_errors=stderr", "-d", "error_reporting=-1"]
        command: list[str | Path] = [php, *strict, STAND_IN, file, what, permalink, TITLE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout

    return show


def test_the_discussion_stands_where_the_theme_has_its_comments(shown: Shown) -> None:
    html = shown("classic", block("postbag.php"))
    assert element(html, "div") == {
        "id": "postbag",
        "data-article": PERMALINK,
        "data-title": "The “tide” barrier & its cost",
    }
    assert element(html, "script") == {"async": "", "src": f"{SERVICE}/embed.js", "data-site": "gazette"}
    query = "site=gazette&article=https%3A%2F%2Fgazette.example%2F%3Fp%3D7%26preview%3D1"
    assert element(html, "a")["href"] == f"{SERVICE}/comments?{query}"
    assert shown("block", block("postbag.php")) == html
    assert shown("closed", block("postbag.php")) == ""
    assert shown("protected", block("postbag.php")) == ""


def test_nobody_comments_past_it(shown: Shown) -> None:
    assert shown("send", block("postbag.php")) == "403 Comments are written below the article."


def test_the_comments_of_wordpress_stand_in_it_after_the_import(
    gazette: Gazette,
    article_host: ArticleHost,
    page: Page,
    shown: Shown,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    permalink = gazette.article("/?p=9")
    thread = (
        comment(1, "I remember the flood."),
        comment(2, "So do I.", parent="1"),
        comment(3, "Spam", approved="spam"),
    )
    commands = block("import")
    (name,) = {word for word in commands.split() if word.endswith(".xml")}
    write_in(tmp_path, name, wxr(item(permalink, *thread, title="The flood")))
    monkeypatch.chdir(tmp_path)
    run_commands(gazette.app, commands)
    html = shown("classic", gazette.placed("postbag.php"), permalink)
    article_host.serve("/", f"<!doctype html><meta charset='utf-8'><title>WordPress</title>{html}")
    page.goto(permalink)
    expect(page.locator(".comment .body")).to_have_text(["I remember the flood.", "So do I."])

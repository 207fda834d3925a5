"""Take the README's pictures of the demo page and the desk: `make run` in one terminal, this in another.

    python tools/screenshots.py http://127.0.0.1:8000 PASSWORD

with the password that `make run` prints. Writes docs/screenshot.png (a wide screen, light), docs/desk.png and both on a
phone in the dark, as docs/*-phone-dark.png. Chromium is taken from CHROMIUM, or found on PATH.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARTICLE = "/demo/tide-barrier"
MODERATOR = "robin@example.org"


def main(base_url: str, password: str) -> None:
    """Take all pictures from the service at `base_url`, where the demo's moderator signs in with the password."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("No Chromium found: install it with apt install chromium, or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        _thread_and_form(browser, base_url + ARTICLE)
        _phone(browser, base_url + ARTICLE)
        _desk(browser, base_url, password)
        browser.close()


def _thread_and_form(browser: Browser, address: str) -> None:
    """Show the end of the thread with a reply in progress below it: what readers read, and where they write."""
    page = browser.new_page(viewport={"width": 1280, "height": 1100}, color_scheme="light")
    page.goto(address)
    page.get_by_role("button", name="Reply to Class 4b").click()
    page.locator("#reply-body").fill("Dear Class 4b: *which* of the three walls had the salmon in it?")
    page.locator("#reply-name").fill("Ines Okafor")
    page.locator("#reply-email").fill("ines@example.org")
    page.locator("#reply-email").blur()
    page.get_by_role("button", name="Preview").click()
    page.locator(".preview").wait_for()
    # Pictures come with what is in view.
    page.locator(".comment").filter(has_text="Class 4b").first.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    answered = page.locator(".comment").filter(has_text="Class 4b").first.bounding_box()
    form = page.locator(".reply-form").bounding_box()
    assert answered is not None
    assert form is not None
    top = page.evaluate("scrollY") + answered["y"]
    clip: FloatRect = {"x": 0, "y": top, "width": 1280, "height": form["y"] + form["height"] - answered["y"] + 24}
    page.screenshot(path=DOCS / "screenshot.png", full_page=True, clip=clip)
    page.close()


def _phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(address)
    page.locator("#comments").wait_for()
    page.evaluate("document.querySelector('#postbag').scrollIntoView()")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / "screenshot-phone-dark.png")
    page.close()


def _desk(browser: Browser, base_url: str, password: str) -> None:
    """Show the queue as it opens, with what is needed to decide."""
    page = browser.new_page(viewport={"width": 1280, "height": 1440}, color_scheme="light")
    page.goto(f"{base_url}/desk")
    page.locator("[name=email]").fill(MODERATOR)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    page.locator("#desk .item").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / "desk.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=DOCS / "desk-phone-dark.png")
    page.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

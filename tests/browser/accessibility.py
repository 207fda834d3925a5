"""What every page is held to: axe-core finds nothing, and nothing is wider than a phone."""

from __future__ import annotations

import os
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 640}

LIGHTS: tuple[Literal["dark", "light"], ...] = ("dark", "light") if os.environ.get("EVERYTHING") else ("dark",)
"""Those that pages around the queue are looked at in; in the dark more goes wrong."""
AXE = Axe()
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    # Off unless it is asked for; and the article around the widget is the site's own, with its landmarks.
    "rules": {
        "target-size": {"enabled": True},
        "region": {"enabled": False},
        "landmark-one-main": {"enabled": False},
    },
}
# The page's own style, set as a script of the site might: the strict policy leaves no other way.
DRESS = """Object.assign(document.documentElement.style,
  {colorScheme: "light dark", background: "Canvas", color: "CanvasText", font: "1rem/1.5 sans-serif"})"""


def assert_accessible(page: Page, state: str) -> None:
    """Fail where axe-core finds anything in the page as it is."""
    page.evaluate(DRESS)
    results = AXE.run(page, options=RULES)
    assert results.violations_count == 0, f"{state}: {results.generate_report()}"


def overflow_of(page: Page) -> float:
    """Return by how many pixels a page is wider than its window."""
    width = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert isinstance(width, int | float)
    return width

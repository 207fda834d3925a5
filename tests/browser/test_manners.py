"""Every page keeps its policy, loads nothing from elsewhere, fits a narrow screen and needs no mouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from service.actions import demo
from tests.browser.accessibility import NARROW, overflow_of
from tests.browser.desk import Desk
from tests.browser.watch import Watch

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
HOSTILE_BODIES = {
    "long word": LONG_WORD,
    "long link": f"https://example.org/{LONG_WORD}?{'q' * 300}",
    "code": "```\n" + "wide " * 100 + "\n" + "x" * 400 + "\n```\n\n`" + "y" * 300 + "`",
    "wide CJK": "漢" * 400 + "ｗｉｄｅ" * 60,
    "right to left": "عشتُ عند مصبّ النهر ثلاثين عامًا " * 20 + "\n\n- " + "ض" * 200 + f"\n- {LONG_WORD}",
    "quotes in quotes": ">" * 12 + " " + LONG_WORD,
    "lists in lists": "\n".join("  " * depth + "- " + "item" * 20 for depth in range(12)),
    "marks on marks": "Z" + "\u0301" * 200 + " text",
}

PAGES = {
    "home": "/",
    "documentation": "/docs",
    "error": "/docs/errors/invalid",
    "demo article": "/demo/tide-barrier",
    "unknown": "/nothing",
}


@pytest.fixture
def busy_desk(desk: Desk) -> Desk:
    """Return a site with a thread of everything that is awkward to lay out."""
    desk.site.change(max_depth=20)
    desk.register(title=f"The {LONG_WORD} & <b>others</b>")
    parent = None
    for number, (name, body) in enumerate(HOSTILE_BODIES.items()):
        sent = desk.published(
            body=body,
            name=f"{name} {LONG_WORD}"[:100] if number % 2 else "שרה " * 20,
            url=f"https://example.org/{number}",
            parent_id=parent,
        )
        parent = sent["id"]
    for _ in range(12):
        parent = desk.published(parent_id=parent)["id"]
    desk.published(name="م" * 100, body="Short.")
    with desk.site.app.app_context():
        demo.ensure_site([desk.service_url], now=datetime.now(UTC))
    return desk


def test_the_watch_notices_what_it_is_there_for(
    unguarded: BrowserContext, scripted: BrowserContext, watch: Watch
) -> None:
    page = watch.over(unguarded)
    page.goto(f"{watch.origin}/nothing")
    with (
        page.expect_event("dialog"),
        page.expect_event("requestfailed", predicate=lambda request: "evil.example" in request.url),
    ):
        page.evaluate("document.body.innerHTML = '<img src=/nothing onerror=alert(1)><img src=//evil.example/x.gif>'")
    assert watch.dialogs == ["1"]
    assert watch.foreign_requests == ["http://evil.example/x.gif"]

    guarded = Watch(watch.origin)
    page = guarded.over(scripted)
    page.goto(f"{watch.origin}/nothing")
    with page.expect_event("console", predicate=lambda message: "script-src" in message.text):
        page.evaluate("document.body.innerHTML = '<img src=/nothing onerror=alert(1)>'")
    assert any("script-src" in complaint for complaint in guarded.complaints), guarded.findings


def test_no_page_breaks_its_policy_or_asks_anybody_else(
    scripted: BrowserContext, busy_desk: Desk, watch: Watch
) -> None:
    page = watch.over(scripted)
    sent = busy_desk.submitted()
    addresses = [busy_desk.service_url + path for path in PAGES.values()]
    addresses += [busy_desk.thread, busy_desk.address_of(sort="newest"), sent["receipt"]["url"]]
    for address in addresses:
        page.goto(address, wait_until="load")
        assert watch.findings == [], address
    page.goto(busy_desk.thread)
    page.locator("#reply-name").fill("N")
    page.locator("#reply-email").fill("n@")
    page.locator("#reply-body").fill("x")
    page.get_by_role("button", name="Send for review").click()
    expect(page.locator("#reply-faults")).to_be_focused()
    assert watch.findings == []


def test_nothing_sticks_out_of_a_narrow_screen(chromium: Browser, busy_desk: Desk) -> None:
    context = chromium.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    receipts = [busy_desk.submitted(body=body)["receipt"]["url"] for body in HOSTILE_BODIES.values()]
    pages = [busy_desk.service_url + path for path in PAGES.values()]
    for address in [*pages, busy_desk.thread, *receipts]:
        page.goto(address)
        assert overflow_of(page) <= 0, address
    page.goto(busy_desk.thread)
    page.locator("#reply-body").fill(LONG_WORD)
    page.locator("#reply-name").fill(LONG_WORD)
    page.locator("#reply-email").fill(LONG_WORD)
    page.locator("#reply-url").fill(LONG_WORD)
    page.get_by_role("button", name="Send for review").click()
    expect(page.locator("#reply-faults")).to_be_visible()
    assert overflow_of(page) <= 0
    context.close()


def test_everything_can_be_done_without_a_mouse(context: BrowserContext, desk: Desk) -> None:
    asked = desk.published(name="Aoife Brennan")
    page = context.new_page()
    page.goto(desk.thread)

    def tab_to(reached: Callable[[], bool]) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if reached():
                return
        pytest.fail("the keyboard does not lead there")

    def focused(attribute: str) -> str:
        return page.locator(":focus").get_attribute(attribute) or ""

    page.keyboard.press("Tab")
    assert focused("href") == "#main"
    tab_to(lambda: asked["id"] in focused("href") and "reply_to" in focused("href"))
    outline = page.locator(":focus").evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".replying")).to_be_visible()

    page.keyboard.press("Tab")  # From where the jump landed: the way out, then the fields in their order.
    for field, text in {"body": "By hand.", "name": "Nora", "email": "nora@", "url": ""}.items():
        page.keyboard.press("Tab")
        assert focused("id") == f"reply-{field}"
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#reply-faults")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused("href") == "#reply-email"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    page.keyboard.type("example.org")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Thank you. Your reply awaits review.")

    tab_to(lambda: page.locator("summary:focus").count() == 1)
    tab_to(lambda: page.locator("#withdraw summary:focus").count() == 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your reply was removed.")


@pytest.mark.parametrize(
    ("first", "side"),
    [pytest.param("Hello", "left", id="left to right"), pytest.param("שלום", "right", id="right to left")],
)
def test_a_line_in_the_other_direction_stays_beside_its_bullet(
    context: BrowserContext, desk: Desk, first: str, side: str
) -> None:
    receipt = desk.submitted(body=f"{first}\n\n- one\n- שלום\n\n> quoted\n\n> שלום")["receipt"]
    page = context.new_page()
    page.goto(receipt["url"])
    sides = "lines => lines.map(line => getComputedStyle(line).textAlign)"
    assert set(page.locator(".body :is(li, blockquote p)").evaluate_all(sides)) == {side}

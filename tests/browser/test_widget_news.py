"""What is new while somebody reads: told without moving anything, asked for seldom, and not at all in a hidden tab."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.reader import Reader

LONGEST_FIRST = 37_500  # milliseconds before the widget looks for the first time, at the most
SHORTEST_FIRST = 22_500  # and at the least
LONGEST = 750_000  # before any look
BACK_SOON = 3_750  # before the first look of somebody who comes back to the tab

BOXES = """() => [...document.querySelector("#postbag").shadowRoot.querySelectorAll("*")]
  .filter(element => !element.matches(".fresh, .unseen"))
  .map(element => JSON.stringify(element.getBoundingClientRect()))"""

WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shifts += entry.value }))
  .observe({ type: "layout-shift", buffered: true });
"""

SHOW_OR_HIDE = """isHidden => {
  Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
  Object.defineProperty(document, "visibilityState", { get: () => isHidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def page(reader: Reader) -> Page:
    """Return an article with one comment, by Aoife, whose clock the test turns."""
    reader.desk.published(name="Aoife", body="\n\n".join(["Many lines."] * 40))
    reader.page.clock.install()
    reader.page.add_init_script(WATCH_SHIFTS)
    return reader.open()


def is_look(request: Request) -> bool:
    return "/v1/counts" in request.url


def looks_of(page: Page) -> list[str]:
    """Return a list that grows with every look for new replies."""
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url) if is_look(request) else None)
    return looks


def look(page: Page, after: int) -> None:
    """Turn the clock on and wait until the widget has looked."""
    with page.expect_event("requestfinished", predicate=is_look):
        page.clock.fast_forward(after)


def settle(reader: Reader) -> None:
    """Wait until the browser has sent what it was about to send: one more request is answered."""
    reader.page.evaluate(f"fetch('{reader.desk.service_url}/embed.js')")


def test_a_new_reply_is_told_and_nothing_moves_until_it_is_asked_for(reader: Reader, page: Page) -> None:
    asked = reader.desk.page()["comments"][0]
    page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY > 200")
    before, shifts = page.evaluate(BOXES), page.evaluate("shifts")
    reader.desk.published(name="Ines", parent_id=asked["id"])
    look(page, LONGEST_FIRST)
    news = page.get_by_role("button", name="1 new reply")
    expect(news).to_be_in_viewport()
    expect(page.locator("p.unseen[role=status]")).to_have_text("1 new reply")
    expect(reader.comment("Ines")).to_have_count(0)
    assert page.evaluate(BOXES) == before
    assert page.evaluate("shifts") == shifts
    assert page.evaluate("scrollY") > 200

    reader.desk.published(name="Tomás")
    look(page, LONGEST_FIRST)
    page.get_by_role("button", name="2 new replies").click()
    expect(reader.comment("Ines")).to_be_focused()
    expect(page.locator("li.new h3")).to_have_text(["Ines", "Tomás"])
    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    expect(page.locator(".fresh")).to_be_hidden()


def test_new_replies_that_cannot_be_fetched_are_offered_again(reader: Reader, page: Page) -> None:
    reader.desk.published(name="Ines")
    look(page, LONGEST_FIRST)
    news = page.get_by_role("button", name="1 new reply")
    reader.context.set_offline(True)
    news.click()
    expect(page.get_by_role("alert")).to_have_text("The comments cannot be reached just now.")
    expect(news).to_be_focused()
    expect(reader.comment("Aoife")).to_be_visible()
    reader.context.set_offline(False)
    news.click()
    expect(reader.comment("Ines")).to_be_focused()
    reader.watch.complaints.clear()


def test_replies_that_go_are_no_news_and_the_next_one_is(reader: Reader, page: Page) -> None:
    gone = reader.desk.published(name="Ines")
    page.reload()
    expect(reader.comment("Ines")).to_be_visible()
    reader.desk.decide(gone["id"], "delete")
    look(page, LONGEST_FIRST)
    expect(page.locator(".fresh")).to_be_hidden()
    reader.desk.published(name="Tomás")
    look(page, LONGEST)
    page.get_by_role("button", name="1 new reply").click()
    expect(page.locator("li.comment h3")).to_have_text(["Aoife", "Tomás"])


def test_nobody_looks_for_news_in_a_hidden_tab_and_soon_after_it_is_shown(reader: Reader, page: Page) -> None:
    looks = looks_of(page)
    page.evaluate(SHOW_OR_HIDE, True)
    page.clock.fast_forward(20 * LONGEST)
    settle(reader)
    assert looks == []
    reader.desk.published(name="Ines")
    page.evaluate(SHOW_OR_HIDE, False)
    look(page, BACK_SOON)
    expect(page.get_by_role("button", name="1 new reply")).to_be_visible()
    assert len(looks) == 1
    page.evaluate(SHOW_OR_HIDE, True)
    page.clock.fast_forward(20 * LONGEST)
    settle(reader)
    assert len(looks) == 1


def pauses_between(reader: Reader, looks: list[str]) -> list[int]:
    """Turn the clock on in steps until there have been some looks, and return the seconds before each of them."""
    pauses: list[int] = []
    step = 15_000
    while len(pauses) < 8:
        known, waited = len(looks), 0
        while len(looks) == known:
            reader.page.clock.run_for(step)
            settle(reader)
            waited += step
            assert waited <= 2 * LONGEST, "nobody looks any more"
        pauses.append(waited // 1000)
    return pauses


def test_where_nothing_happens_looks_become_rare_and_never_stop(reader: Reader, page: Page) -> None:
    looks = looks_of(page)
    pauses = pauses_between(reader, looks)
    assert pauses[0] <= 45
    assert 300 <= pauses[-1] <= 780
    reader.desk.published(name="Ines")
    look(page, LONGEST)
    expect(page.get_by_role("button", name="1 new reply")).to_be_visible()
    # Where there is something, the next look comes soon again.
    look(page, LONGEST_FIRST)


def test_a_service_that_fails_is_asked_ever_more_seldom_and_what_is_shown_stays(reader: Reader, page: Page) -> None:
    looks = looks_of(page)
    page.route("**/v1/counts?*", lambda route: route.abort())
    pauses = pauses_between(reader, looks)
    assert pauses[0] <= 45
    assert 300 <= pauses[-1] <= 780
    expect(reader.comment("Aoife")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.unroute("**/v1/counts?*")
    reader.desk.published(name="Ines")
    look(page, LONGEST)
    expect(page.get_by_role("button", name="1 new reply")).to_be_visible()
    reader.watch.complaints.clear()


def test_readers_do_not_look_in_step(reader: Reader, chromium: Browser) -> None:
    reader.page.clock.install()
    reader.page.add_init_script("window.waits = []; const set = setTimeout; window.setTimeout = (...given) => { waits.push(given[1]); return set(...given) }")
    page = reader.open()
    for _ in range(7):
        page.evaluate("Postbag.mount(document.querySelector('#postbag'))")
        expect(page.locator("#comments-heading")).to_be_visible()
    waits = [wait for wait in page.evaluate("waits") if wait and wait >= 20_000]
    assert len(waits) >= 8
    assert len(set(waits)) == len(waits)
    assert all(SHORTEST_FIRST <= wait <= LONGEST_FIRST for wait in waits)


def test_a_look_that_finds_nothing_costs_a_304(reader: Reader, chromium: Browser) -> None:
    address = reader.embed()
    reader.desk.published()
    # Whoever watches a page's requests for Playwright's routes turns its cache off; nobody does here.
    with chromium.new_context() as context:
        page = context.new_page()
        page.clock.install()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        asked: dict[str, str] = {}
        statuses: list[int] = []

        def note(answer: dict[str, Any]) -> None:
            if answer["requestId"] in asked:
                statuses.append(answer["statusCode"])

        def note_request(sent: dict[str, Any]) -> None:
            if "/v1/counts" in sent["request"]["url"]:
                asked[sent["requestId"]] = sent["request"]["url"]

        wire.on("Network.requestWillBeSent", note_request)
        wire.on("Network.responseReceivedExtraInfo", note)
        page.goto(address)
        expect(page.locator("#comments-heading")).to_be_visible()
        for _ in range(3):
            look(page, LONGEST)
        reader.desk.published()
        look(page, LONGEST)
        expect(page.get_by_role("button", name="1 new reply")).to_be_visible()
    assert statuses == [200, 304, 304, 200]


def test_nobody_looks_once_the_widget_is_taken_away(reader: Reader, page: Page) -> None:
    looks = looks_of(page)
    page.evaluate("Postbag.mount(document.querySelector('#postbag')).unmount()")
    page.clock.fast_forward(20 * LONGEST)
    page.evaluate(SHOW_OR_HIDE, True)
    page.evaluate(SHOW_OR_HIDE, False)
    page.clock.fast_forward(20 * LONGEST)
    settle(reader)
    assert looks == []

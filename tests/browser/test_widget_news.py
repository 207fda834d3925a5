"""News in the widget: asked for now and then, told without moving anything, and not at all when nobody looks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.reader import Reader

SECOND = 1_000  # milliseconds
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
SOONEST, LATEST = 30 * SECOND, 10 * MINUTE  # what the widget waits between two looks, give or take a quarter
LONGEST = LATEST * 5 // 4

# Notes when, by the page's own clock, each look for news began; `over` is kept once all of its answer has come.
NOTE_LOOKS = """
(() => {
  const ask = window.fetch;
  window.looks = [];
  window.fetch = (...given) => {
    if (!given[0].includes("/v1/counts?")) return ask(...given);
    const answer = ask(...given);
    looks.push({ at: Date.now(), over: answer.then(answer => answer.clone().text()).catch(() => "") });
    return looks.at(-1).over.then(() => answer);
  };
})()
"""
ALL_OVER = "Promise.all(looks.map(look => look.over))"
BOXES = """
() => [...document.querySelector("#postbag").shadowRoot.querySelectorAll(".comment, .body, .reply-form, textarea, h2"),
  document.querySelector("#end")].map(element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height].join(" ");
  })
"""
OBSERVE_SHIFTS = """
() => {
  window.shifts = 0;
  new PerformanceObserver(list => { window.shifts += list.getEntries().length }).observe({ type: "layout-shift" });
}
"""
# Shifts are reported once a frame has been drawn.
SHIFTS = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts))))"
SET_HIDDEN = """
isHidden => {
  const values = { hidden: isHidden, visibilityState: isHidden ? "hidden" : "visible" };
  for (const name in values) Object.defineProperty(document, name, { configurable: true, get: () => values[name] });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


class Looks:
    """The looks for news that a page takes, while the test drives the page's clock."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.clock.install()
        page.add_init_script(NOTE_LOOKS)

    @property
    def moments(self) -> list[int]:
        """When each look began, in milliseconds of the page's clock."""
        moments: list[int] = self._page.evaluate("looks.map(look => look.at)")
        return moments

    def pass_time(self, milliseconds: int, *, step: int = 20 * SECOND) -> int:
        """Let time pass, each look being answered before it goes on, and return how many looks there were."""
        before = len(self.moments)
        for _ in range(0, milliseconds, step):
            self._page.clock.run_for(step)
            self._page.evaluate(ALL_OVER)
        return len(self.moments) - before

    def next(self, within: int = SOONEST * 5 // 4, *, step: int = 5 * SECOND) -> None:
        """Let time pass until a look was taken; the test fails where none is within this time."""
        for _ in range(0, within + step, step):
            if self.pass_time(step, step=step):
                return
        raise AssertionError(f"no look within {within} ms")


@pytest.fixture
def looks(reader: Reader) -> Looks:
    """Return the looks of the reader's page, which is not open yet."""
    return Looks(reader.page)


def news(page: Page, text: str = "") -> Locator:
    """Return the button that tells of new replies."""
    return page.locator("button.fresh").and_(page.locator(":visible")).filter(has_text=text)


def pauses(moments: list[int]) -> list[int]:
    """Return the times between moments."""
    return [later - sooner for sooner, later in pairwise(moments)]


def test_news_are_told_without_moving_anything_and_come_when_asked_for(reader: Reader, looks: Looks) -> None:
    reader.desk.published(name="Aoife", body="A line.\n\n" * 20)
    reader.desk.published(name="Bo", body="Two")
    page = reader.open()
    page.locator("#reply-body").scroll_into_view_if_needed()
    page.locator("#reply-body").focus()
    page.evaluate(OBSERVE_SHIFTS)
    before = page.evaluate(BOXES)
    reader.desk.published(name="Chidi", body="Three")
    looks.next()
    expect(news(page, "1 new reply")).to_be_in_viewport()
    expect(page.locator("[role=status]", has_text="1 new reply")).to_have_count(1)
    reader.desk.published(name="Dara", body="Four")
    looks.next()
    expect(news(page, "2 new replies")).to_be_in_viewport()
    assert page.evaluate(BOXES) == before
    assert page.evaluate(SHIFTS) == 0
    expect(page.locator(".comment")).to_have_count(2)
    expect(page.locator("#reply-body")).to_be_focused()
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()

    news(page).press("Enter")
    expect(page.locator(".comment h3")).to_have_text(["Aoife", "Bo", "Chidi", "Dara"])
    expect(page.locator(".comment.new h3")).to_have_text(["Chidi", "Dara"])
    expect(reader.comment("Chidi")).to_be_focused()
    expect(news(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="4 comments")).to_be_visible()
    looks.next()
    expect(news(page)).to_have_count(0)


def test_news_come_to_their_places_among_all_pages_that_are_shown(reader: Reader, looks: Looks) -> None:
    sent = [reader.desk.published(name=name, body=f"{name} says so.") for name in "ABCDE"]
    page = reader.open(attributes='data-page-size="2"')
    page.get_by_role("button", name="More comments").click()
    expect(page.locator(".comment")).to_have_count(4)
    reader.comment("B").get_by_role("button", name="Reply to B").click()
    reader.write(body="Being written")
    reader.desk.published(name="Zoë", body="To A", parent_id=sent[0]["id"])
    looks.next()
    news(page, "1 new reply").click()
    expect(reader.comment("Zoë")).to_be_focused()
    shown = page.locator(".comment h3").all_inner_texts()
    assert shown[:5] == ["A", "Zoë", "B", "C", "D"]
    expect(page.locator(".comment.new h3").first).to_have_text("Zoë")
    expect(reader.comment("B").get_by_role("textbox", name="Comment *")).to_have_value("Being written")


def test_a_hidden_tab_asks_nothing_and_soon_asks_again_when_it_is_back(reader: Reader, looks: Looks) -> None:
    reader.desk.published(name="Aoife", body="One")
    page = reader.open()
    page.evaluate(SET_HIDDEN, True)
    assert looks.pass_time(HOUR, step=MINUTE) == 0
    reader.desk.published(name="Bo", body="Two")
    page.evaluate(SET_HIDDEN, False)
    looks.next(4 * SECOND, step=SECOND)
    expect(news(page, "1 new reply")).to_be_visible()
    # And then it goes on as ever.
    looks.next()


def test_looks_grow_rare_where_nothing_happens(reader: Reader, looks: Looks) -> None:
    reader.desk.published(name="Aoife", body="One")
    page = reader.open()
    opened = page.evaluate("Date.now()")
    step = 20 * SECOND
    assert looks.pass_time(HOUR, step=step) < 20
    wanted = float(SOONEST)
    for pause in pauses([opened, *looks.moments]):
        assert 0.75 * wanted - SECOND <= pause <= 1.25 * wanted + 2 * step
        wanted = min(LATEST, wanted * 1.5)
    assert wanted == LATEST
    # One reply, and they come as often as at first.
    reader.desk.published(name="Bo", body="Two")
    looks.next(LONGEST, step=step)
    expect(news(page, "1 new reply")).to_be_visible()
    looks.next()


def _abort(route: Route) -> None:
    route.abort()


def _refuse(route: Route) -> None:
    route.fulfill(status=503, body="<h1>Bad gateway</h1>", headers={"Access-Control-Allow-Origin": "*"})


@pytest.mark.parametrize("fault", [_refuse, _abort], ids=["503", "nobody-there"])
def test_looks_grow_rare_where_nobody_answers(reader: Reader, looks: Looks, fault: Any) -> None:
    reader.desk.published(name="Aoife", body="One")
    page = reader.open()
    opened = page.evaluate("Date.now()")
    page.route("**/v1/counts?*", fault)
    step = 20 * SECOND
    looks.pass_time(HOUR, step=step)
    wanted = SOONEST
    for pause in pauses([opened, *looks.moments]):
        assert 0.75 * wanted - SECOND <= pause <= 1.25 * wanted + 2 * step
        wanted = min(LATEST, wanted * 2)
    assert wanted == LATEST
    # What is shown stays, and says nothing of it.
    expect(reader.comment("Aoife")).to_be_visible()
    expect(page.locator(".told, .quiet")).to_have_count(0)
    expect(news(page)).to_have_count(0)
    assert all("Failed to load resource" in text for text in reader.watch.complaints)
    reader.watch.complaints.clear()
    page.unroute("**/v1/counts?*")
    reader.desk.published(name="Bo", body="Two")
    looks.next(LONGEST, step=step)
    expect(news(page, "1 new reply")).to_be_visible()


def test_a_service_that_says_when_to_come_again_is_asked_no_sooner(reader: Reader, looks: Looks) -> None:
    page = reader.open()
    refusal = {"code": "store_unavailable", "detail": "Later.", "status": 503}
    headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After", "Retry-After": "300"}
    page.route("**/v1/counts?*", lambda route: route.fulfill(status=503, json=refusal, headers=headers))
    looks.next()
    assert looks.pass_time(295 * SECOND, step=59 * SECOND) == 0
    reader.watch.complaints.clear()


def test_a_look_that_finds_nothing_new_is_answered_in_a_few_bytes(reader: Reader, looks: Looks) -> None:
    reader.desk.published(name="Aoife", body="One")
    # Playwright keeps no cache where it routes requests; the reader's own browser does.
    reader.context.unroute_all()
    page = reader.open()
    statuses: dict[str, list[int]] = {}
    paths: dict[str, str] = {}
    devtools = reader.context.new_cdp_session(page)
    devtools.on("Network.requestWillBeSent", lambda sent: paths.update({sent["requestId"]: sent["request"]["url"]}))
    devtools.on(
        "Network.responseReceivedExtraInfo",
        lambda got: statuses.setdefault(got["requestId"], []).append(got["statusCode"]),
    )
    devtools.send("Network.enable")

    def answered() -> list[int]:
        return [status for asked, got in statuses.items() if "/v1/counts?" in paths.get(asked, "") for status in got]

    looks.next()
    looks.next(SOONEST * 2)
    devtools.send("Network.disable")
    assert answered() == [200, 304]


def test_a_reply_of_ones_own_that_is_published_meanwhile_is_no_news(reader: Reader, looks: Looks) -> None:
    page = reader.open()
    reader.send(name="Nora Lind", body="My word")
    expect(page.locator(".standing")).to_have_text("Awaiting review")
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "approve")
    looks.next()
    expect(page.locator(".standing")).to_have_count(0)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.locator("[role=status]", has_text="Your reply is published.")).to_have_count(1)
    expect(news(page)).to_have_count(0)
    reader.desk.published(name="Bo", body="Another's", parent_id=waiting["id"])
    looks.next(SOONEST * 2)
    news(page, "1 new reply").click()
    expect(page.locator(".comment h3")).to_have_text(["Nora Lind", "Bo"])
    expect(page.locator(".comment.new h3")).to_have_text(["Bo"])


def test_a_reply_of_ones_own_that_is_rejected_meanwhile_says_why(reader: Reader, looks: Looks) -> None:
    page = reader.open()
    reader.send(name="Nora Lind", body="My word")
    expect(page.locator(".standing")).to_have_text("Awaiting review")
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "reject", reason="Please stay on the subject.")
    looks.next()
    expect(page.locator(".standing")).to_contain_text("Not published")
    expect(page.locator(".standing .reason")).to_have_text("Please stay on the subject.")
    expect(page.locator("[role=status]", has_text="Not published")).to_have_count(1)
    expect(news(page)).to_have_count(0)
    reader.comment("Nora Lind").get_by_role("button", name="Dismiss").click()
    expect(page.locator(".comment")).to_have_count(0)


def test_nothing_is_asked_once_the_widget_is_gone(reader: Reader, looks: Looks) -> None:
    reader.desk.published(name="Aoife", body="One")
    page = reader.open()
    page.evaluate('window.handle = Postbag.mount(document.querySelector("#postbag"))')
    expect(reader.comment("Aoife")).to_be_visible()
    looks.next()
    page.evaluate("handle.unmount()")
    assert looks.pass_time(HOUR, step=MINUTE) == 0
    for is_hidden in (True, False):
        page.evaluate(SET_HIDDEN, is_hidden)
        assert looks.pass_time(MINUTE) == 0
    # Nor by a look that was under way when it went.
    page.evaluate('handle = Postbag.mount(document.querySelector("#postbag"))')
    expect(reader.comment("Aoife")).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/counts?*", lambda route: held.append(route))
    with page.expect_request("**/v1/counts?*"):
        page.clock.run_for(SOONEST * 5 // 4)
    page.evaluate("handle.unmount()")
    with page.expect_event("requestfinished"):
        held.pop().continue_()
    page.evaluate(ALL_OVER)
    page.unroute("**/v1/counts?*")
    assert looks.pass_time(HOUR, step=MINUTE) == 0
    expect(page.locator(".comment")).to_have_count(0)

"""What strangers send, and what colleagues write, does nothing in a moderator's browser, even without its policy."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from service.domain.comment import NOTE_MAX, REASON_MAX, TITLE_MAX
from tests.browser.attack_strings import share
from tests.browser.desk import Desk
from tests.browser.test_attacks import FAULTS_IN, batches, send_with_everything
from tests.browser.watch import Watch
from tests.desk_driver import desk_cookie, new_moderator, reasons_for

TRIED = share(1)

PAGES = ("log", "stats", "articles", "site", "site/opinions", "moderators")


@pytest.fixture
def page(unguarded: BrowserContext, watch: Watch, desk: Desk) -> Page:
    """Return the page of an admin whose browser does not keep to the policy."""
    unguarded.add_cookies([{"name": "postbag", "value": desk_cookie(desk.site, "admin"), "url": desk.service_url}])
    page = watch.over(unguarded)
    page.add_init_script(FAULTS_IN)
    return page


def assert_harmless(page: Page, watch: Watch) -> None:
    """Fail where the page that is open holds what only markup of strangers can have put there, or has done anything."""
    faults = page.evaluate("""() => [
      ...[...document.querySelectorAll("main, main *")].flatMap(element =>
        [...element.attributes].filter(({ name }) => name.startsWith("on")).map(() => element.outerHTML)),
      ...[...document.querySelectorAll("main :is(script, iframe, object, embed, base, style, svg:not(.qr svg), math)")]
        .map(element => element.outerHTML),
      ...[...document.querySelectorAll(".item .body")].flatMap(body => faultsIn(body, true)),
      ...[...document.querySelectorAll("a[href]")].filter(a => !["http:", "https:", "mailto:"].includes(a.protocol))
        .map(a => a.outerHTML),
    ]""")
    assert faults == []
    assert watch.dialogs == []
    assert watch.foreign_requests == []


def test_no_attack_that_waits_does_anything_in_the_queue(page: Page, desk: Desk, watch: Watch) -> None:
    sent = [answer for attack in TRIED if (answer := send_with_everything(desk, attack))]
    desk.approve_all(sent[::3])
    for place, (answer, attack) in enumerate(zip(sent, reversed(TRIED), strict=False)):
        if place % 3 == 0:
            desk.site.revise(answer, f"{attack}\n\nOther words.")
        if place % 5 == 0:
            note = {"text": attack[:NOTE_MAX], "about": "comment"}
            assert desk.api.post(f"/v1/moderation/comments/{answer['id']}/notes", data=note).ok
    seen, cursor = 0, ""
    while not seen or cursor:
        page.goto(f"{desk.service_url}/desk?{urlencode({'site': desk.site.slug, 'cursor': cursor})}")
        page.locator("#desk .item").first.wait_for()
        assert_harmless(page, watch)
        seen += page.locator("#desk .item").count()
        cursor = page.locator("#desk").get_attribute("data-next") or ""
    assert seen > 0.95 * len(sent)
    # What the script draws later comes another way.
    page.goto(f"{desk.service_url}/desk?site={desk.site.slug}")
    for _ in range(40):
        page.keyboard.press("s")
    expect(page.locator("#items > .item:nth-child(40)")).to_be_attached()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    assert_harmless(page, watch)


def test_no_word_of_a_colleague_does_anything_on_the_other_pages(page: Page, desk: Desk, watch: Watch) -> None:
    reasons_for(desk.site, *("".join(attacks)[:TITLE_MAX] for attacks in batches(40, TRIED)))
    new_moderator(desk.site, "viewer", TRIED[0][:80])
    for number, attacks in enumerate(batches(12, TRIED)):
        text = "".join(attacks)
        desk.register(key=f"article-{number}", title=text[:TITLE_MAX])
        sent = desk.submitted(body=f"{text}\n\nSome words.", name=text[:80])
        desk.decide(sent["id"], "reject", reason=text[:REASON_MAX].replace("\n", " "), note=text[:NOTE_MAX])
        page.goto(f"{desk.service_url}/desk/comments/{sent['id']}")
        assert_harmless(page, watch)
    for name in PAGES:
        page.goto(f"{desk.service_url}/desk/{name}?site={desk.site.slug}")
        page.wait_for_load_state("networkidle")
        assert_harmless(page, watch)

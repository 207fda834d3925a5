"""Signing in, one's account and the pages around the queue in a browser: forms, phones, and people who see badly."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import redis
from playwright.sync_api import Browser, Locator, Page, expect

from service.domain.totp import code_at, step_at
from tests.browser.accessibility import LIGHTS, NARROW, PHONE, assert_accessible, overflow_of
from tests.browser.chromium import PATIENCE
from tests.browser.desk import Desk
from tests.browser.test_manners import LONG_WORD
from tests.browser.watch import Watch
from tests.desk_driver import PASSWORD, new_moderator

PAGES = ("moderators", "log", "stats", "site", "articles", "account", "nothing", "decisions")
# What is smaller is not hit by a finger (WCAG 2.2, 2.5.8); links within a sentence may be, and a box with its label.
TOO_SMALL = """() => [...document.querySelectorAll("a, button, select, summary, textarea, input")]
  .filter(e => e.checkVisibility() && e.type != "hidden" && !e.matches(".skip, .unseen, [type=checkbox], [type=radio]"))
  .filter(e => getComputedStyle(e).display != "inline")
  .filter(e => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24)
  .map(e => e.outerHTML.slice(0, 90))"""


class Person:
    """Somebody with an account and a browser."""

    def __init__(self, page: Page, desk: Desk, email: str) -> None:
        self.page, self.desk, self.email = page, desk, email

    @property
    def alert(self) -> Locator:
        """What a page says went wrong."""
        return self.page.get_by_role("alert")

    @property
    def heading(self) -> Locator:
        """What the page is."""
        return self.page.get_by_role("heading", level=1)

    def open(self, path: str) -> Page:
        """Open a page of the desk."""
        self.page.goto(f"{self.desk.service_url}{path}?{urlencode({'site': self.desk.site.slug})}")
        return self.page

    def give_password(self, password: str = PASSWORD) -> None:
        """Fill in the form that is shown, and send it."""
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def give_code(self, code: str) -> None:
        """Send the code that the second form asks for."""
        self.page.get_by_label("Code of your authenticator app").fill(code)
        self.page.get_by_role("button", name="Go on").click()

    def sign_in(self, path: str = "/desk/account") -> None:
        """Open a page, and sign in to see it."""
        self.open(path)
        self.give_password()

    def sign_out(self) -> None:
        """Leave, by the button that every page has."""
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.heading).to_have_text("Sign in to the desk")

    def set_up_second_factor(self) -> tuple[bytes, list[str]]:
        """Set up a second factor on the account's page, and return its secret and the recovery codes."""
        self.page.get_by_role("button", name="Set it up").click()
        text = self.page.locator(".secret").inner_text()
        secret = base64.b32decode(text)
        self.page.get_by_label("The code that the app shows now").fill("000000")
        self.page.get_by_role("button", name="Turn it on").click()
        expect(self.page.locator(".fault")).to_contain_text("This code is not right.")
        expect(self.page.locator(".secret")).to_have_text(text)
        # The code of the step before leaves the present one for signing in.
        self.page.get_by_label("The code that the app shows now").fill(code_at(secret, now_step() - 1))
        self.page.get_by_role("button", name="Turn it on").click()
        expect(self.heading).to_have_text("The second factor is on")
        return secret, self.page.locator(".codes code").all_inner_texts()


def now_step() -> int:
    return step_at(datetime.now(UTC))


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch, redis_url: str) -> Iterator[Person]:
    """Return an admin who is not signed in yet; nothing may have been amiss at the end."""
    # All tests sign in from this machine, which may try it only so often.
    with redis.Redis.from_url(redis_url) as counters:
        for spent in counters.scan_iter("*:limit:sign-in-network:*"):
            counters.delete(spent)
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    yield Person(watch.over(context), desk, new_moderator(desk.site, "admin"))
    context.close()
    assert watch.findings == []


def elsewhere(chromium: Browser, noor: Person, watch: Watch) -> Person:
    """Return the same person before another browser."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    return Person(watch.over(context), noor.desk, noor.email)


def test_password_opens_the_page_that_was_asked_for_and_a_wrong_one_says_so(noor: Person) -> None:
    noor.open("/desk/log")
    expect(noor.page.get_by_label("Email")).to_be_focused()
    noor.give_password("not the password")
    expect(noor.page.get_by_label("Password")).to_be_focused()
    expect(noor.page.get_by_label("Password")).to_have_accessible_description(
        "The address or the password is not right."
    )
    expect(noor.page.get_by_label("Email")).to_have_value(noor.email)
    noor.give_password()
    expect(noor.heading).to_have_text("Log")
    expect(noor.page.get_by_role("navigation", name="Desk").get_by_role("link")).to_have_count(7)


def test_too_many_tries_say_how_long_to_wait(noor: Person) -> None:
    noor.open("/desk")
    for _ in range(10):
        noor.give_password("not the password")
        expect(noor.page.get_by_label("Password")).to_have_value("")
    noor.give_password()
    # Minutes, or seconds where the window of the limit is about to end.
    expect(noor.alert).to_have_text(re.compile(r"Too many tries\. Wait \d+ (minute|second)s?, then try again\."))


def test_a_second_factor_is_set_up_asked_for_and_replaced_by_a_recovery_code_once(noor: Person) -> None:
    noor.sign_in()
    secret, codes = noor.set_up_second_factor()
    assert len(codes) == 10
    noor.page.get_by_role("link", name="I have kept them").click()
    expect(noor.page.get_by_text("10 recovery codes are left")).to_be_visible()

    noor.sign_out()
    noor.sign_in()
    noor.give_code("000000")
    expect(noor.page.locator(".fault")).to_contain_text("This code is not right")
    noor.give_code(code_at(secret, now_step()))
    expect(noor.heading).to_have_text("Your account")

    noor.sign_out()
    noor.sign_in()
    noor.give_code(codes[3])
    expect(noor.page.get_by_text("9 recovery codes are left")).to_be_visible()
    noor.sign_out()
    noor.sign_in()
    noor.give_code(codes[3])
    expect(noor.page.locator(".fault")).to_contain_text("was used before")
    noor.give_code(codes[4])

    noor.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    noor.page.get_by_role("button", name="Turn it off").click()
    expect(noor.page.get_by_role("status")).to_have_text("The second factor is off.")
    noor.sign_out()
    noor.sign_in()
    expect(noor.heading).to_have_text("Your account")


def test_a_session_that_another_browser_ends_is_led_back_to_signing_in(
    noor: Person, chromium: Browser, watch: Watch
) -> None:
    noor.sign_in("/desk/stats")
    other = elsewhere(chromium, noor, watch)
    other.sign_in()
    row = other.page.get_by_role("row", name="Chrome on Linux").filter(has=other.page.get_by_role("button"))
    expect(row).to_have_count(1)
    row.get_by_role("button", name="End").click()
    expect(other.page.get_by_role("status")).to_have_text("That session has ended.")
    other.page.context.close()

    noor.page.get_by_role("link", name="Articles").click()
    expect(noor.page.get_by_role("status")).to_contain_text("Your session has ended.")
    noor.give_password()
    expect(noor.heading).to_have_text("Articles")


def test_a_note_outlives_the_session_that_it_was_typed_in(noor: Person) -> None:
    sent = noor.desk.submitted(name="Ines")["id"]
    path = f"/desk/comments/{sent}"
    noor.sign_in(path)
    note = noor.page.locator("#note-text")
    note.fill("Asked her <b>twice</b>;\nwait for Monday.")
    noor.page.get_by_role("radio", name="Its author").check()
    noor.page.context.clear_cookies()
    noor.page.get_by_role("button", name="Keep the note").click()
    expect(noor.page.get_by_role("status")).to_contain_text("What you were sending is kept")
    noor.give_password("not the password")
    noor.give_password()
    expect(noor.heading).to_have_text("Send it again?")
    expect(noor.page.get_by_label("What you wrote")).to_have_value("Asked her <b>twice</b>;\nwait for Monday.")
    assert path in (noor.page.get_by_role("link", name="Leave it").get_attribute("href") or "")
    noor.page.get_by_role("button", name="Send").click()
    expect(noor.page.locator("#notes .notes")).to_contain_text("wait for Monday.")
    (kept,) = noor.desk.site.opened(sent)["notes"]
    assert (kept["text"], kept["about"]) == ("Asked her <b>twice</b>;\nwait for Monday.", "author")
    assert path in noor.page.url


def test_a_form_of_an_earlier_session_is_shown_again_instead_of_being_lost(noor: Person) -> None:
    sent = noor.desk.submitted()["id"]
    noor.sign_in(f"/desk/comments/{sent}")
    noor.page.locator("#note-text").fill("Typed before.")
    # Another tab of the same browser signs in anew.
    tab = Person(noor.page.context.new_page(), noor.desk, noor.email)
    tab.open("/desk/account")
    tab.sign_out()
    tab.sign_in()
    noor.page.get_by_role("button", name="Keep the note").click()
    expect(noor.heading).to_have_text("Send it again?")
    assert noor.desk.site.opened(sent)["notes"] == []
    noor.page.get_by_role("button", name="Send").click()
    expect(noor.page.locator("#notes .notes")).to_contain_text("Typed before.")


def test_an_invited_person_makes_an_account_and_lands_at_the_desk(
    noor: Person, chromium: Browser, watch: Watch
) -> None:
    noor.sign_in("/desk/moderators")
    noor.page.get_by_label("Name", exact=True).fill("Tom")
    noor.page.get_by_role("button", name="Make a link").click()
    link = noor.page.locator(".secret").inner_text()
    noor.open("/desk/moderators")
    expect(noor.page.locator(".secret")).to_have_count(0)

    tom = elsewhere(chromium, noor, watch)
    tom.email = f"tom-{noor.email}"
    tom.page.goto(link)
    expect(tom.page.get_by_label("Your name")).to_have_value("Tom")
    tom.page.get_by_label("Email").fill(tom.email)
    tom.page.get_by_label("Password").fill("short")
    tom.page.get_by_role("button", name="Make the account").click()
    expect(tom.page.get_by_label("Password")).to_be_focused()
    expect(tom.page.get_by_label("Email")).to_have_value(tom.email)
    tom.page.get_by_label("Password").fill(PASSWORD)
    tom.page.get_by_role("button", name="Make the account").click()
    expect(tom.page.get_by_role("status")).to_have_text("Your account is made. Sign in with it.")
    tom.give_password()
    expect(tom.page.get_by_role("link", name="Queue")).to_have_attribute("aria-current", "page")
    expect(tom.page.get_by_role("link", name="Moderators")).to_have_count(0)
    tom.open("/desk/moderators")
    expect(tom.page.get_by_text("On this site you are a moderator; this takes an admin.")).to_be_visible()
    expect(tom.page.get_by_role("link", name="To the queue")).to_be_visible()
    tom.page.context.close()

    noor.open("/desk/moderators")
    row = noor.page.get_by_role("row", name="Tom")
    row.get_by_text("Remove …").click()
    row.get_by_role("button", name="Really remove").click()
    expect(row).to_have_count(0)


def states(noor: Person) -> Iterator[str]:
    """Show every page around the queue, and yield what each is."""
    page = noor.page
    noor.open("/desk")
    yield "sign-in"
    noor.give_password("not the password")
    yield "sign-in, refused"
    noor.give_password()
    for name in PAGES:
        noor.open(f"/desk/{name}")
        yield name
    noor.open("/desk/moderators")
    page.get_by_label("Name", exact=True).fill(LONG_WORD[:90])
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text("Remove …").first.click()
    yield "invitation link"
    link = page.locator(".secret").inner_text()
    page.goto(link)
    yield "invitation, signed in"
    noor.open(f"/desk/comments/{noor.desk.queue()[0]['id']}")
    yield "comment"
    noor.open("/desk/account")
    page.get_by_role("button", name="Set it up").click()
    yield "second factor"
    code = code_at(base64.b32decode(page.locator(".secret").inner_text()), now_step())
    page.get_by_label("The code that the app shows now").fill(code)
    page.get_by_role("button", name="Turn it on").click()
    expect(noor.heading).to_have_text("The second factor is on")
    yield "recovery codes"
    noor.open("/desk/account")
    yield "account, with a second factor"
    noor.sign_out()
    page.goto(link)
    yield "invitation"
    page.get_by_label("Email").fill("x@y")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator(".fault")).to_have_count(2)
    yield "invitation, refused"
    noor.sign_in()
    yield "second step"
    page.goto(f"{noor.desk.service_url}/desk/invitations/pbi_nothing")
    yield "invitation, gone"


def fill(desk: Desk) -> None:
    """Give every page something that is awkward to lay out."""
    desk.published(article=f"{desk.site.origin}/{'a-very-long-name-' * 8}", article_title=LONG_WORD)
    desk.decide(desk.submitted(name="نوال")["id"], "reject", reason="ابقَ في الموضوع من فضلك.", note=LONG_WORD)
    desk.submitted(name=LONG_WORD[:100], body=LONG_WORD)
    new_moderator(desk.site, "viewer", LONG_WORD[:100])


def test_axe_finds_nothing_on_any_page_around_the_queue_in_any_light(noor: Person) -> None:
    fill(noor.desk)
    seen = []
    for state in states(noor):
        noor.page.wait_for_load_state()
        for scheme in LIGHTS:
            noor.page.emulate_media(color_scheme=scheme)
            assert_accessible(noor.page, f"{state}, {scheme}")
        seen.append(state)
    assert len(seen) == 20


def test_nothing_runs_off_a_phone_and_everything_is_hit_by_a_finger(noor: Person) -> None:
    fill(noor.desk)
    for state in states(noor):
        noor.page.wait_for_load_state()
        for size in (PHONE, NARROW):
            noor.page.set_viewport_size(size)
            assert overflow_of(noor.page) <= 0, (state, size)
            assert noor.page.evaluate(TOO_SMALL) == [], (state, size)

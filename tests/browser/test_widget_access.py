"""The widget for people who see, hear and type differently: by axe-core, by keyboard alone, on narrow screens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.accessibility import NARROW, PHONE, assert_accessible, overflow_of
from tests.browser.chromium import PATIENCE
from tests.browser.reader import Reader
from tests.browser.test_manners import HOSTILE_BODIES, LONG_WORD

DESKTOP: ViewportSize = {"width": 1000, "height": 800}
UNREACHABLE = "The comments cannot be reached just now."

# Where the focus is, through the shadow root.
FOCUS = """() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  const {outlineStyle, outlineWidth} = getComputedStyle(element);
  return {
    what: [element.tagName.toLowerCase(), ...element.classList].join("."),
    name: element.name || element.id,
    text: element.textContent,
    isRinged: outlineStyle != "none" && parseFloat(outlineWidth) > 0,
  };
}"""


def fill_thread(reader: Reader) -> None:
    """Publish a short thread with something of everything that a comment may hold."""
    first = reader.desk.published(name="Aoife", url="https://example.org/", body="Who *pays* for `waiting`?\n\n> Who?")
    second = reader.desk.published(name="Tomás", parent_id=first["id"], body="- one\n- two\n\n```\ncode\n```")
    reader.desk.published(name="Ines", parent_id=second["id"], body="See https://example.org/a for **more**.")
    reader.desk.published(name="לאה", body="שלום עולם")


def test_axe_finds_nothing_in_the_thread_in_any_light(reader: Reader) -> None:
    fill_thread(reader)
    for scheme, attributes in (
        ("light", ""),
        ("dark", ""),
        ("light", 'data-theme="dark"'),
        ("dark", 'data-theme="light"'),
    ):
        reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page = reader.open(attributes=attributes)
        expect(page.locator(".comment")).to_have_count(4)
        assert_accessible(page, f"{scheme} {attributes}")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    reader.open()
    assert_accessible(page, "phone")


def test_axe_finds_nothing_from_right_to_left_nor_where_there_is_nothing_to_read(reader: Reader) -> None:
    page = reader.open()
    expect(page.locator(".empty")).to_be_visible()
    assert_accessible(page, "empty")
    fill_thread(reader)
    reader.open(attributes='data-language="ar"', language="ar")
    expect(page.locator(".postbag")).to_have_attribute("dir", "rtl")
    assert_accessible(page, "right to left")
    reader.desk.register(open=False)
    reader.open()
    expect(page.get_by_text("This article is closed to new replies.")).to_be_visible()
    assert_accessible(page, "closed")


def test_axe_finds_nothing_where_nobody_answers_and_the_focus_survives_another_try(reader: Reader) -> None:
    page = reader.page
    page.route("**/v1/comments?*", lambda route: route.abort())
    page.goto(reader.embed())
    retry = page.get_by_role("button", name="Try again")
    expect(page.get_by_text(UNREACHABLE)).to_be_visible()
    assert_accessible(page, "unreachable")
    with page.expect_event("requestfailed"):
        retry.press("Enter")
    expect(page.locator(".retry")).to_be_focused()
    page.unroute("**/v1/comments?*")
    retry.press("Enter")
    expect(page.locator("#comments-heading")).to_be_focused()
    reader.watch.complaints = [text for text in reader.watch.complaints if "ERR_FAILED" not in text]


def test_axe_finds_nothing_in_forms_panels_and_the_readers_own_replies(reader: Reader) -> None:
    fill_thread(reader)
    for scheme in ("light", "dark"):
        reader.page.emulate_media(color_scheme=scheme)
        page = reader.open()
        reader.comment("Tomás").locator("button.reply").click()
        expect(reader.comment("Tomás").locator("textarea")).to_be_focused()
        reader.send(email="nora@", body="No such *address*")
        expect(page.locator("#reply-email")).to_be_focused()
        assert_accessible(page, f"refused reply, {scheme}")
        page.get_by_role("button", name="Preview").click()
        expect(page.locator(".preview em")).to_be_visible()
        assert_accessible(page, f"preview, {scheme}")
        reader.send(name=f"Nora {scheme}", body=f"Waits, {scheme}")
        expect(reader.comment(f"Nora {scheme}").locator(".standing")).to_have_text("Awaiting review")
        reader.comment("Ines").locator("button.report").click()
        expect(page.locator(".panel input").first).to_be_focused()
        reader.comment(f"Nora {scheme}").locator("button.withdraw").click()
        expect(page.locator(".panel")).to_have_count(2)
        assert_accessible(page, f"panels, {scheme}")
        (waiting,) = reader.desk.queue()
        reader.desk.decide(waiting["id"], "reject", reason="Not about the article.")
        reader.open()
        expect(reader.comment(f"Nora {scheme}").locator(".reason")).to_have_text("Not about the article.")
        assert_accessible(page, f"rejected, {scheme}")


class Keys:
    """Somebody with a keyboard and nothing else, whose focus is seen at every step."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def focus(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(FOCUS)
        assert found["what"] != "body", "the focus is lost"
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.focus()

    def tab_to(self, what: str, *, back: bool = False) -> None:
        """Go on (or back) until a control of this class or name has the focus, with a ring around each on the way."""
        for _ in range(40):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            found = self.focus()
            assert found["isRinged"], found
            if what in (found["name"], *found["what"].split(".")[1:]) or found["text"] == what:
                return
        pytest.fail(f"the keyboard does not lead to {what}")


def test_everything_can_be_done_by_keyboard_alone_and_the_focus_is_never_lost(reader: Reader) -> None:
    aoife = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Two", parent_id=aoife["id"])
    page = reader.open()
    keys = Keys(page)

    keys.tab_to("Newest first")
    keys.press("Enter")
    keys.tab_to("fold")
    keys.press("Enter")
    expect(reader.comment("Ines")).to_be_hidden()
    keys.press("Enter")
    expect(reader.comment("Ines")).to_be_visible()

    keys.tab_to("votes", back=True)
    keys.press("Space")
    expect(reader.comment("Aoife").locator(".votes")).to_have_text("1 vote")
    expect(reader.comment("Aoife").locator(".votes")).to_be_focused()

    keys.tab_to("report")
    keys.press("Enter", "ArrowDown", "Escape")
    expect(reader.comment("Aoife").locator(".report")).to_be_focused()
    keys.press("Enter", "ArrowDown", "Tab")
    page.keyboard.type("Rude")
    keys.press("Tab", "Enter")
    expect(reader.comment("Aoife").locator(".panel")).to_be_focused()
    keys.focus()

    keys.tab_to("reply", back=True)
    keys.press("Enter")
    page.keyboard.type("Half a thought")
    keys.tab_to("cancel")
    keys.press("Enter")
    expect(reader.comment("Aoife").locator("button.reply")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#reply-body")).to_have_value("Half a thought")
    page.keyboard.type(", and *another*")
    keys.tab_to("name")
    page.keyboard.type("Nora Lind")
    keys.tab_to("email")
    page.keyboard.type("nora@example.org")
    keys.tab_to("Preview")
    keys.press("Enter")
    expect(page.locator(".preview")).to_be_focused()
    expect(page.locator(".preview em")).to_have_text("another")
    keys.tab_to("Send for review")
    keys.press("Enter")
    own = reader.comment("Nora Lind")
    expect(own).to_be_focused()
    expect(page.locator("p.unseen[role=status]")).to_have_text("Thank you. Your reply awaits review.")

    keys.tab_to("revise")
    keys.press("Enter", "Control+a")
    page.keyboard.type("A whole thought")
    keys.tab_to("Send for review")
    keys.press("Enter")
    expect(own.locator("article .body")).to_have_text("A whole thought")
    expect(own).to_be_focused()
    keys.tab_to("withdraw")
    keys.press("Enter", "Escape")
    expect(own.locator(".withdraw")).to_be_focused()
    keys.press("Enter", "Enter")
    expect(page.locator("#comments-heading")).to_be_focused()
    expect(own).to_have_count(0)
    assert reader.desk.queue() == []


def test_every_control_is_named_and_large_enough_and_nothing_ever_moves_by_itself(reader: Reader) -> None:
    fill_thread(reader)
    page = reader.open()
    # What speaks stands there, silent, before it has anything to say.
    expect(page.locator(".postbag [role=status]")).to_have_text(["", ""])
    reader.comment("Tomás").locator("button.reply").click()
    reader.send(name="Nora", email="nora@")
    expect(page.locator("#reply-email")).to_have_attribute("aria-describedby", "reply-email-fault")
    reader.send(name="Nora")
    reader.comment("Nora").locator("button.withdraw").click()
    reader.comment("Ines").locator("button.report").click()
    reader.comment("Ines").locator("button.reply").click()
    found = page.evaluate("""() => {
      const root = document.querySelector("#postbag").shadowRoot;
      const seen = selector => [...root.querySelectorAll(selector)].filter(element => element.checkVisibility());
      const small = seen("a, button, label:has([type=radio], [type=checkbox]), textarea, input:not([type])")
        .filter(element => !element.closest(".body, .answers"))
        .filter(element => {
          const {width, height} = element.getBoundingClientRect();
          return width < 24 || height < 24;
        });
      const isNameless = element => !(element.labels?.[0] ?? element).textContent.trim();
      const headings = [...document.querySelectorAll("h1"), ...seen("h2, h3, h4")].map(({tagName}) => +tagName[1]);
      const rules = [...root.adoptedStyleSheets].flatMap(sheet => [...sheet.cssRules]).map(rule => rule.cssText);
      return {
        small: small.map(element => element.outerHTML),
        nameless: seen("a, button, input, textarea").filter(isNameless).map(element => element.outerHTML),
        jumps: headings.filter((level, at) => level > (headings[at - 1] ?? 0) + 1),
        twice: [...root.querySelectorAll("[id]")].map(({id}) => id).filter((id, at, ids) => ids.indexOf(id) != at),
        regions: seen("section, nav, [role=region]").filter(element => {
          const by = element.getAttribute("aria-labelledby");
          return !(element.ariaLabel || (by && root.getElementById(by).textContent));
        }).map(element => element.outerHTML),
        moving: [...document.getAnimations(), ...root.getAnimations()].length,
        rules: rules.filter(rule => /transition|animation|smooth/.test(rule)),
        sheets: rules.length > 50,
      };
    }""")
    nothing: dict[str, list[str]] = {name: [] for name in ("small", "nameless", "jumps", "twice", "regions", "rules")}
    assert found == {**nothing, "moving": 0, "sheets": True}


def test_nothing_sticks_out_of_a_narrow_screen_or_of_large_text(chromium: Browser, reader: Reader) -> None:
    reader.desk.site.change(max_depth=20)
    parent = None
    for number, (name, body) in enumerate(HOSTILE_BODIES.items()):
        name = f"{name} {LONG_WORD}"[:100] if number % 2 else "שרה " * 20
        sent = reader.desk.published(name=name, body=body, url=f"https://example.org/{number}", parent_id=parent)
        parent = sent["id"]
    for _ in range(12):
        parent = reader.desk.published(parent_id=parent)["id"]
    page = reader.page
    for attributes in ("", 'data-language="ar"', 'data-language="de"'):
        page.set_viewport_size(NARROW)
        reader.open(attributes=attributes)
        expect(page.locator(".comment")).to_have_count(20)
        page.locator("button.reply").last.click()
        reader.write(name=LONG_WORD, email=LONG_WORD, url=LONG_WORD, body=LONG_WORD)
        page.locator("button.report").last.click()
        expect(page.locator(".panel")).to_be_visible()
        assert overflow_of(page) <= 0, attributes
        assert page.locator(".comment").last.evaluate("item => item.getBoundingClientRect().width") > 150
    # Text of twice the size alone, as the reader has set it in the browser.
    page.set_viewport_size({"width": 640, "height": 480})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow_of(page) <= 0
    # The page at 200%: half as many of its pixels, each twice as large.
    zoomed = chromium.new_context(viewport={"width": 640, "height": 480}, device_scale_factor=2)
    zoomed.set_default_timeout(PATIENCE)
    page = zoomed.new_page()
    page.goto(reader.embed())
    expect(page.locator(".comment")).to_have_count(20)
    assert overflow_of(page) <= 0
    zoomed.close()

"""The widget's reply form: what is sent stands in its place, and whatever is wrong is told where it is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from service.domain.site import Policy
from tests.browser.reader import SEND, Reader

FAMILY = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}\N{ZERO WIDTH JOINER}\N{BOY}"
ACCENTED = "e\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}"
MOST = 10_000  # characters that a reply may have


def value(page: Page, name: str) -> Locator:
    return page.locator(f".reply-form [name={name}]")


def described_by(field: Locator) -> str:
    """Return what a screen reader says of a field besides its label: the texts that its aria-describedby names."""
    texts: str = field.evaluate(
        "field => (field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean)"
        ".map(id => field.getRootNode().getElementById(id).textContent).join(' ')"
    )
    return texts


def refusal_of(reader: Reader, **changes: Any) -> dict[str, str]:
    """Return what the API says of each field of such a reply."""
    response = reader.desk.send(**changes)
    assert response.status == 422, response.text()
    return {fault["field"]: fault["detail"] for fault in response.json()["errors"]}


def test_a_reply_stands_in_its_place_at_once_and_is_announced(reader: Reader) -> None:
    aoife = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Three")
    page = reader.open()
    reader.send(body="Who *pays*?")
    own = reader.comment("Nora Lind")
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    expect(own.locator(".body em")).to_have_text("pays")
    expect(own).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Thank you.")).to_have_text(
        "Thank you. Your reply awaits review."
    )
    expect(value(page, "body")).to_have_value("")
    expect(page.locator(".comment").last).to_contain_text("Who pays?")
    # Nobody else reads it, so it is not counted.
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()
    expect(own.get_by_role("button", name="Reply")).to_have_count(0)

    page.get_by_role("button", name="Reply to Aoife").click()
    expect(page.get_by_role("heading", name="Reply to Aoife")).to_be_visible()
    expect(value(page, "body")).to_be_focused()
    reader.send(name="Mo", body="Two")
    expect(reader.comment("Mo")).to_be_focused()
    expect(reader.comment("Mo").locator(".answers")).to_have_text("in reply to Aoife")
    expect(page.locator(".comment h3")).to_have_text(["Aoife", "Mo", "Ines", "Nora Lind"])
    # The form went home, and asks for the article's own reply again.
    expect(page.locator(".comment .reply-form")).to_have_count(0)
    expect(page.get_by_role("heading", name="Leave a reply")).to_be_visible()
    expect(value(page, "body")).to_have_value("")
    waiting = {item["author"]["name"]: item for item in reader.desk.queue()}
    assert waiting["Mo"]["parent_id"] == aoife["id"]
    assert waiting["Nora Lind"]["parent_id"] is None


def test_a_form_that_is_wrong_says_so_beside_each_field_and_keeps_every_word(reader: Reader) -> None:
    typed = {"body": "Kept \U0001f4ee", "name": "nora@example.org", "email": "nora@", "url": "not a website"}
    said = refusal_of(reader, **typed)
    assert set(said) == {"email", "url"} or set(said) == {"name", "email", "url"}
    page = reader.open()
    reader.send(**typed)
    notice = page.get_by_role("alert")
    expect(notice).to_have_text(f"{len(said)} fields need a correction.")
    for name, text in typed.items():
        field = value(page, name)
        expect(field).to_have_value(text)
        if name in said:
            expect(field).to_have_attribute("aria-invalid", "true")
            assert described_by(field).strip() == said[name]
            expect(page.locator(f".field-{name} .fault")).to_be_visible()
        else:
            assert field.get_attribute("aria-invalid") is None
    first = next(name for name in typed if name in said)
    expect(value(page, first)).to_be_focused()
    # It is told where the button was pressed.
    button = page.get_by_role("button", name=SEND)
    above, below = notice.bounding_box(), button.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    assert below["y"] - above["y"] < 200

    reader.write(body="")
    button.click()
    expect(value(page, "body")).to_be_focused()
    assert "Please write something" in described_by(value(page, "body"))
    assert "Markdown" in described_by(value(page, "body"))

    reader.send(name="Nora", email="nora@example.org", url="example.org", body="Corrected")
    expect(reader.comment("Nora").locator(".standing")).to_have_text("Awaiting review")
    expect(reader.comment("Nora").get_by_role("link", name="Nora")).to_have_attribute("href", "https://example.org/")
    expect(page.locator("[aria-invalid], .fault")).to_have_count(0)
    assert described_by(value(page, "email")) == ""
    assert [item["author"]["name"] for item in reader.desk.queue()] == ["Nora"]


def test_preview_is_exactly_what_would_be_published(reader: Reader) -> None:
    text = "A *word*, `code` and <b>no markup</b>\n\n> quoted\n\n- [one](https://example.org/)\n- javascript:alert(1)"
    page = reader.open()
    preview = page.get_by_role("region", name="Preview")
    reader.write(body=text)
    expect(preview).to_be_hidden()
    page.get_by_role("button", name="Preview").click()
    expect(preview).to_be_focused()
    promised = reader.desk.api.post("/v1/preview", data={"body": text}).json()["body_html"]
    # As the browser reads it: the elements are compared, not their spelling.
    parsed = "html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML"
    assert preview.inner_html() == page.evaluate(parsed, promised)
    # Typing goes on: what is shown would no longer be true.
    value(page, "body").press("End")
    page.keyboard.type("!")
    expect(preview).to_be_hidden()
    value(page, "body").fill("   ")
    page.get_by_role("button", name="Preview").click()
    expect(value(page, "body")).to_be_focused()
    assert "Please write something" in described_by(value(page, "body"))
    expect(preview).to_be_hidden()
    page.route("**/v1/preview", lambda route: route.abort())
    value(page, "body").fill(text)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_have_text("The comments cannot be reached just now.")
    assert reader.watch.complaints.pop() == "Failed to load resource: net::ERR_FAILED"
    page.unroute("**/v1/preview")
    reader.send(body=text)
    published = reader.comment("Nora Lind").locator(".body")
    assert published.inner_html() == page.evaluate(parsed, promised)


@pytest.mark.parametrize("character", ["a", FAMILY, ACCENTED], ids=["letters", "families", "accents"])
def test_characters_are_counted_near_the_limit_as_a_reader_counts(reader: Reader, character: str) -> None:
    page = reader.open()
    body, count = value(page, "body"), page.locator(".count")
    body.fill(character * (MOST - 1_000))
    expect(count).to_be_empty()
    body.fill(character * (MOST - 999))
    expect(count).to_have_text("999 characters left")
    body.fill(character * (MOST - 1))
    expect(count).to_have_text("1 character left")
    reader.send(body=character * (MOST + 1))
    expect(count).to_have_text("-1 character left")
    expect(body).to_have_value(character * (MOST + 1))
    fitting = MOST
    if character == FAMILY:
        # More than the service takes in one piece, however it counts.
        expect(page.get_by_role("alert")).to_contain_text("larger than 64 KiB")
        fitting = 2_500
    else:
        too_long = f"Your reply is longer than {MOST:,} characters, the most that is accepted."
        expect(page.locator(".field-body .fault")).to_have_text(too_long)
        expect(body).to_be_focused()
    reader.send(body=character * fitting)
    expect(reader.comment("Nora Lind").locator(".standing")).to_be_visible()
    expect(count).to_be_empty()


def test_who_writes_is_remembered_only_where_the_reader_asks_for_it(reader: Reader) -> None:
    page = reader.open()
    person = ("name", "email", "url")
    save = page.get_by_role("checkbox", name="Save my name and email in this browser")
    expect(save).not_to_be_checked()
    reader.send(url="https://example.org/nora")
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert "nora@example.org" not in str(reader.remembered())
    page.reload()
    for name in person:
        expect(value(page, name)).to_have_value("")
    expect(save).not_to_be_checked()

    reader.write(url="https://example.org/nora")
    save.check()
    assert "nora@example.org" in str(reader.remembered())
    # What is changed later is kept too.
    value(page, "name").fill("Nora L.")
    page.reload()
    expect(save).to_be_checked()
    for name, text in zip(person, ("Nora L.", "nora@example.org", "https://example.org/nora"), strict=True):
        expect(value(page, name)).to_have_value(text)
    save.uncheck()
    assert "nora@example.org" not in str(reader.remembered())
    page.reload()
    expect(value(page, "email")).to_have_value("")
    expect(save).not_to_be_checked()


def test_a_reply_that_is_published_at_once_is_a_comment_like_any_other(reader: Reader) -> None:
    reader.desk.site.change(policy=Policy.NONE)
    page = reader.open()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    reader.send()
    own = reader.comment("Nora Lind")
    expect(own).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="published")).to_have_text("Your reply is published.")
    expect(own.locator(".standing")).to_have_count(0)
    expect(own.locator(".permalink")).to_be_visible()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_hidden()
    assert reader.desk.page()["article"]["count"] == 1

    page.get_by_role("button", name="Reply to Nora Lind").click()
    reader.send(name="Mo", body="Below")
    expect(reader.comment("Mo")).to_be_focused()
    expect(reader.comment("Mo").locator(".answers")).to_have_text("in reply to Nora Lind")
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()

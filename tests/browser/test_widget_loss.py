"""Nothing that a reader typed in the widget is lost: not to a network, a limit, a moderator or a closed article."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.reader import SEND, Reader

TYPED = "Two lines\n\n  and *more*."
A_WHILE = 45_000  # milliseconds; longer than the pause before the widget looks again for the first time
OUT_OF_REACH = "The comments cannot be reached just now."


@pytest.fixture
def page(reader: Reader) -> Page:
    """Return an article with one comment, by Aoife."""
    reader.desk.published(name="Aoife")
    return reader.open()


def body(page: Page) -> Locator:
    return page.locator("#reply-body")


def assert_kept(page: Page, told: str) -> None:
    """Fail where the text is gone, or nobody says why it was not sent."""
    expect(page.locator(".reply-form [role=alert]")).to_contain_text(told)
    expect(page.locator(".reply-form [role=alert]")).to_be_in_viewport()
    expect(body(page)).to_have_value(TYPED)


def test_a_reply_without_a_network_is_told_kept_and_sent_later(reader: Reader, page: Page) -> None:
    reader.context.set_offline(True)
    reader.send(body=TYPED)
    assert_kept(page, OUT_OF_REACH)
    expect(reader.comment("Aoife")).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    assert_kept(page, OUT_OF_REACH)
    reader.context.set_offline(False)
    page.get_by_role("button", name=SEND).click()
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert len(reader.desk.queue()) == 1
    assert all("ERR_INTERNET_DISCONNECTED" in complaint for complaint in reader.watch.complaints)
    reader.watch.complaints.clear()


@pytest.mark.parametrize("reloads", [False, True], ids=["at once", "after a reload"])
def test_a_reply_whose_answer_was_lost_is_sent_again_and_stored_once(reader: Reader, page: Page, reloads: bool) -> None:
    keys: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            assert route.fetch().status == 202
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(f"{reader.desk.service_url}/v1/comments", lose_the_first_answer)
    reader.send(body=TYPED)
    assert_kept(page, OUT_OF_REACH)
    assert len(reader.desk.queue()) == 1
    if reloads:
        page.reload()
        expect(body(page)).to_have_value(TYPED)
    reader.send(body=TYPED)
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert keys == [keys[0]] * 2
    (waiting,) = reader.desk.queue()
    assert waiting["id"] in str(reader.remembered())

    # Another reply is another request, the same words too.
    reader.send(body="Another.")
    expect(reader.comment("Nora Lind")).to_have_count(2)
    assert keys[2] != keys[0]
    assert len(reader.desk.queue()) == 2
    reader.watch.complaints.clear()


def test_a_button_pressed_twice_sends_once(reader: Reader, page: Page) -> None:
    reader.write(body=TYPED)
    page.get_by_role("button", name=SEND).dblclick()
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert len(reader.desk.queue()) == 1


def test_what_is_typed_while_a_reply_is_on_its_way_is_kept(reader: Reader, page: Page) -> None:
    held: list[Route] = []
    page.route(f"{reader.desk.service_url}/v1/comments", lambda route: held.append(route))
    with page.expect_request("**/v1/comments"):
        reader.send(body=TYPED)
    body(page).press("End")
    page.keyboard.type(" And one thing more.")
    held[0].continue_()
    expect(reader.comment("Nora Lind")).to_be_visible()
    expect(body(page)).to_have_value(TYPED + " And one thing more.")
    expect(body(page)).to_be_focused()


def test_a_limit_says_for_how_long_and_the_text_stays(reader: Reader, page: Page) -> None:
    reader.desk.site.change(limits="client=1/60")
    reader.send(body="The first one.")
    expect(reader.comment("Nora Lind")).to_be_focused()
    reader.send(body=TYPED)
    expect(page.locator(".reply-form [role=alert]")).to_contain_text("seconds")
    assert_kept(page, "try again in")
    page.reload()
    expect(body(page)).to_have_value(TYPED)
    reader.desk.site.change(limits="off")
    reader.send(body=TYPED)
    expect(reader.comment("Nora Lind")).to_have_count(2)


def test_an_article_that_closes_while_somebody_writes_gives_the_text_back(reader: Reader, page: Page) -> None:
    reader.write(body=TYPED)
    reader.desk.register(open=False)
    page.get_by_role("button", name=SEND).click()
    assert_kept(page, "closed to new replies")


def test_a_comment_that_is_removed_while_somebody_answers_it_leaves_the_text(reader: Reader, page: Page) -> None:
    gone = reader.desk.published(name="Ines")
    page.reload()
    body(page).fill("For all of you.")
    page.get_by_role("button", name="Reply to Ines").click()
    reader.write(body=TYPED)
    reader.desk.decide(gone["id"], "delete")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator("#reply-heading")).to_have_text("Leave a reply")
    expect(page.locator(".reply-form [role=alert]")).to_contain_text("not published under this article")
    # What had been written for the article itself is not lost for it either.
    expect(body(page)).to_have_value(f"For all of you.\n\n{TYPED}")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator("li.comment.depth-0 h3", has_text="Nora Lind")).to_be_visible()
    (waiting,) = reader.desk.queue()
    assert waiting["parent_id"] is None


@pytest.fixture
def watched_page(reader: Reader) -> Page:
    """Return an article with one comment, by Aoife, whose clock the test turns."""
    reader.desk.published(name="Aoife")
    reader.page.clock.install()
    return reader.open()


@pytest.mark.parametrize("typed", [TYPED, ""], ids=["with a text", "empty"])
def test_news_that_take_the_answered_comment_away_leave_form_and_text(
    reader: Reader, watched_page: Page, typed: str
) -> None:
    page, desk = watched_page, reader.desk
    gone = desk.published(name="Ines")
    page.reload()
    body(page).fill("For all of you.")
    page.get_by_role("button", name="Reply to Ines").click()
    body(page).fill(typed)
    desk.decide(gone["id"], "delete")
    desk.published(name="Tomás")
    desk.published(name="Zoë")
    page.clock.fast_forward(A_WHILE)
    page.get_by_role("button", name="1 new reply").click()
    expect(reader.comment("Zoë")).to_be_visible()
    expect(reader.comment("Ines")).to_have_count(0)
    expect(page.locator(".postbag > .reply-form")).to_have_count(1)
    expect(body(page)).to_have_value(f"For all of you.\n\n{typed}" if typed else "For all of you.")


def test_writing_is_not_disturbed_by_what_happens_to_other_replies_of_the_reader(
    reader: Reader, watched_page: Page
) -> None:
    page, desk = watched_page, reader.desk
    reader.send(body="First")
    expect(reader.comment("Nora Lind")).to_be_focused()
    desk.published(name="Zoë")
    page.reload()
    (waiting,) = desk.queue()
    # The waiting reply stands above the comment that is answered.
    page.get_by_role("button", name="Newest first").click()
    expect(page.locator("li.comment h3")).to_have_text(["Nora Lind", "Zoë", "Aoife"])
    page.get_by_role("button", name="Reply to Aoife").click()
    page.keyboard.type("Half a sent")
    desk.decide(waiting["id"], "delete")
    page.clock.fast_forward(A_WHILE)
    expect(reader.comment("Nora Lind")).to_have_count(0)
    page.keyboard.type("ence")
    expect(body(page)).to_have_value("Half a sentence")

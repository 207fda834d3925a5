"""The languages of the widget: which one it speaks, what that costs, and how it counts, dates and refuses in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from service.store import articles
from service.store.session import writing
from service.store.sites import find_site
from tests.browser.chromium import PATIENCE
from tests.browser.reader import Reader
from tests.browser.watch import Watch


def locales_asked(page: Page) -> list[str]:
    """Return the list to which the name of every locale that is asked for will be added."""
    asked: list[str] = []

    def note(url: str) -> None:
        if "/widget." in url:
            asked.append(url.rsplit("/", 1)[1])

    page.on("request", lambda request: note(request.url))
    return asked


@contextmanager
def another_browser(reader: Reader, chromium: Browser, locale: str) -> Iterator[Reader]:
    """Yield the same reader at a browser of another language."""
    context = chromium.new_context(locale=locale, timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE)
    yield Reader(reader.desk, reader.host, context, Watch(reader.desk.service_url, (reader.host.origin,)))
    context.close()


def count_becomes(reader: Reader, number: int) -> None:
    """Have the article count so many comments; its new title is what the server's memory of its pages hears of."""
    site = reader.desk.site
    registered(reader, "An article")
    with site.app.app_context(), writing():
        article = articles.find_article(find_site(site.slug).id, site.article)
        assert article is not None
        articles.change_counts({article.id: number - article.count})
    registered(reader, f"An article of {number}")


def registered(reader: Reader, title: str) -> None:
    """Have the server know the article by this title."""
    site = reader.desk.site
    said = {"site": site.slug, "key": site.article, "title": title}
    assert reader.desk.api.put("/v1/articles", data=said).ok


SPOKEN = {
    "de": ("1 Kommentar", "Antworten", "Zur Prüfung senden", "ltr"),
    "ar": ("تعليق واحد", "رد", "إرسال للمراجعة", "rtl"),
    "ja": ("コメント1件", "返信", "送信（確認後に公開）", "ltr"),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_the_language_of_the_page_is_spoken_for_one_request_more(reader: Reader, language: str) -> None:
    heading, reply, send, direction = SPOKEN[language]
    reader.desk.published(name="Aoife", body="One")
    asked = locales_asked(reader.page)
    page = reader.open(language=language)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".reply")).to_have_text(reply)
    expect(page.get_by_role("button", name=send)).to_be_visible()
    expect(page.locator(".postbag")).to_have_attribute("lang", language)
    expect(page.locator(".postbag")).to_have_attribute("dir", direction)
    assert asked == [f"widget.{language}.json"]


def test_a_language_from_right_to_left_is_laid_out_so(reader: Reader) -> None:
    parent = reader.desk.published(name="Aoife", body="Left to right.")
    reader.desk.published(name="ליאה", body="שלום", parent_id=parent["id"])
    # The page itself is not: the discussion turns by itself.
    page = reader.open(attributes='data-language="ar"')
    box, below = (page.locator(part).bounding_box() for part in (".postbag", ".depth-1"))
    avatar, name = (page.locator(f".depth-0 {part}").bounding_box() for part in (".avatar", "h3"))
    assert box
    assert below
    assert avatar
    assert name
    assert avatar["x"] > name["x"]
    assert avatar["x"] + avatar["width"] == pytest.approx(box["x"] + box["width"], abs=1)
    assert below["x"] == pytest.approx(box["x"], abs=1)
    assert below["x"] + below["width"] < box["x"] + box["width"]
    # What somebody wrote goes by its own letters.
    assert page.locator(".depth-0 .body").evaluate("body => getComputedStyle(body).direction") == "ltr"
    assert page.locator(".depth-1 .body").evaluate("body => getComputedStyle(body).direction") == "rtl"


def test_english_costs_no_request_and_has_the_dates_of_its_region(reader: Reader) -> None:
    reader.desk.published(name="Aoife", body="One")
    asked = locales_asked(reader.page)
    page = reader.open(language="en-US")
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    published = datetime.fromisoformat(reader.desk.page()["comments"][0]["published_at"])
    # As an American writes it, by the clock of Berlin, where the reader is.
    there = published.astimezone(ZoneInfo("Europe/Berlin"))
    written = f"{there:%b} {there.day}, {there:%Y}, {int(f'{there:%I}')}:{there:%M} {there:%p}"
    expect(page.locator("time")).to_have_text(written)
    assert asked == []


def test_what_the_site_asks_for_counts_for_more_than_the_page(reader: Reader) -> None:
    asked = locales_asked(reader.page)
    page = reader.open(language="ja", attributes='data-language="de-AT"')
    expect(page.get_by_role("heading", name="Kommentare")).to_be_visible()
    expect(page.locator(".postbag")).to_have_attribute("lang", "de")
    assert asked == ["widget.de.json"]


def test_the_browser_decides_where_the_page_says_nothing(reader: Reader, chromium: Browser) -> None:
    with another_browser(reader, chromium, "de-CH") as swiss:
        asked = locales_asked(swiss.page)
        page = swiss.open(language="")
        expect(page.get_by_role("heading", name="Kommentare")).to_be_visible()
        expect(page.locator(".empty")).to_have_text("Hier hat noch niemand geschrieben. Machen Sie den Anfang.")
        assert asked == ["widget.de.json"]
        # And where the page says something, it does not.
        swiss.open(language="en")
        expect(page.locator(".empty")).to_have_text("Nobody has written here yet. Yours could be the first word.")
        assert swiss.watch.findings == []


ARABIC = {0: "التعليقات", 1: "تعليق واحد", 2: "تعليقان", 3: "3 تعليقات", 11: "11 تعليقًا", 100: "100 تعليق"}
RUSSIAN = {
    1: "1 комментарий",
    2: "2 комментария",
    5: "5 комментариев",
    21: "21 комментарий",
    12345: "12\u00a0345 комментариев",
}


@pytest.mark.parametrize(("language", "headings"), [("ar", ARABIC), ("ru", RUSSIAN)], ids=["ar", "ru"])
def test_each_number_has_the_form_that_the_language_asks_for(
    reader: Reader, language: str, headings: dict[int, str]
) -> None:
    page = reader.page
    page.goto(reader.embed(language=language, body='<div id="there"></div>'))
    page.evaluate('window.handle = Postbag.mount(document.querySelector("#there"))')
    for number, heading in headings.items():
        count_becomes(reader, number)
        page.evaluate("handle.update({})")
        expect(page.locator("#comments-heading")).to_have_text(heading)


@pytest.mark.parametrize("tag", ["sv", "tlh-Latn", "x-none"])
def test_a_language_that_it_does_not_know_is_english(reader: Reader, tag: str) -> None:
    reader.desk.published(name="Aoife", body="One")
    asked = locales_asked(reader.page)
    page = reader.open(language=tag)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.locator(".postbag")).to_have_attribute("lang", "en")
    expect(page.locator("time")).to_contain_text(":")
    assert asked == []


def _gone(route: Route) -> None:
    route.fulfill(status=404, body="There is nothing here.")


def _out_of_reach(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize("fault", [_gone, _out_of_reach], ids=["404", "out-of-reach"])
def test_a_language_that_cannot_be_loaded_is_english(reader: Reader, fault: Callable[[Route], None]) -> None:
    reader.desk.published(name="Aoife", body="One")
    page = reader.page
    page.route("**/widget.ar.json", fault)
    reader.open(language="ar")
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.locator(".postbag")).to_have_attribute("dir", "ltr")
    expect(page.locator("time")).to_contain_text(":")
    reader.send(body="Sent all the same")
    expect(page.locator(".standing")).to_have_text("Awaiting review")
    assert all("widget.ar.json" in text or "Failed to load" in text for text in reader.watch.complaints)
    reader.watch.complaints.clear()


def test_what_is_refused_is_told_in_the_readers_language(reader: Reader) -> None:
    page = reader.open(language="de")
    reader.write(name="", email="nora", body=" ")
    page.get_by_role("button", name="Zur Prüfung senden").click()
    expect(page.get_by_role("alert")).to_have_text("3 Felder müssen korrigiert werden.")
    faults = {
        "body": "Bitte schreiben Sie etwas: Ihr Kommentar enthält keinen lesbaren Text.",
        "name": "Bitte geben Sie den Namen an, unter dem Ihr Kommentar erscheinen soll.",
        "email": "Das ist keine E-Mail-Adresse. Beispiel: name@example.com.",
    }
    for field, fault in faults.items():
        expect(page.locator(f".field-{field} .fault")).to_have_text(fault)
        expect(page.locator(f"[name={field}]")).to_have_accessible_description(re.compile(f"^{re.escape(fault)}"))
    expect(page.locator("[name=body]")).to_be_focused()
    reader.write(name="Nora Lind", email="nora@example.org", body="Hallo")
    page.get_by_role("button", name="Zur Prüfung senden").click()
    expect(page.locator(".standing")).to_have_text("Wird geprüft")
    expect(page.locator(".fault:visible")).to_have_count(0)

"""The widget in pages of all kinds: which article it is about, several on one page, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from service.store import articles
from service.store.session import writing
from service.store.sites import find_site
from tests.browser.reader import Reader

HOUR = 3_600_000  # milliseconds
MOUNTS = 200
FIRST_MOUNTS = 10  # these fill caches

# Mounts and unmounts so many times, each time waiting until a comment is shown.
CYCLE = """
async rounds => {
  for (let round = 0; round < rounds; round++) {
    const element = document.body.appendChild(document.createElement("div"));
    const handle = Postbag.mount(element);
    while (!element.shadowRoot?.querySelector(".comment")) await new Promise(done => setTimeout(done));
    handle.unmount();
    element.remove();
  }
}
"""
SHOW_AGAIN = """
() => {
  for (const isHidden of [true, false]) {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }
}
"""
STYLE_OF = "(element, name) => getComputedStyle(element).getPropertyValue(name)"


def requests_for(page: Page, part: str) -> list[str]:
    """Return the list to which every request with this part in its address will be added."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if part in request.url else None)
    return asked


def settle(reader: Reader) -> None:
    """Wait until whatever the page has begun to ask is noted and answered: this request comes after it."""
    reader.page.evaluate("url => fetch(url, { mode: 'no-cors' }).then(() => 0)", f"{reader.desk.service_url}/embed.js")


@dataclass(frozen=True)
class Naming:
    """A page that names its article in one way, and the article that is meant."""

    key: str
    attributes: str = ""
    canonical: str = ""
    suffix: str = ""


NAMINGS = {
    "data-article": Naming("{origin}/x/named", attributes='data-article="{origin}/x/named"', canonical="/x/other"),
    "path": Naming("{origin}/x/path", attributes='data-article="/x/path"'),
    "canonical": Naming("{origin}/x/canonical", canonical="/x/canonical", suffix="?utm_source=mail"),
    "location": Naming("{origin}/{slug}?page=2", suffix="?page=2#summary"),
}


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS.keys())
def test_the_article_is_the_one_that_the_page_names(reader: Reader, naming: Naming) -> None:
    places = {"origin": reader.host.origin, "slug": reader.desk.site.slug}
    reader.desk.published(name="Aoife", article=naming.key.format(**places))
    reader.desk.published(name="Bo")
    head = f'<link rel="canonical" href="{naming.canonical}">' if naming.canonical else ""
    page = reader.open(fragment=naming.suffix, attributes=naming.attributes.format(**places), head=head)
    if naming.suffix.endswith("#summary"):
        assert page.url.endswith("#summary")
    expect(page.locator(".comment h3")).to_have_text(["Aoife"])
    reader.send(body="To the same")
    expect(page.locator(".standing")).to_be_visible()
    expect(page.locator(".comment h3")).to_have_text(["Aoife", "Nora Lind"])


def test_what_the_element_says_counts_for_more_than_what_the_script_says(reader: Reader) -> None:
    reader.desk.published(name="Aoife", article=f"{reader.host.origin}/x/own")
    reader.desk.published(name="Bo", article=f"{reader.host.origin}/x/own")
    body = '<div id="postbag" data-article="/x/own" data-sort="newest" data-language="fr"></div>'
    attributes = 'data-article="/x/other" data-sort="oldest" data-language="de" data-page-size="1"'
    page = reader.open(attributes=attributes, body=body)
    expect(page.locator(".comment h3")).to_have_text(["Bo"])
    expect(page.locator(".postbag")).to_have_attribute("lang", "fr")


def test_two_on_one_page_each_have_an_article_of_their_own(reader: Reader) -> None:
    for name in ("one", "two", "three"):
        reader.desk.published(name=f"In {name}", article=f"{reader.host.origin}/x/{name}")
    body = '<div id="first"></div><div id="second"></div>'
    page = reader.page
    page.goto(reader.embed(body=body))
    page.evaluate("""
      window.first = Postbag.mount(document.querySelector("#first"), { article: "/x/one" });
      window.second = Postbag.mount(document.querySelector("#second"), { article: "/x/two", theme: "dark" });
    """)
    names = {which: page.locator(f"#{which} .comment h3") for which in ("first", "second")}
    expect(names["first"]).to_have_text(["In one"])
    expect(names["second"]).to_have_text(["In two"])
    page.locator("#second textarea").fill("For the second")
    # As a single-page application does when somebody turns to another article.
    page.evaluate('first.update({ article: "/x/three" })')
    expect(names["first"]).to_have_text(["In three"])
    expect(page.locator("#second textarea")).to_have_value("For the second")
    page.evaluate('second.update({ article: "/x/one" })')
    expect(names["second"]).to_have_text(["In one"])
    expect(page.locator("#second textarea")).to_have_value("")
    expect(page.locator("#second .postbag")).to_have_attribute("data-theme", "dark")
    page.evaluate("first.unmount()")
    expect(page.locator("#first .postbag, #first .comment")).to_have_count(0)
    expect(names["second"]).to_have_text(["In one"])
    page.evaluate('second.update({ article: "/x/two" })')
    expect(page.locator("#second textarea")).to_have_value("For the second")
    page.evaluate("second.unmount(); second.unmount()")
    expect(page.locator(".postbag")).to_have_count(0)


def test_a_widget_that_goes_before_it_has_come_shows_nothing(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page = reader.page
    page.goto(reader.embed(body='<div id="there"></div>'))
    with page.expect_event("requestfinished", lambda request: "/v1/comments?" in request.url):
        page.evaluate('Postbag.mount(document.querySelector("#there")).unmount()')
    settle(reader)
    expect(page.locator(".comment, .postbag")).to_have_count(0)


def test_two_hundred_mounts_leave_no_listener_no_node_and_no_memory(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page = reader.page
    page.goto(reader.embed(body="<p>No element.</p>"))
    devtools = reader.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    page.evaluate(CYCLE, FIRST_MOUNTS)
    before = _measured(devtools)
    page.evaluate(CYCLE, MOUNTS)
    more = {name: value - before[name] for name, value in _measured(devtools).items()}
    # What has just gone may still be held by an answer on its way; what leaks would be there two hundred times.
    assert more["JSEventListeners"] < MOUNTS / 10
    assert more["Nodes"] < MOUNTS
    assert more["JSHeapUsedSize"] / MOUNTS < 512, f"{more['JSHeapUsedSize']:.0f} bytes are left"


def test_a_widget_that_is_gone_leaves_no_timer(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page = reader.page
    page.clock.install()
    page.goto(reader.embed(body="<p>No element.</p>"))
    page.evaluate(CYCLE, FIRST_MOUNTS)
    asked = requests_for(page, "/v1/")
    page.clock.run_for(HOUR)
    page.evaluate(SHOW_AGAIN)
    page.clock.run_for(HOUR)
    settle(reader)
    assert asked == []


def _measured(devtools: CDPSession) -> dict[str, float]:
    devtools.send("HeapProfiler.collectGarbage")
    names = {"JSEventListeners", "Nodes", "JSHeapUsedSize"}
    return {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"] if m["name"] in names}


def test_a_script_that_is_included_twice_shows_one_discussion(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page = reader.page
    page.clock.install()
    slug, service = reader.desk.site.slug, reader.desk.service_url
    reader.open(head=f'<script async src="{service}/embed.js" data-site="{slug}"></script>')
    settle(reader)
    expect(page.locator(".comment")).to_have_count(1)
    expect(page.locator(".thread, .reply-form")).to_have_count(2)
    asked = requests_for(page, "/v1/counts?")
    with page.expect_request("**/v1/counts?*"):
        page.clock.fast_forward(38_000)
    settle(reader)
    assert len(asked) == 1
    reader.send()
    expect(page.locator(".standing")).to_have_count(1)
    assert len(reader.desk.queue()) == 1


def test_all_counts_of_a_page_are_asked_for_at_once(reader: Reader) -> None:
    origin, site = reader.host.origin, reader.desk.site
    reader.desk.published(article=f"{origin}/x/few")
    reader.desk.published(article=f"{origin}/x/few")
    reader.desk.published(article=f"{origin}/x/many")
    with site.app.app_context(), writing():
        many, _ = articles.add_article_if_absent(
            find_site(site.slug).id, f"{origin}/x/many", url=f"{origin}/x/many", title="Many", now=datetime.now(UTC)
        )
        articles.change_counts({many.id: 12_344})
    keys = [f"{origin}/x/few", f"{origin}/x/many", "/x/few", f"{origin}/x/none"]
    spans = "".join(f'<span data-postbag-count="{key}">some</span>' for key in keys)
    asked = requests_for(reader.page, "/v1/counts?")
    page = reader.open(body=f'{spans}<div id="postbag"></div>')
    expect(page.locator("[data-postbag-count]")).to_have_text(["2", "12,345", "2", "0"])
    assert len(asked) == 1
    # A list of articles has no discussion, but counts.
    page.goto(reader.embed(body=spans))
    expect(page.locator("[data-postbag-count]")).to_have_text(["2", "12,345", "2", "0"])
    assert len(asked) == 2


@pytest.mark.parametrize("fault", ["unknown-site", "foreign-origin"])
def test_where_there_is_no_discussion_the_article_stands_unharmed(reader: Reader, fault: str) -> None:
    reader.desk.published(name="Aoife")
    slug = "nobody" if fault == "unknown-site" else reader.desk.site.slug
    if fault == "foreign-origin":
        reader.desk.site.change(origins=["https://elsewhere.example"])
    page = reader.page
    page.clock.install()
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    page.goto(reader.host.embed(f"/x/{fault}", reader.desk.service_url, f'data-site="{slug}"'))
    expect(page.locator("#postbag .quiet")).to_have_text("Comments are not available here.")
    expect(page.locator("#postbag").locator("h2, form, button, .comment")).to_have_count(0)
    expect(page.get_by_role("heading", name="An article")).to_be_visible()
    expect(page.get_by_text("The end of the page")).to_be_visible()
    # It is said once, also to somebody who keeps coming back to the tab.
    asked = requests_for(page, "/v1/")
    page.evaluate(SHOW_AGAIN)
    page.clock.run_for(HOUR)
    settle(reader)
    assert asked == []
    (line,) = reader.watch.complaints
    explained = "There is no site of this name." if fault == "unknown-site" else f"does not list {reader.host.origin}"
    assert "Postbag: " in line
    assert explained in line
    assert len(lines) == (2 if fault == "unknown-site" else 1)  # the browser tells of a 404 by itself
    reader.watch.complaints.clear()


@pytest.mark.parametrize(("theme", "color", "background"), [("dark", 255, 18), ("light", 0, 255)])
def test_a_theme_that_is_asked_for_holds(reader: Reader, theme: str, color: int, background: int) -> None:
    page = reader.page
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    reader.open(attributes=f'data-theme="{theme}"')
    box = page.locator(".postbag")
    assert box.evaluate(STYLE_OF, "color") == f"rgb({color}, {color}, {color})"
    assert box.evaluate(STYLE_OF, "background-color") == f"rgb({background}, {background}, {background})"
    assert box.evaluate(STYLE_OF, "color-scheme") == theme


def test_a_page_styles_the_discussion_with_a_sheet_of_its_own(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    path = f"/{reader.desk.site.slug}"
    sheet = """
      body { font: 20px/1.5 Georgia, serif; color: rgb(1, 2, 3) }
      #postbag { --postbag-accent: rgb(0, 102, 51); --postbag-radius: 9px }
      #postbag::part(avatar) { border-radius: 4px }
      #postbag::part(depth-0) { padding-block-start: 7px }
      #postbag::part(report) { display: none }
    """
    reader.host.serve(f"{path}.css", sheet)
    reader.embed(head=f'<link rel="stylesheet" href="{path}.css">')
    html, policy = reader.host.page_at(path) or ("", "")
    page = reader.page
    page.goto(reader.host.serve(path, html, policy=policy.replace("style-src ", "style-src 'self' ")))
    expect(reader.comment("Aoife")).to_be_visible()
    styles: dict[tuple[str, str], Any] = {
        (".avatar", "border-top-left-radius"): "4px",
        (".comment", "padding-top"): "7px",
        (".report", "display"): "none",
        (".body", "font-family"): "Georgia, serif",
        (".body", "color"): "rgb(1, 2, 3)",
        ("h3", "font-size"): "20px",
        ("textarea", "border-top-left-radius"): "9px",
        (".send [type=submit]", "border-top-color"): "rgb(0, 102, 51)",
    }
    found = {(part, name): page.locator(part).first.evaluate(STYLE_OF, name) for part, name in styles}
    assert found == styles

"""What people have tried elsewhere does nothing here: every attack in every field, read in a browser without a policy.

The browser runs scripts and ignores the pages' Content-Security-Policy, which would hide a hole in the sanitiser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.attack_strings import ALL, BY_TECHNIQUE, share
from tests.browser.desk import Desk
from tests.browser.watch import Watch

TRIED = share(0)

NAME_MAX, TITLE_MAX = 100, 300
TOGETHER = "\n".join(ALL)  # more than a body may have, so that a form gives it back

# Gives everything in a tree that a reader's page must not hold, each as a line.
FAULTS_IN = """
window.faultsIn = (root, isWrittenByReaders) => {
  const tags = new Set(["P", "BR", "A", "EM", "STRONG", "DEL", "CODE", "PRE", "BLOCKQUOTE", "UL", "OL", "LI"]);
  // One script is data: what search engines read. Whatever ends it early or adds another is found.
  const data = 'head > script[type="application/ld+json"]:only-of-type';
  const never = `script:not(${data}),iframe,frame,frameset,object,embed,applet,base,style,svg,math,template,` +
    "noscript,portal," +
    "audio,video,source,track,[style],[srcdoc],[srcset],[formaction],[background],[ping],meta[http-equiv]";
  const faults = [...root.querySelectorAll(never)].map(found => `never: ${found.outerHTML}`);
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) faults.push(`handler: ${element.outerHTML}`);
      if (isWrittenByReaders && !(element.tagName === "A" && ["href", "rel"].includes(name)))
        faults.push(`attribute: ${element.outerHTML}`);
      if (["href", "src", "action"].includes(name) && /^\\s*(?!https?:|mailto:|[\\/#])/i.test(value))
        faults.push(`address: ${element.outerHTML}`);
    }
    if (!isWrittenByReaders) continue;
    if (!tags.has(element.tagName)) faults.push(`element: ${element.outerHTML}`);
    if (element.tagName === "A" && !["http:", "https:", "mailto:"].includes(element.protocol))
      faults.push(`protocol: ${element.outerHTML}`);
    if (element.tagName === "A" && element.rel !== "nofollow ugc noopener") faults.push(`rel: ${element.outerHTML}`);
  }
  return faults;
}
window.faultsOfPage = () => {
  const written = [...document.querySelectorAll(".body")];
  for (const { text } of document.scripts) JSON.parse(text);
  return [...faultsIn(document, false), ...written.flatMap(body => faultsIn(body, true))];
}
"""

# What a site's own script does with `body_html`: parses it, assigns it, reads it back.
FAULTS_OF_HTML = """
bodies => bodies.flatMap(html => {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const assigned = document.createElement("div");
  assigned.innerHTML = html;
  document.body.append(assigned);
  const again = document.createElement("div");
  again.innerHTML = assigned.innerHTML;
  const faults = [...faultsIn(parsed.body, true), ...faultsIn(assigned, true), ...faultsIn(again, true)];
  if (again.innerHTML !== assigned.innerHTML) faults.push(`mutates: ${html}`);
  if (!again.isEqualNode(assigned)) faults.push(`changes: ${html}`);
  return faults.map(fault => `${fault} <= ${html}`);
})
"""


@pytest.fixture
def page(unguarded: BrowserContext, watch: Watch) -> Page:
    page = watch.over(unguarded)
    page.add_init_script(FAULTS_IN)
    return page


def batches(size: int, attacks: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the attacks, `size` of them at a time."""
    for start in range(0, len(attacks), size):
        yield attacks[start : start + size]


def assert_harmless(page: Page, watch: Watch) -> None:
    """Fail where the page that is open holds anything it must not, or has done anything."""
    assert page.evaluate("faultsOfPage()") == []
    assert watch.dialogs == []
    assert watch.foreign_requests == []


def send_with_everything(desk: Desk, attack: str) -> dict[str, Any] | None:
    """Send an attack as body, name and website, without those that are refused; None where the body itself is."""
    # Tags alone say nothing and are refused; the words make the rest of it publishable.
    fields = {"body": f"{attack}\n\nSome words.", "name": attack[:NAME_MAX], "url": attack}
    while True:
        # In this process, since there are hundreds of them, and what is done to a reply is the same.
        response = desk.site.client.post("/v1/comments", json=desk.site.reply(**fields), headers=desk.site.bearer)
        if response.status_code in {201, 202}:
            sent: dict[str, Any] = response.get_json()
            return sent
        assert response.status_code == 422, response.text
        refused = {fault["field"] for fault in response.get_json()["errors"]}
        if "body" in refused:
            return None
        assert refused <= fields.keys(), response.text
        fields = {name: value for name, value in fields.items() if name not in refused}


def test_the_collection_is_broad() -> None:
    assert len(set(ALL)) >= 300
    assert min(map(len, BY_TECHNIQUE.values())) >= 10


def test_no_published_attack_does_anything(page: Page, desk: Desk, watch: Watch) -> None:
    sent = [answer for attack in TRIED if (answer := send_with_everything(desk, attack))]
    assert len(sent) > 0.95 * len(TRIED)
    desk.approve_all(sent)
    bodies: list[str] = []
    cursor: str | None = None
    while not bodies or cursor:
        after = {"cursor": cursor} if cursor else {}
        shown = desk.page(**after)
        page.goto(desk.address_of(**after))
        expect(page.locator(".comment")).to_have_count(len(shown["comments"]))
        names = page.locator(".comment h3 bdi").all_inner_texts()
        assert names == [" ".join(comment["author"]["name"].split()) for comment in shown["comments"]]
        assert_harmless(page, watch)
        bodies += [comment["body_html"] for comment in shown["comments"]]
        cursor = shown["next"]
    assert len(bodies) == len(sent)
    page.goto(f"{desk.service_url}/docs/errors/invalid")
    assert page.evaluate(FAULTS_OF_HTML, bodies) == []
    assert_harmless(page, watch)


def test_no_title_of_an_article_does_anything(page: Page, desk: Desk, watch: Watch) -> None:
    for titles in batches(12, TRIED):
        # As many as fit into one title; what one of them opens the next may close, so the order is turned as well.
        for title in ("".join(titles)[:TITLE_MAX], "".join(reversed(titles))[:TITLE_MAX]):
            desk.register(title=title)
            page.goto(desk.thread)
            assert_harmless(page, watch)
            assert page.title().startswith("Comments on ")


def test_what_is_refused_comes_back_as_it_was_and_does_nothing(page: Page, desk: Desk, watch: Watch) -> None:
    fields = ("body", "name", "email", "url")
    for attacks in batches(60, TRIED):
        page.goto(desk.thread)
        for field in fields:
            page.locator(f"#reply-{field}").fill("\n" + "\n".join(attacks))
        typed = {field: page.locator(f"#reply-{field}").input_value() for field in fields}
        page.get_by_role("button", name="Send for review").click()
        expect(page.locator("#reply-faults")).to_be_visible()
        assert {field: page.locator(f"#reply-{field}").input_value() for field in fields} == typed
        assert_harmless(page, watch)


def test_no_hidden_field_of_the_form_does_anything(page: Page, desk: Desk, watch: Watch) -> None:
    for field in ("article", "article_title", "article_url", "parent_id"):
        page.goto(desk.thread)
        page.evaluate(
            """([name, value]) => {
              const form = document.querySelector("form");
              const made = Object.assign(document.createElement("input"), {name});
              (form.elements[name] ?? form.appendChild(made)).value = value;
              form.noValidate = true;
            }""",
            [field, TOGETHER],
        )
        page.get_by_role("button", name="Send for review").click()
        expect(page.locator("#reply-faults")).to_be_visible()
        assert_harmless(page, watch)


def test_no_receipt_does_anything(page: Page, desk: Desk, watch: Watch) -> None:
    for attacks in batches(60, TRIED):
        sent = desk.submitted(body="\n\n".join(attacks))
        page.goto(sent["receipt"]["url"])
        assert_harmless(page, watch)
        page.get_by_text("Revise your reply").click()
        page.locator("#revise-body").fill(TOGETHER)
        page.get_by_role("button", name="Send the changes for review").click()
        expect(page.locator("#revise-faults")).to_be_visible()
        assert_harmless(page, watch)
        desk.decide(sent["id"], "reject", reason=" ".join("".join(attacks).split())[:500])
        page.goto(sent["receipt"]["url"])
        assert_harmless(page, watch)


def test_no_query_does_anything(page: Page, desk: Desk, watch: Watch) -> None:
    known = {"site": desk.site.slug, "article": desk.site.article}
    for attacks in batches(40, TRIED):
        query = known | dict.fromkeys(("sort", "cursor", "reply_to", "comment", "done"), "".join(attacks)[:600])
        page.goto(f"{desk.service_url}/comments?{urlencode(query)}")
        assert_harmless(page, watch)
        page.goto(desk.address_of(article="".join(attacks)[:190].replace("://", ":")))
        assert_harmless(page, watch)
        page.goto(desk.address_of(site="".join(attacks)))
        assert_harmless(page, watch)
        page.goto(f"{desk.service_url}/{urlencode({'': ''.join(attacks)})}")
        assert_harmless(page, watch)

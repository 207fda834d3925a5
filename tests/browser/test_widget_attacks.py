"""What people have tried elsewhere does nothing in the widget either, wherever they put it.

But for the last test the browser runs scripts and ignores the page's Content-Security-Policy, which would hide a hole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from service.domain.site import Policy
from tests.browser.article_host import PAGE, ArticleHost, strict_policy
from tests.browser.attack_strings import share
from tests.browser.desk import Desk, token_of
from tests.browser.reader import Reader
from tests.browser.test_attacks import FAULTS_IN, NAME_MAX, TITLE_MAX, batches, send_with_everything
from tests.browser.watch import Watch

REASON_MAX = 500
UNKNOWN = "00000000-0000-0000-0000-000000000000"
UNAVAILABLE = "Comments are not available here."
OWN = (
    "DIV SECTION HEADER FOOTER ARTICLE NAV H2 H3 OL UL LI P A BUTTON SPAN BDI IMG TIME FORM LABEL INPUT TEXTAREA "
    "FIELDSET LEGEND Q"
)

TRIED = share(2)

# As for the service's own pages, in the shadow root; outside of a body stands only what the widget itself makes.
FAULTS_OF_WIDGET = f"""
window.faultsOfWidget = () => {{
  const root = document.querySelector("#postbag").shadowRoot;
  const own = new Set("{OWN}".split(" "));
  const bodies = [...root.querySelectorAll(".body")];
  const others = [...root.querySelectorAll("*")].filter(element => !element.parentElement?.closest(".body"));
  return [
    ...faultsIn(root, false),
    ...bodies.flatMap(body => faultsIn(body, true)),
    ...others.filter(element => !own.has(element.tagName)).map(element => `foreign: ${{element.outerHTML}}`),
    ...[...root.querySelectorAll("h3 a")].filter(link => !/^https?:$/.test(link.protocol)).map(link => link.href),
    ...[...root.querySelectorAll("img")].filter(image => image.className != "avatar").map(image => image.outerHTML),
  ];
}}
"""


@pytest.fixture
def victim(unguarded: BrowserContext, desk: Desk, article_host: ArticleHost) -> Iterator[Reader]:
    """Return a reader whose browser pays no heed to the policy, and who may come to no harm."""
    desk.site.change(origins=[article_host.origin])
    desk.site.article = f"{article_host.origin}/{desk.site.slug}"
    victim = Reader(desk, article_host, unguarded, Watch(desk.service_url, (article_host.origin,)))
    victim.page.add_init_script(FAULTS_IN)
    victim.page.add_init_script(FAULTS_OF_WIDGET)
    yield victim
    assert_unharmed(victim)


def assert_unharmed(victim: Reader) -> None:
    """Fail where the page that is open holds anything it must not, or has done anything."""
    assert victim.page.evaluate("faultsOfWidget()") == []
    assert victim.watch.findings == []


def keep(victim: Reader, name: str, value: str) -> None:
    """Put something into the localStorage of the page that is open."""
    victim.page.evaluate("([name, value]) => localStorage.setItem(name, value)", [name, value])


def test_no_published_attack_does_anything_in_the_widget(victim: Reader) -> None:
    victim.desk.site.change(policy=Policy.NONE)
    sent = [answer for attack in TRIED if (answer := send_with_everything(victim.desk, attack))]
    assert len(sent) > 0.95 * len(TRIED)
    victim.desk.approve_all([held for held in sent if held["status"] == "pending"])
    page = victim.open(attributes='data-page-size="100"')
    shown, more = page.locator(".comment"), page.get_by_role("button", name="More comments")
    expect(shown).to_have_count(100)
    while more.is_visible():
        before = shown.count()
        more.click()
        expect(shown.nth(before)).to_be_focused()
    expect(shown).to_have_count(len(sent))
    assert_unharmed(victim)
    # Opened, with names in headings and hints, and drawn a second time.
    page.locator("button.reply").first.click()
    page.locator("button.report").first.click()
    page.locator("button.votes").first.click()
    expect(page.locator("button.votes").first).to_have_attribute("aria-pressed", "true")


def test_no_reply_of_ones_own_does_anything_pending_or_rejected(victim: Reader) -> None:
    sent: dict[str, dict[str, Any]] = {}
    for attacks in batches(10, TRIED):
        for joined in ("\n\n".join(attacks), "".join(attacks)):
            fields = {"body": f"{joined}\n\nSome words.", "name": "".join(attacks)[:NAME_MAX]}
            receipt = victim.desk.submitted(**fields)
            sent[receipt["id"]] = receipt
    page = victim.open()
    receipts = {key: token_of(receipt["receipt"]["url"]) for key, receipt in sent.items()}
    memory = {"receipts": receipts, "drafts": {"": "\n".join(TRIED)}}
    keep(victim, f"postbag {victim.desk.site.slug} {victim.desk.site.article}", json.dumps(memory))
    page.reload()
    expect(page.locator(".standing")).to_have_count(len(sent))
    expect(page.locator("#reply-body")).to_have_value("\n".join(TRIED))
    assert_unharmed(victim)
    page.locator("button.revise").first.click()
    expect(page.locator(".comment textarea")).to_be_focused()
    page.locator("button.withdraw").nth(1).click()
    assert_unharmed(victim)
    reasons = [" ".join("".join(attacks).split())[:REASON_MAX] for attacks in batches(10, TRIED)]
    for number, key in enumerate(sent):
        victim.desk.decide(key, "reject", reason=reasons[number // 2])
    page.reload()
    expect(page.locator(".reason")).to_have_count(len(sent))
    told = [victim.desk.api.get(f"/v1/receipts/{token}").json()["reason"] for token in receipts.values()]
    assert sorted(page.locator(".reason").all_text_contents()) == sorted(told)


def test_no_preview_and_nothing_refused_does_anything(victim: Reader) -> None:
    page = victim.open()
    for attacks in batches(60, TRIED):
        page.locator("#reply-body").fill("\n\n".join(attacks))
        with page.expect_response("**/v1/preview"):
            page.get_by_role("button", name="Preview").click()
        expect(page.locator(".preview")).to_be_focused()
        victim.write(name="\n".join(attacks), email="\n".join(attacks), url="\n".join(attacks))
        page.get_by_role("button", name="Send for review").click()
        expect(page.locator(".told")).to_be_visible()
        assert_unharmed(victim)


def test_no_title_does_anything_and_no_data_attribute(victim: Reader) -> None:
    victim.desk.published(name="Aoife")
    for attacks in batches(100, TRIED):
        together = "".join(attacks)
        victim.desk.register(title=together[:TITLE_MAX])
        escaped = together.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        named = " ".join(f'data-{name}="{escaped}"' for name in ("title", "theme", "language", "sort"))
        page = victim.open(attributes=named, title=escaped)
        expect(victim.comment("Aoife")).to_be_visible()
        assert_unharmed(victim)
        page.goto(victim.embed(attributes=f'data-article="{escaped}" data-page-size="{escaped}"'))
        expect(page.get_by_text(UNAVAILABLE)).to_be_visible()
        assert page.url == victim.desk.site.article
        assert all(said.startswith("Postbag: ") for said in victim.watch.complaints), victim.watch.complaints
        assert victim.watch.complaints != []
        victim.watch.complaints.clear()
        page.goto(victim.embed(attributes="", body=f'<div id="postbag" data-site="{escaped}"></div>'))
        expect(page.get_by_text(UNAVAILABLE)).to_be_visible()
        victim.watch.complaints.clear()


@pytest.mark.parametrize(
    "language", ["en-12", "en-__", "en-GB-x-", "en\u0000", "EN-gb", "constructor", "__proto__", "*"]
)
def test_an_odd_language_is_read_as_far_as_it_goes(victim: Reader, language: str) -> None:
    victim.desk.published(name="Aoife")
    victim.open(attributes=f'data-language="{language}"')
    expect(victim.comment("Aoife").locator("time")).to_contain_text(":")


def test_nothing_in_local_storage_does_anything_or_breaks_the_widget(victim: Reader) -> None:
    markup = "<img src=x onerror=alert(1)>"
    sent = victim.desk.published(name="Aoife")
    page = victim.open()
    mine = f"postbag {victim.desk.site.slug} {victim.desk.site.article}"
    odd: list[Any] = [None, 5, markup, [None], {sent["id"]: markup}]
    kept = [json.dumps(value) for value in odd]
    kept += [json.dumps(dict.fromkeys(("drafts", "receipts", "votes", "nonce"), value)) for value in odd]
    kept += [json.dumps({"receipts": {markup: markup, sent["id"]: "../../comments"}, "drafts": {"": markup}})]
    for value in ["{", markup, "undefined", *kept]:
        keep(victim, mine, value)
        keep(victim, "postbag me", value)
        page.reload()
        expect(victim.comment("Aoife").locator(".body")).to_be_visible()
        expect(page.locator("#reply-body")).to_be_visible()
        victim.write(name="Nora", body="Hello")
        victim.comment("Aoife").locator("button.reply").click()
        expect(victim.comment("Aoife").locator("textarea")).to_be_focused()
        # What is no receipt may lead to no address of the service; the browser says so, and nobody else says anything.
        victim.watch.complaints = [
            said for said in victim.watch.complaints if "CORS" not in said and "ERR_" not in said
        ]
        assert_unharmed(victim)


def test_nothing_in_the_address_does_anything_or_breaks_the_widget(victim: Reader) -> None:
    victim.desk.published(name="Aoife")
    fragments = [
        "comment-x",
        "comment-",
        "comment-__proto__",
        "comment-" + "-".join(["0000"] * 8),
        f"comment-{UNKNOWN}",
    ]
    for attacks in batches(100, TRIED):
        fragments += ["".join(attacks), "comment-" + "".join(attacks)]
    page = victim.open()
    for fragment in fragments:
        page.goto("about:blank")
        page.goto(f"{victim.embed()}#{fragment}")
        expect(victim.comment("Aoife")).to_be_visible()
        page.evaluate("location.hash = '#'")
        page.evaluate("fragment => { location.hash = fragment }", f"#{fragment}")
        expect(victim.comment("Aoife")).to_be_visible()
        assert_unharmed(victim)


def test_a_page_that_takes_trusted_html_alone_shows_the_thread(
    chromium: Browser, desk: Desk, article_host: ArticleHost
) -> None:
    desk.site.change(origins=[article_host.origin])
    desk.site.article = f"{article_host.origin}/{desk.site.slug}"
    desk.published(name="Aoife", body="Who *pays*?")
    desk.published(name="Ines", body="We **do**.")
    script = f'<script async src="{desk.service_url}/embed.js" data-site="{desk.site.slug}"></script>'
    html = PAGE.format(language="en", title="An article", head=script, body='<div id="postbag"></div>')
    trusting = "; require-trusted-types-for 'script'; trusted-types postbag"
    address = article_host.serve(f"/{desk.site.slug}", html, policy=strict_policy(desk.service_url) + trusting)
    context = chromium.new_context()
    watch = Watch(desk.service_url, (article_host.origin,))
    page = watch.over(context)
    page.goto(address)
    expect(page.locator(".comment em")).to_have_text("pays")
    expect(page.locator(".comment strong")).to_have_text("do")
    page.locator("#reply-body").fill("Nobody *knows*.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview em")).to_have_text("knows")
    # The browser reports the one try that tells whether the page is such a page.
    assert len([said for said in watch.complaints if said.startswith("policy: require-trusted-types-for")]) == 1
    assert all("TrustedHTML" in said or "require-trusted-types-for" in said for said in watch.complaints)
    assert (watch.dialogs, watch.foreign_requests) == ([], [])
    context.close()

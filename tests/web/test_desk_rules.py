"""`/desk/rules`: rules as plain forms, tried before they are switched on, and told wherever they have acted."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIELD = re.compile(r'<input [^>]*?name="([a-z_.]+)"[^>]*?value="([^"]*)"')
CHOICE = re.compile(r'<select [^>]*?name="([a-z]+)"[^>]*>.*?<option value="([a-z]+)" selected', re.DOTALL)
WORD = {"kind": "word", "action": "hold", "value": "casino", "note": "", "expires": ""}


def send(browser: DeskBrowser, site: SiteDriver, do: str, **fields: str) -> TestResponse:
    return browser.post(f"/desk/rules?site={site.slug}", do=do, **fields)


def typed_in(page: TestResponse) -> dict[str, str]:
    """Return every field of the form of a rule as a browser would send it; a box that is not ticked sends nothing."""
    forms = re.findall(r"<form method=\"post\" action=\"/desk/rules[^>]*>(.*?)</form>", page.text, re.DOTALL)
    form = next(form for form in forms if "<textarea" in form)
    fields = dict(FIELD.findall(form)) | dict(CHOICE.findall(form))
    fields["value"] = form.split("<textarea", 1)[1].split(">\n", 1)[1].split("</textarea>")[0]
    if 'name="confirm"' in form and " checked" not in form:
        fields.pop("confirm")
    return {name: html.unescape(value) for name, value in fields.items() if name != "csrf"}


def said_on(page: TestResponse) -> str:
    """Return the words of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))


def listed(site: SiteDriver) -> list[dict[str, Any]]:
    return list(site.client.get("/v1/moderation/rules", headers=site.bearer).get_json()["rules"])


def saved(browser: DeskBrowser, site: SiteDriver, **fields: str) -> TestResponse:
    """Send a form that is taken, and return the page that it leads to."""
    answer = send(browser, site, "save", **fields)
    assert answer.status_code == 303, said_on(answer)
    return browser.get(answer.location)


def test_a_rule_is_tried_switched_on_changed_and_removed(free_site: SiteDriver) -> None:
    site, noor = free_site, signed_in(free_site)
    good = site.published(body="The <b>old</b> casino was torn down in 1931.", name="Ines")
    site.submitted(body="Nothing of it.")
    typed = WORD | {"value": "casino\r\nroulette", "note": "Sellers & such", "action": "spam"}
    page = send(noor, site, "try", **typed)
    assert page.status_code == 200
    said = said_on(page)
    assert "It would have taken for spam 1 of the last 2; 1 of those was later approved." in said
    assert "<mark>casino</mark>" in page.text
    assert "The &lt;b&gt;old&lt;/b&gt; " in page.text
    assert f'href="/desk/comments/{good["id"]}?site={site.slug}"' in page.text
    assert listed(site) == []
    kept = typed_in(page)
    assert kept == typed | {"value": kept["value"]}
    assert kept["value"].split() == ["casino", "roulette"]
    page = saved(noor, site, **kept)
    assert "The rule is switched on." in said_on(page)
    (rule,) = listed(site)
    assert (rule["value"], rule["action"], rule["created_by"]) == ("casino\nroulette", "spam", "Noor")
    shown = typed_in(page)
    assert shown["rule"] == rule["id"]
    assert "Nothing was changed." in said_on(saved(noor, site, **shown))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    page = saved(noor, site, **shown | {"action": "hold", "expires": tomorrow})
    assert "The rule is changed." in said_on(page)
    (changed,) = listed(site)
    assert (changed["action"], changed["version"]) == ("hold", 2)
    assert changed["expires_at"] > tomorrow, "that day is still part of it"
    assert typed_in(page)["expires"] == tomorrow
    late = send(noor, site, "save", **shown | {"note": "Mine"})
    assert late.status_code == 422
    assert "Somebody has changed this rule meanwhile" in said_on(late)
    assert typed_in(late)["note"] == "Mine"
    gone = send(noor, site, "remove", rule=rule["id"])
    assert "What it held stays held." in said_on(noor.get(gone.location))
    assert listed(site) == []


def test_what_meets_nearly_everything_is_asked_about_in_words_of_the_page(site: SiteDriver) -> None:
    page = send(signed_in(site), site, "save", **WORD | {"kind": "pattern", "value": "."})
    assert page.status_code == 422
    assert "or tick below that it is meant so." in page.text
    assert 'name="confirm"' in page.text
    assert "`" not in said_on(page)


def test_the_moment_behind_a_day_stays_while_the_day_does(site: SiteDriver) -> None:
    until = (datetime.now(UTC) + timedelta(days=5)).replace(hour=9, minute=30, second=0, microsecond=0)
    rule = site.rule("word", "hold", "casino", expires_at=until.isoformat())
    noor = signed_in(site)
    shown = typed_in(noor.get(f"/desk/rules/{rule['id']}"))
    assert shown["expires"] == until.date().isoformat()
    saved(noor, site, **shown | {"note": "Again"})
    assert [one["expires_at"] for one in listed(site)] == [rule["expires_at"]]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        pytest.param({"value": " "}, "value", "A rule needs a value", id="nothing"),
        pytest.param({"kind": "pattern", "value": "("}, "value", "bracket is opened", id="pattern"),
        pytest.param({"kind": "network", "value": "here"}, "value", "“192.0.2.0/24” or", id="network"),
        pytest.param({"kind": "domain", "value": "casino"}, "value", "is none.", id="domain"),
        pytest.param({"kind": "author", "value": "nobody"}, "value", "An author is", id="author"),
        pytest.param({"note": "x" * 501}, "note", "at most 500", id="note"),
        pytest.param({"expires": "soon"}, "expires", "Write a day as", id="no-day"),
        pytest.param({"expires": "2020-01-01"}, "expires", "in the future", id="past"),
        pytest.param({"kind": "colour"}, "kind", "Choose one", id="kind"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_with_all_that_was_typed(
    site: SiteDriver, changes: dict[str, str], field: str, sentence: str
) -> None:
    noor, typed = signed_in(site), WORD | {"value": "<casino>", "note": "Why"} | changes
    for do in ("try", "save"):
        page = send(noor, site, do, **typed)
        assert page.status_code == 422
        fault = re.search(rf'<p class="fault" id="{field}-fault">(.*?)</p>', page.text)
        assert fault is not None
        assert sentence in html.unescape(fault[1])
        again = typed_in(page)
        assert (again["value"].strip(), again["note"]) == (typed["value"].strip(), typed["note"])
    assert listed(site) == []


def test_what_would_meet_nearly_everything_is_confirmed_on_the_page(free_site: SiteDriver) -> None:
    site, noor = free_site, signed_in(free_site)
    for number in range(20):
        site.submitted(body=f"Thanks for number {number}.")
    tried = send(noor, site, "try", **WORD | {"value": "thanks"})
    assert "20 of the last 20" in said_on(tried)
    assert 'name="confirm"' in tried.text
    refused = send(noor, site, "save", **typed_in(tried))
    assert refused.status_code == 422
    assert 'name="confirm"' in refused.text
    assert listed(site) == []
    saved(noor, site, **typed_in(refused), confirm="yes")
    assert [rule["value"] for rule in listed(site)] == ["thanks"]


def test_the_list_is_narrowed_and_paged(site: SiteDriver) -> None:
    noor = signed_in(site)
    assert "There is no rule yet." in said_on(noor.get("/desk/rules"))
    site.rule("word", "hold", "<casino>\nroulette", note="Sellers")
    site.rule("network", "trust", "192.0.2.0/24")
    page = said_on(noor.get("/desk/rules"))
    assert "<casino> … (2 lines)" in page
    assert "192.0.2.0/24" in page
    narrowed = noor.get("/desk/rules", kind="network", action="trust")
    assert "192.0.2.0/24" in said_on(narrowed).split("The rules")[1]
    assert "<casino>" not in said_on(narrowed)
    assert "No rule is of this kind." in said_on(noor.get("/desk/rules", kind="network", action="spam"))
    assert noor.get("/desk/rules", kind="colour").status_code == 200
    assert noor.get("/desk/rules", cursor="made-up").status_code == 422
    for number in range(99):
        site.rule("word", "trust", f"word{number}")
    first = noor.get("/desk/rules")
    assert "roulette" not in said_on(first)
    older = re.search(r'class="next" href="([^"]+)"', first.text)
    assert older is not None
    assert "<casino>" in said_on(noor.get(html.unescape(older[1])))


def test_a_viewer_reads_rules_and_has_no_form(site: SiteDriver) -> None:
    rule, viewer = site.rule("author", "hold", "eve@spam.example\n@junk.example"), signed_in(site, "viewer")
    for address in ("/desk/rules", f"/desk/rules/{rule['id']}"):
        page = viewer.get(address)
        assert page.status_code == 200
        assert "<textarea" not in page.text
        assert "eve@" not in page.text
    assert "@junk.example" in said_on(viewer.get(f"/desk/rules/{rule['id']}"))
    for do in ("try", "save", "remove"):
        assert send(viewer, site, do, **WORD, rule=rule["id"]).status_code == 403
    assert "eve@spam.example" in said_on(signed_in(site, "admin").get(f"/desk/rules/{rule['id']}"))


def test_an_unknown_rule_or_deed_is_refused(site: SiteDriver) -> None:
    noor = signed_in(site)
    assert noor.get("/desk/rules/01980000-0000-7000-8000-000000000000").status_code == 404
    assert send(noor, site, "save", **WORD, rule="made-up").status_code == 404
    refused = send(noor, site, "burn", **WORD)
    assert refused.status_code == 422
    assert "does not say what to do" in said_on(refused)


def test_a_signal_leads_to_its_rule_and_the_log_tells_of_it(free_site: SiteDriver) -> None:
    site, noor = free_site, signed_in(free_site)
    rule = site.rule("word", "hold", "casino\nroulette", note="Sellers")
    sent = site.submitted(body="The casino.")
    link = f'<a href="/desk/rules/{rule["id"]}?site={site.slug}">The rule</a>'
    for address in ("/desk", f"/desk/comments/{sent['id']}"):
        page = noor.get(address)
        assert link in page.text
        assert "Listed word" in said_on(page)
        assert "<mark>casino</mark>" in page.text
    site.client.patch(f"/v1/moderation/rules/{rule['id']}", json={"action": "spam"}, headers=site.bearer)
    page = noor.get("/desk/log", kind="rule")
    said = said_on(page)
    assert "rule: add" in said
    assert "value: casino, roulette" in said
    assert "action: hold → spam" in said
    assert "version: 2" in said
    assert "rule_id" not in said
    assert page.text.count(f'href="/desk/rules/{rule["id"]}?site={site.slug}"') == 2


def test_an_author_is_blocked_from_a_page_of_theirs(free_site: SiteDriver) -> None:
    site, noor = free_site, signed_in(free_site)
    sent = site.submitted(email="eve@spam.example", body="One")
    page = noor.get(f"/desk/comments/{sent['id']}")
    form = next(form for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if "block-action" in form)
    fields = {name: html.unescape(value) for name, value in FIELD.findall(form) if name != "csrf"}
    there = saved(noor, site, **fields | {"action": "reject", "note": "Again and again"})
    assert f'href="/desk/comments/{sent["id"]}?site={site.slug}">Back to the comment' in there.text
    assert site.submit(email="eve@spam.example", body="Two").status_code == 403
    assert site.submit(email="ada@spam.example", body="Two").status_code == 202
    assert "Block this author" not in signed_in(site, "viewer").get(f"/desk/comments/{sent['id']}").text


def test_a_list_of_many_words_can_be_pasted(site: SiteDriver) -> None:
    noor = signed_in(site)
    saved(noor, site, **WORD | {"value": "\r\n".join(f"слово{number}" for number in range(10_000))})
    (rule,) = listed(site)
    assert rule["lines"] == 10_000
    assert "10,000 lines" in said_on(noor.get("/desk/rules"))

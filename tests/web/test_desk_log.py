"""`/desk/log`: the log as a page, narrowed by plain forms, with the downloads of what it shows."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask

from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, make_site


def test_whom_the_site_asks_is_told_in_words_and_without_secrets(site: SiteDriver) -> None:
    for kind, said in (("hook", {"url": "https://a.example/"}), ("akismet", {"key": "0123456789ab"})):
        for _ in range(2):
            site.client.put(f"/v1/moderation/opinions/{kind}", json=said, headers=site.bearer)
    page = signed_in(site).get("/desk/log", site=site.slug, kind="site")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    for told in (
        "settings: change",
        "Server of the site’s own that is asked: nothing → https://a.example/",
        "Secret of that server: an earlier one → a new one",
        "Akismet, asked at: nothing → https://rest.akismet.com/1.1/",
        "Key of Akismet: an earlier one → a new one",
    ):
        assert told in text
    assert "0123456789ab" not in text
    assert "_hook" not in text


def test_it_shows_what_was_done_by_whom_and_why(site: SiteDriver) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "reject", reason="Off <the> subject.", note="The third time.")
    site.change(max_depth=3)
    page = signed_in(site).get(f"/desk/log?site={site.slug}")
    assert page.status_code == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert "decision: reject" in text
    assert "Mira" in text
    assert "pending → rejected" in text
    assert "Off &lt;the&gt; subject." in text
    assert "The third time." in text
    assert re.search(r"Levels of replies: \S+ → 3", text)
    assert f'href="/desk/comments/{sent["id"]}?site={site.slug}"' in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_its_form_narrows_it_and_the_downloads_are_of_the_same(free_site: SiteDriver) -> None:
    free_site.published()
    free_site.decide(free_site.submitted()["id"], "spam")
    browser = signed_in(free_site)
    page = browser.get(
        "/desk/log", **{"kind": "decision", "action": "spam", "moderator": " Mira ", "from": "2020-01-01"}
    )
    assert page.status_code == 200
    assert page.text.count('<tr id="entry-') == 1
    assert 'value="decision" selected' in page.text
    hrefs = [html.unescape(href) for href in re.findall(r'href="(/v1/[^"]+)" download', page.text)]
    assert len(hrefs) == 2
    files = [browser.get(href) for href in hrefs]
    assert [file.content_type.split(";")[0] for file in files] == ["text/csv", "application/x-ndjson"]
    assert [json.loads(line)["action"] for line in files[1].text.splitlines()] == ["spam"]
    assert len(files[0].text.splitlines()) == 2


def test_the_last_day_is_part_of_what_is_asked(free_site: SiteDriver) -> None:
    free_site.published()
    browser = signed_in(free_site)
    today = browser.get("/desk/log").text.split('datetime="')[1][:10]
    narrowed = {"kind": "decision", "from": today, "until": today}
    assert browser.get("/desk/log", **narrowed).text.count('<tr id="entry-') == 1
    long_ago = browser.get("/desk/log", **narrowed | {"from": "", "until": "2020-01-01"})
    assert "Nothing matches." in long_ago.text


def test_pages_lead_to_older_entries_and_back(free_site: SiteDriver) -> None:
    for depth in range(60):
        free_site.change(max_depth=depth % 5 + 1)
    browser = signed_in(free_site)
    first = browser.get("/desk/log", kind="site")
    older = re.search(r'class="next" href="([^"]+)"', first.text)
    assert older
    second = browser.get(html.unescape(older[1]))
    numbers = [int(number) for page in (first, second) for number in re.findall(r'id="entry-(\d+)"', page.text)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) >= 60
    assert "Back to the newest" in second.text
    assert "Older entries" not in second.text


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("kind", "gossip"),
        ("comment", "<seven>"),
        ("from", "yesterday"),
        ("until", "9999-12-31"),
        ("until", "0001-01-01"),
        ("cursor", "made-up"),
        ("moderator", "a\0b"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told_and_stands_as_it_was_typed(
    site: SiteDriver, name: str, typed: str
) -> None:
    asked = {name: typed} | ({"from": "2026-01-01"} if typed == "0001-01-01" else {})
    page = signed_in(site).get("/desk/log", **asked)
    assert page.status_code == 422
    assert 'class="fault"' in page.text or 'role="alert"' in page.text
    if name in {"comment", "from"}:
        assert f'value="{html.escape(typed)}"' in page.text
    assert '<tr id="entry-' not in page.text


def test_it_is_for_those_who_are_signed_in_on_this_site(app: Flask, site: SiteDriver) -> None:
    other = make_site(app)
    assert app.test_client().get(f"/desk/log?site={site.slug}").status_code == 303
    assert signed_in(other).get(f"/desk/log?site={site.slug}").status_code in {403, 404}

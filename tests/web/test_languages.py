"""Readers are answered in their language; whatever is missing or malformed is answered in English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from flask import Flask
from markupsafe import Markup
from werkzeug.test import TestResponse

from service import phrases
from service.domain.errors import FieldFault, Invalid, PostbagError
from service.domain.site import Policy
from service.web import languages, problems
from service.web.pages.words import heading
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver

ENGLISH = json.loads((phrases.FOLDER / "en.json").read_text("utf-8"))
FILES = sorted(phrases.FOLDER.glob("*.json"))
PROMISED = {"ar", "de", "en", "es", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh"}
NAMES = [(section, name) for section, told in ENGLISH.items() for name in told]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def forms(tongue: str) -> set[str]:
    """Return the plural categories that CLDR gives a language, as far as comments are counted.

    That leaves out one alone: `many` of the Romance languages, which is for exact millions, where `other` serves.
    """
    plural = Locale.parse(tongue).plural_form
    return {plural(n) for n in range(1_000)} | {"other"}


def is_one_number(tongue: str, category: str) -> bool:
    """Whether a plural form stands for one number alone, as far as comments are counted."""
    plural = Locale.parse(tongue).plural_form
    return sum(plural(n) == category for n in range(1_000)) == 1


def of(tongue: str) -> dict[str, dict[str, Any]]:
    words: dict[str, dict[str, Any]] = json.loads((phrases.FOLDER / f"{tongue}.json").read_text("utf-8"))
    return words


def test_all_promised_languages_are_there() -> None:
    assert {file.stem for file in FILES} == PROMISED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_language_has_every_phrase_with_its_placeholders_and_plurals(file: Path) -> None:
    words = json.loads(file.read_text("utf-8"))
    categories = forms(file.stem)
    assert [(section, name) for section, told in words.items() for name in told] == NAMES
    for section, name in NAMES:
        original, told = ENGLISH[section][name], words[section][name]
        assert isinstance(told, type(original)), name
        if isinstance(original, dict):
            assert set(told) == categories, name
            for category, text in told.items():
                # A form that stands for a single number, as "two comments" does in Arabic, may say it in letters.
                spared = {"n"} if is_one_number(file.stem, category) else set()
                assert placeholders(text) | spared == placeholders(original["other"]), (name, category)
        else:
            assert placeholders(told) == placeholders(original), name
        for text in told.values() if isinstance(told, dict) else [told]:
            assert text == text.strip() != "", name
            assert "<" not in text, name


def test_every_phrase_of_a_page_is_said_somewhere() -> None:
    room = Path(languages.__file__).parent
    said = "\n".join(file.read_text("utf-8") for kind in ("*.py", "*.html") for file in room.rglob(kind))
    assert [name for name in ENGLISH["page"] if f"page.{name}" not in said] == []


def test_every_phrase_of_a_letter_is_said_somewhere() -> None:
    room = Path(phrases.__file__).parent
    said = "\n".join(file.read_text("utf-8") for kind in ("*.py", "*.html") for file in room.rglob(kind))
    assert [name for name in ENGLISH["mail"] if f"mail.{name}" not in said] == []


# What a reader asks for


ASKED = [
    pytest.param(None, "en", id="nothing"),
    pytest.param("", "en", id="empty"),
    pytest.param("fr", "fr", id="one"),
    pytest.param("fr-CA, en;q=0.8", "fr", id="a-region"),
    pytest.param("en;q=0.3, de;q=0.7", "de", id="by-quality"),
    pytest.param("es;q=0.5, it;q=0.5", "es", id="equal-ones-in-their-order"),
    pytest.param("eo, cy;q=0.9, pl;q=0.1", "pl", id="the-first-that-we-have"),
    pytest.param("eo", "en", id="none-that-we-have"),
    pytest.param("zh-Hant-TW", "zh", id="a-script"),
    pytest.param("iw-IL", "he", id="a-former-code"),
    pytest.param("PT-br", "pt", id="any-case"),
    pytest.param("fr;q=0, de;q=0.1", "de", id="refused"),
    pytest.param("fr;q=0", "en", id="nothing-but-refused"),
    pytest.param("*", "en", id="any"),
    pytest.param("uk;q=0.2, *;q=0.9", "en", id="any-rather-than-that"),
    pytest.param("tr, *;q=0.1", "tr", id="that-rather-than-any"),
    pytest.param("fr;q=quick", "en", id="a-quality-that-is-none"),
    pytest.param(";;;,,,q==,\xff", "en", id="noise"),
    pytest.param("fr" * 4_000, "en", id="very-long"),
    pytest.param("../../etc/passwd", "en", id="a-path"),
]


@ON_SQLITE_ALONE
@pytest.mark.parametrize(("accepted", "tongue"), ASKED)
def test_the_language_is_the_best_of_those_that_the_reader_accepts(
    app: Flask, accepted: str | None, tongue: str
) -> None:
    with app.test_request_context(headers={"Accept-Language": accepted} if accepted is not None else {}):
        languages.speak()
        assert languages.language() == tongue


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("lang", "tongue"),
    [
        pytest.param("fr", "fr", id="ours"),
        pytest.param("pt-BR", "pt", id="a-region"),
        pytest.param("ZH_hant", "zh", id="any-case-and-an-underscore"),
        pytest.param("iw", "he", id="a-former-code"),
        pytest.param("eo", "de", id="not-ours"),
        pytest.param("", "de", id="empty"),
        pytest.param("../en", "de", id="a-path"),
    ],
)
def test_the_address_comes_before_the_header_where_it_asks_for_a_language_of_ours(
    app: Flask, lang: str, tongue: str
) -> None:
    with app.test_request_context(query_string={"lang": lang}, headers={"Accept-Language": "de"}):
        languages.speak()
        assert languages.language() == tongue


# Words, numbers and times


@contextmanager
def speaking(app: Flask, tongue: str) -> Iterator[None]:
    with app.test_request_context(query_string={"lang": tongue}):
        languages.speak()
        yield


@pytest.fixture(params=sorted(PROMISED))
def tongue(app: Flask, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return each language in turn, spoken while a test runs."""
    with speaking(app, request.param):
        yield request.param


@ON_SQLITE_ALONE
def test_a_time_names_its_zone_and_its_parts_in_every_language(tongue: str) -> None:
    told = languages.moment(datetime(2026, 11, 24, 21, 5, tzinfo=UTC))
    assert told.endswith(" UTC")
    assert {"24", "2026", "05"} <= set(re.findall(r"\d+", told))


@ON_SQLITE_ALONE
def test_the_same_moment_of_another_zone_is_told_in_utc(app: Flask) -> None:
    with app.test_request_context():
        there = datetime.fromisoformat("2026-11-24T23:30:00-05:00")
        assert languages.moment(there) == "25 Nov 2026, 04:30 UTC"


@ON_SQLITE_ALONE
def test_every_plural_is_told_with_its_number(tongue: str) -> None:
    for n in (0, 1, 2, 3, 5, 11, 21, 100, 12_345):
        words = of(tongue)["widget"]["heading"]
        category = Locale.parse(tongue).plural_form(n)
        number = phrases._shown(n, tongue)
        assert languages.say("widget.heading", n=n) == words[category].replace("{n}", str(number))


@ON_SQLITE_ALONE
def test_values_are_escaped_in_html_unless_they_are_markup(tongue: str) -> None:
    assert "<" not in languages.t("widget.answers", name="<b>")
    assert "&lt;b&gt;" in languages.t("widget.answers", name="<b>")
    assert "<bdi>Bo</bdi>" in languages.t("widget.answers", name=Markup("<bdi>Bo</bdi>"))
    assert "{name} {time}" in languages.say("widget.answers", name="{name} {time}")


@pytest.fixture
def half_a_language(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the only languages be English and a German that has one phrase."""
    (tmp_path / "en.json").write_text(json.dumps(ENGLISH), "utf-8")
    (tmp_path / "de.json").write_text('{"widget": {"reply": "Antworten"}}', "utf-8")
    monkeypatch.setattr(phrases, "FOLDER", tmp_path)
    caches = (phrases._languages, phrases._catalog)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@ON_SQLITE_ALONE
@pytest.mark.usefixtures("half_a_language")
def test_what_a_language_lacks_is_told_in_english(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "fr, de;q=0.5"}):
        languages.speak()
        assert languages.language() == "de"  # There is no French here.
        assert languages.say("widget.reply") == "Antworten"
        assert languages.say("widget.heading", n=1) == "1 comment"


# Pages


class Page(HTMLParser):
    """The language of a page, its text, and where it leads."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.html: dict[str, str | None] = {}
        self.own_links: list[str] = []
        self.text = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.html = dict(attrs)
        address = dict(attrs).get("href") or dict(attrs).get("action") or ""
        if re.match(r"/(comments|v1|receipts)\b", address):
            self.own_links.append(address)

    def handle_data(self, data: str) -> None:
        self.text += data


def thread(site: SiteDriver, accepted: str | None = None, **query: Any) -> TestResponse:
    return site.client.get(
        "/comments",
        query_string={"site": site.slug, "article": site.article} | query,
        headers={"Accept-Language": accepted} if accepted else {},
    )


@pytest.fixture
def talk(free_site: SiteDriver) -> SiteDriver:
    """Return a site with a comment, an answer and an edit, all published."""
    free_site.change(policy=Policy.NONE)
    first = free_site.submitted(name="Aoife", body="First")
    free_site.submitted(name="Bo", body="Answer", parent_id=first["id"])
    assert free_site.revise(first, "First, again").status_code == 200
    return free_site


@ON_SQLITE_ALONE
@pytest.mark.parametrize("tongue", sorted(PROMISED))
def test_a_thread_speaks_the_language_that_is_asked_for(talk: SiteDriver, tongue: str) -> None:
    response = thread(talk, tongue)
    page, words = Page(response), of(tongue)["widget"]
    assert page.html == {"lang": tongue, "dir": "rtl" if tongue in {"ar", "he"} else "ltr"}
    assert response.headers["Content-Language"] == tongue
    assert response.vary.to_header() == "Accept-Encoding, Accept-Language"
    for name in ("oldest", "newest", "top", "reply", "leaveReply", "notPublished", "name", "optional", "send"):
        assert words[name] in page.text, name
    assert all(f">{ENGLISH['page'][name]}<" not in response.text for name in ("skip", "readArticle")) or tongue == "en"


@ON_SQLITE_ALONE
def test_links_keep_the_language_that_the_address_asked_for_and_no_other(talk: SiteDriver) -> None:
    asked = thread(talk, "de", lang="FR-ca", sort="newest")
    links = Page(asked).own_links
    assert len(links) >= 8
    assert all("lang=fr" in link for link in links)
    assert (asked.headers["Content-Language"], asked.headers["Vary"]) == ("fr", "Accept-Encoding")
    assert not [link for link in Page(thread(talk, "de")).own_links if "lang=" in link]


@ON_SQLITE_ALONE
def test_each_language_has_a_validator_of_its_own(talk: SiteDriver) -> None:
    tag = thread(talk, "fr").headers["ETag"]
    asked = {"site": talk.slug, "article": talk.article}
    again = talk.client.get("/comments", query_string=asked, headers={"Accept-Language": "fr", "If-None-Match": tag})
    assert (again.status_code, set(again.vary)) == (304, {"Accept-Encoding", "Accept-Language"})
    other = talk.client.get("/comments", query_string=asked, headers={"Accept-Language": "it", "If-None-Match": tag})
    assert other.status_code == 200


@ON_SQLITE_ALONE
def test_a_form_leads_to_a_receipt_in_the_language_of_its_page(site: SiteDriver) -> None:
    (action,) = [link for link in Page(thread(site, lang="fr")).own_links if link.startswith("/v1/")]
    sent = site.client.post(action, data=site.reply(), headers={"Origin": site.origin, "Accept": "text/html"})
    assert sent.status_code == 303
    assert sent.location.endswith("?lang=fr")
    receipt = site.client.get(sent.location, headers={"Accept-Language": "de"})
    page = Page(receipt)
    assert page.html["lang"] == "fr"
    assert of("fr")["widget"]["sent"] in page.text
    assert all("lang=fr" in link for link in page.own_links)
    # So does a form that has to be filled in once more, and one to revise with.
    refused = site.client.post(
        action, data=site.reply(email="nobody"), headers={"Origin": site.origin, "Accept": "text/html"}
    )
    assert refused.status_code == 422
    assert of("fr")["error"]["emailNotAnEmail"] in Page(refused).text
    assert action in Page(refused).own_links
    unchanged = site.client.post(sent.location, data={"action": "revise", "body": ""})
    assert (unchanged.status_code, Page(unchanged).html["lang"]) == (422, "fr")
    revised = site.client.post(sent.location, data={"action": "revise", "body": "Another text"})
    assert revised.status_code == 303
    assert of("fr")["page"]["changesSent"] in Page(site.client.get(revised.location)).text


@ON_SQLITE_ALONE
def test_a_refusal_page_speaks_too(site: SiteDriver) -> None:
    response = site.client.get("/comments?site=nowhere&article=x", headers={"Accept-Language": "es"})
    page = Page(response)
    assert (response.status_code, page.html["lang"], response.headers["Content-Language"]) == (404, "es", "es")
    assert of("es")["error"]["unknownSiteTitle"] in page.text
    assert of("es")["error"]["unknownSite"] in page.text


@ON_SQLITE_ALONE
@pytest.mark.parametrize("path", ["/", "/docs", "/docs/errors/duplicate"])
def test_pages_of_those_who_run_and_build_sites_stay_english(site: SiteDriver, path: str) -> None:
    response = site.client.get(path, headers={"Accept-Language": "fr"})
    assert '<html lang="en" dir="ltr">' in response.text
    assert "Content-Language" not in response.headers


# Refusals of calls


def refused(driver: SiteDriver, accepted: str | None, /, **changes: Any) -> TestResponse:
    return driver.submit(headers={"Accept-Language": accepted} if accepted else {}, **changes)


FAULTS = [
    pytest.param({"body": " "}, "bodyRequired", {}, id="no-body"),
    pytest.param({"name": ""}, "nameRequired", {}, id="no-name"),
    pytest.param({"name": None}, "nameRequired", {}, id="no-name-at-all"),
    pytest.param({"name": "x" * 101}, "tooLong", {"n": 100}, id="a-long-name"),
    pytest.param({"body": "x" * 10_001}, "tooLong", {"n": 10_000}, id="a-long-body"),
    pytest.param({"name": "a@b.example", "email": "a@b.example"}, "nameContainsEmail", {}, id="an-address-as-name"),
    pytest.param({"email": ""}, "emailRequired", {}, id="no-email"),
    pytest.param({"email": "nobody"}, "emailNotAnEmail", {}, id="not-an-email"),
    pytest.param({"email": f"a@{'x.' * 130}org"}, "tooLong", {"n": 254}, id="a-long-email"),
    pytest.param({"email": f"{'x' * 65}@a.example"}, "localPartTooLong", {}, id="a-long-local-part"),
    pytest.param({"url": "example"}, "urlNotAUrl", {}, id="not-a-url"),
    pytest.param({"url": f"https://a.example/{'x' * 500}"}, "tooLong", {"n": 500}, id="a-long-url"),
    pytest.param(
        {"url": "https://x.example/?a@b.example", "email": "a@b.example"},
        "urlContainsEmail",
        {},
        id="an-address-in-a-url",
    ),
    pytest.param({"body": "a\x00b"}, "forbiddenCharacter", {}, id="nul"),
    pytest.param({"article": "https://elsewhere.example/a"}, "article", {}, id="an-article-of-another-site"),
    pytest.param({"article": "javascript:alert(1)"}, "article", {}, id="no-article"),
    pytest.param({"article": "an-id"}, "article", {}, id="an-article-that-nobody-registered"),
]


@ON_SQLITE_ALONE
@pytest.mark.parametrize(("changes", "name", "values"), FAULTS)
def test_a_fault_is_told_in_the_language_of_the_call(
    free_site: SiteDriver, changes: dict[str, Any], name: str, values: dict[str, Any]
) -> None:
    english, response = refused(free_site, None, **changes).json, refused(free_site, "ru", **changes)
    told = response.json
    assert response.status_code == 422
    assert isinstance(english, dict)
    assert isinstance(told, dict)
    with speaking(free_site.app, "ru"):
        sentence = languages.say(f"error.{name}", **values)
    assert told["detail"] == sentence
    assert [fault["detail"] for fault in told["errors"]] == [sentence]
    assert english["detail"] != sentence
    for name_of_field in ("type", "title", "status", "code"):
        assert told[name_of_field] == english[name_of_field]
    assert [(f["field"], f["code"]) for f in told["errors"]] == [(f["field"], f["code"]) for f in english["errors"]]
    assert response.headers["Content-Language"] == "ru"
    assert set(response.vary) == {"Origin", "Accept-Language"}


@ON_SQLITE_ALONE
def test_several_faults_are_counted_in_the_language_of_the_call(site: SiteDriver) -> None:
    told = refused(site, "pl", name="", body="", email="").json
    assert isinstance(told, dict)
    assert told["detail"] == of("pl")["error"]["invalid"]["few"].replace("{n}", "3")
    assert [fault["detail"] for fault in told["errors"]] == [
        of("pl")["error"][name] for name in ("emailRequired", "nameRequired", "bodyRequired")
    ]


@ON_SQLITE_ALONE
def test_what_there_is_no_sentence_for_is_told_in_english(site: SiteDriver) -> None:
    told = refused(site, "fr", colour="red").json
    assert isinstance(told, dict)
    assert told["errors"] == [{"field": "colour", "code": "unknown_field", "detail": "There is no such field here."}]


@ON_SQLITE_ALONE
def test_a_limit_is_told_with_its_seconds(site: SiteDriver) -> None:
    site.change(limits="client=1/60")
    assert site.submit().status_code == 202
    response = refused(site, "uk")
    told, seconds = response.json, int(response.headers["Retry-After"])
    assert isinstance(told, dict)
    category = Locale.parse("uk").plural_form(seconds)
    assert told["detail"] == of("uk")["error"]["rateLimited"][category].replace("{n}", str(seconds))


@ON_SQLITE_ALONE
def test_a_closed_article_and_a_duplicate_are_told(site: SiteDriver) -> None:
    first = site.reply()
    assert site.submit(**first).status_code == 202
    told = refused(site, "ko", **first).json
    assert isinstance(told, dict)
    assert told["detail"] == of("ko")["error"]["duplicate"]
    closed = {"site": site.slug, "key": site.article, "open": False}
    assert site.client.put("/v1/articles", json=closed, headers=site.bearer).status_code == 200
    told = refused(site, "ko").json
    assert isinstance(told, dict)
    assert told["detail"] == of("ko")["widget"]["closed"]


@ON_SQLITE_ALONE
def test_words_and_senders_that_the_site_refuses_are_told(site: SiteDriver) -> None:
    for kind, value in (("word", "casino"), ("network", "203.0.113.0/24")):
        rule = {"kind": kind, "action": "reject", "value": value}
        assert site.client.post("/v1/moderation/rules", json=rule, headers=site.bearer).status_code == 201
    told = refused(site, "pl", body="To CASINO jest dobre.").json
    assert isinstance(told, dict)
    assert told["errors"][0]["detail"] == of("pl")["error"]["notAccepted"].replace("{words}", "“CASINO”")
    told = site.submit(address="203.0.113.9", headers={"Accept-Language": "ja"}).json
    assert isinstance(told, dict)
    assert told["detail"] == of("ja")["error"]["notTakenFromYou"]


@ON_SQLITE_ALONE
def test_the_end_of_the_time_to_revise_is_told_as_a_time(site: SiteDriver) -> None:
    site.change(revise_window=timedelta(0))
    sent = site.submitted()
    response = site.client.patch(
        f"/v1/receipts/{sent['receipt']['token']}", json={"body": "Late"}, headers={"Accept-Language": "de"}
    )
    told = response.json
    assert isinstance(told, dict)
    with speaking(site.app, "de"):
        until = datetime.fromisoformat(sent["receipt"]["edit_until"])
        assert told["detail"] == languages.say("error.reviseWindowOver", time=until)


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "call",
    [
        pytest.param("/v1/moderation/comments?limit=0", id="moderation"),
        pytest.param("/v1/articles", id="articles"),
    ],
)
def test_calls_that_no_reader_makes_are_refused_in_english(site: SiteDriver, call: str) -> None:
    response = site.client.get(call, headers=site.bearer | {"Accept-Language": "fr"})
    assert response.status_code >= 400
    assert "Content-Language" not in response.headers
    assert "Accept-Language" not in response.headers.get("Vary", "")


def test_every_phrase_of_a_refusal_belongs_to_a_code_or_a_fault() -> None:
    of_codes = {languages.in_catalog(name)[6:] for code in problems.ERROR_CODES for name in (code, f"{code}_title")}
    of_faults = {str(fault.values[1]) for fault in FAULTS}
    others = {"malformed", "notAccepted", "notTakenFromYou", "required", "reviseNoMore", "reviseWindowOver"}
    others |= {"appealed", "nothingToAppeal", "textRequired", "tooManyLetters"}
    others |= {"readerTokenExpired", "readerTokenWrong", "nothingToVouch", "notProvenHere"}
    assert set(ENGLISH["error"]) <= of_codes | of_faults | others


@ON_SQLITE_ALONE
@pytest.mark.parametrize("code", sorted(problems.ERROR_CODES))
def test_english_refusals_are_told_in_their_own_words(app: Flask, code: str) -> None:
    error = PostbagError("Its own words.")
    error.code = code  # type: ignore[misc]
    with app.test_request_context():
        languages.speak()
        assert languages.detail_of(error) == "Its own words."
        assert heading(error)


@ON_SQLITE_ALONE
def test_a_sentence_whose_values_are_missing_is_told_in_its_own_words(app: Flask) -> None:
    with speaking(app, "fr"):
        fault = FieldFault("body", "too_long", "At most 10 please.")
        assert languages.detail_of_fault(fault) == "At most 10 please."
        assert languages.detail_of(Invalid.of([fault])) == "At most 10 please."

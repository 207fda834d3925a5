"""Form tokens and the honeypot: what a reply's form tells, and that it never costs a reader their text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from service.actions import forms, sites
from service.actions.reply import Reply
from service.domain.forms import FormSeen, FormState
from tests.driver import SiteDriver, codes
from tests.refusals import refused

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def minted(driver: SiteDriver, **changes: str) -> Any:
    return driver.client.get("/v1/form-token", query_string={"site": driver.slug, "article": driver.article} | changes)


def seen(site: SiteDriver, token: str, *, later: timedelta = timedelta(), **changes: Any) -> FormSeen:
    """Return what is seen of a reply that comes with a token, as `submit_comment` asks for it."""
    fields = site.reply(**changes)
    reply = Reply(fields["article"], None, fields["name"], fields["email"], "", fields["body"], form_token=token)
    return forms.seen(reply, sites.find_site(site.slug), now=datetime.now(UTC) + later)


def state(app: Flask, site: SiteDriver, token: str, **changes: Any) -> FormState:
    with app.app_context():
        return seen(site, token, **changes).state


def test_a_token_is_minted_for_an_article_and_good_for_a_day(app: Flask, site: SiteDriver) -> None:
    answer = minted(site)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    until = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < until <= timedelta(days=1)
    with app.app_context():
        found = seen(site, answer.json["token"], later=timedelta(seconds=5))
    assert found.state is FormState.VALID
    assert found.age is not None
    assert timedelta(seconds=4) < found.age < timedelta(seconds=60)


def test_no_token_is_minted_for_what_is_no_article_or_site(site: SiteDriver) -> None:
    refused(minted(site, site="nowhere"), 404, "unknown_site")
    assert codes(minted(site, article="https://elsewhere.example/"))["article"]
    assert codes(minted(site, article=""))["article"]


def test_tokens_are_limited_a_little(site: SiteDriver) -> None:
    site.change(limits={"form": (2, 60)})
    answers = [minted(site) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused(answers[2], 429, "rate_limited")


def test_what_is_wrong_with_a_token_has_a_name(app: Flask, site: SiteDriver) -> None:
    token = minted(site).json["token"]
    altered = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert state(app, site, "") is FormState.MISSING
    assert state(app, site, altered) is FormState.FORGED
    assert state(app, site, "no token at all") is FormState.FORGED
    assert state(app, site, token, article=f"{site.origin}/articles/2") is FormState.OTHER_ARTICLE
    assert state(app, site, token, later=timedelta(hours=25)) is FormState.EXPIRED
    assert state(app, site, token, article=f"{site.article}#reply") is FormState.VALID
    assert state(app, site, token) is FormState.REUSED


def test_a_token_is_spent_by_an_accepted_reply_alone(app: Flask, site: SiteDriver) -> None:
    token = minted(site).json["token"]
    assert site.submit(body="", form_token=token).status_code == 422
    reply = site.reply(form_token=token)
    assert site.submit(**reply).status_code == 202
    assert site.submit(**reply).status_code == 409
    assert state(app, site, token) is FormState.REUSED


def test_a_reply_refused_in_the_transaction_leaves_its_token_good(app: Flask, site: SiteDriver) -> None:
    reply = site.reply()
    site.submitted(**reply)
    token = minted(site).json["token"]
    assert site.submit(**reply, form_token=token).status_code == 409
    assert state(app, site, token) is FormState.VALID


@pytest.mark.parametrize("fields", [{"form_token": "forged"}, {"subject": "Buy now"}, {"form_token": None}])
def test_no_token_and_no_filled_honeypot_costs_the_text(site: SiteDriver, fields: dict[str, Any]) -> None:
    assert site.submit(**fields).status_code == 202


def test_the_honeypot_is_seen(app: Flask, site: SiteDriver) -> None:
    with app.app_context():
        found = [
            forms.seen(
                Reply(site.article, None, "Ada", "ada@example.org", "", "Hello", honeypot=filled),
                sites.find_site(site.slug),
                now=datetime.now(UTC),
            ).honeypot
            for filled in ("", " ", "Buy now")
        ]
    assert found == [False, False, True]


def hidden(html: str, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', html)
    assert found, name
    return found[1]


@pytest.mark.parametrize("query", [{}, {"fragment": "1"}], ids=["page", "fragment"])
def test_a_page_that_caches_keep_carries_a_token_that_all_its_readers_share(
    app: Flask, site: SiteDriver, query: dict[str, str]
) -> None:
    asked = {"site": site.slug, "article": site.article} | query
    pages = [site.client.get("/comments", query_string=asked).text for _ in range(2)]
    token = hidden(pages[0], "form_token")
    assert token == hidden(pages[1], "form_token")
    assert hidden(pages[0], "subject") == ""
    assert [state(app, site, token) for _ in range(2)] == [FormState.VALID] * 2
    with app.app_context():
        assert seen(site, token).age is None


def test_the_honeypot_is_hidden_from_everybody_who_is_no_program(site: SiteDriver) -> None:
    page = site.client.get("/comments", query_string={"site": site.slug, "article": site.article}).text
    box = re.search(r'<div class="unseen"[^>]*aria-hidden="true">(.*?)</div>', page, re.DOTALL)
    assert box is not None
    assert 'tabindex="-1"' in box[1]
    assert 'autocomplete="off"' in box[1]


def test_a_form_that_comes_back_keeps_its_token_or_gets_one(app: Flask, site: SiteDriver) -> None:
    token = minted(site).json["token"]
    assert hidden(site.submit_form(body=" ", form_token=token).text, "form_token") == token
    fresh = hidden(site.submit_form(body=" ").text, "form_token")
    assert state(app, site, fresh) is FormState.VALID

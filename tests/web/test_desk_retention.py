"""`/desk/site/retention`: how long the site keeps what, changed and told."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from service.actions import retention
from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.refusals import refused_fields

ADDRESS = "/desk/site/retention"


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    return make_site(app, limits="off")


def opened(browser: DeskBrowser, site: SiteDriver) -> str:
    return html.unescape(browser.get(ADDRESS, site=site.slug).text)


def terms(site: SiteDriver) -> dict[str, int | None]:
    found: dict[str, int | None] = site.client.get(f"/v1/moderation/sites/{site.slug}", headers=site.bearer).get_json()[
        "retention"
    ]
    return found


def test_days_are_changed_where_somebody_typed_others(site: SiteDriver) -> None:
    ada = signed_in(site, role="admin")
    assert "There was none yet." in opened(ada, site)
    site.change(retention={"rejected": 90})
    typed = {
        "spam": "14",
        "was.spam": "60",
        "rejected": "180",
        "was.rejected": "180",
        "client_keys": "",
        "was.client_keys": "30",
    }
    assert ada.post(f"{ADDRESS}?site={site.slug}", **typed).status_code == 303
    assert terms(site) == {"client_keys": None, "rejected": 90, "spam": 14, "unproven_emails": 365, "log": None}
    assert "of spam for 14 days" in html.unescape(ada.get("/desk/site", site=site.slug).text)
    assert "spam 60" in ada.get("/desk/log", site=site.slug, kind="site").text


def test_what_cannot_be_stands_beside_its_field_as_it_was_typed(site: SiteDriver) -> None:
    ada = signed_in(site, role="admin")
    typed = {"spam": "soon", "was.spam": "60", "log": "7", "was.log": ""}
    for fields, sentence in ((typed, "Write a whole number"), (typed | {"spam": "60"}, "Give from 30 to 3,650 days")):
        answer = ada.post(f"{ADDRESS}?site={site.slug}", **fields)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert 'value="7"' in answer.text


def test_the_last_run_is_told_and_who_may_change_nothing_gets_no_button(site: SiteDriver) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "spam")
    with site.app.app_context():
        retention.apply_now(now=datetime.now(UTC) + timedelta(days=61))
    page = opened(signed_in(site, role="viewer"), site)
    assert "<dt>1</dt><dd>texts of spam</dd>" in page
    assert "<button" not in page.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"spam": 0}, {"retention.spam": "out_of_range"}),
        ({"spam": 3651}, {"retention.spam": "out_of_range"}),
        ({"spam": True, "log": 29}, {"retention.spam": "out_of_range", "retention.log": "out_of_range"}),
        ({"secrets": 1}, {"retention": "unknown_field"}),
        ([1], {"retention": "wrong_type"}),
        (None, {"retention": "required"}),
    ],
)
def test_the_api_refuses_terms_that_cannot_be(site: SiteDriver, given: object, fault: dict[str, str]) -> None:
    before = terms(site)
    answer = site.client.patch(f"/v1/moderation/sites/{site.slug}", json={"retention": given}, headers=site.bearer)
    assert refused_fields(answer) == fault
    assert terms(site) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_commands_set_days_too(site: SiteDriver) -> None:
    runner = site.app.test_cli_runner()
    done = runner.invoke(args=["site", "set", site.slug, "--retention", "spam=7", "--retention", "rejected=never"])
    assert done.exit_code == 0
    assert (terms(site)["spam"], terms(site)["rejected"]) == (7, None)
    wrong = runner.invoke(args=["site", "set", site.slug, "--retention", "spam=soon"])
    assert (wrong.exit_code, "spam=60" in wrong.output) == (1, True)

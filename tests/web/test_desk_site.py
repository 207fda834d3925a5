"""`/desk/site`: settings and canned reasons as plain forms."""

from __future__ import annotations

import html
import re
from typing import Any

from werkzeug.test import TestResponse

from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver

FIELD = re.compile(r'<input [^>]*?name="([a-z_.]+)"[^>]*?value="([^"]*)"')
AREA = re.compile(r'<textarea [^>]*?name="([a-z_]+)"[^>]*>\n(.*?)</textarea>', re.DOTALL)


def form_of(page: TestResponse, action: str, containing: str = "") -> dict[str, str]:
    """Return every field of the form as a browser would send it."""
    forms = re.findall(rf'<form [^>]*action="{re.escape(action)}\?[^>]*>(.*?)</form>', page.text, re.DOTALL)
    form = next(form for form in forms if containing in form)
    fields = dict(FIELD.findall(form)) | dict(AREA.findall(form))
    if chosen := re.search(r'<option value="([a-z]+)" selected', form):
        fields["policy"] = chosen[1]
    return {name: html.unescape(value) for name, value in fields.items() if name != "csrf"}


def opened(browser: DeskBrowser, site: SiteDriver) -> TestResponse:
    page = browser.get("/desk/site", site=site.slug)
    assert page.status_code == 200, page.text
    return page


def save(browser: DeskBrowser, site: SiteDriver, **fields: str) -> TestResponse:
    return browser.post(f"/desk/site?site={site.slug}", **fields)


def settings(site: SiteDriver) -> dict[str, Any]:
    return dict(site.client.get(f"/v1/moderation/sites/{site.slug}", headers=site.bearer).get_json())


def titles(site: SiteDriver) -> list[str]:
    answer = site.client.get("/v1/moderation/reasons", headers=site.bearer).get_json()
    return [reason["title"] for reason in answer["reasons"]]


def test_the_form_sent_as_it_stands_changes_nothing(site: SiteDriver) -> None:
    site.change(limits={"client": (10, 60)}, origins=["https://a.example", "https://b.example"])
    ada, before = signed_in(site, role="admin"), settings(site)
    assert save(ada, site, **form_of(opened(ada, site), "/desk/site")).status_code == 303
    assert settings(site) == before


def test_every_setting_can_be_changed(site: SiteDriver) -> None:
    ada = signed_in(site, role="admin")
    typed = form_of(opened(ada, site), "/desk/site") | {
        "name": "The <Other> Gazette",
        "origins": "https://a.example\r\n\r\nhttps://b.example\r\n",
        "policy": "first",
        "trusted_after": "5",
        "limits": "client=10/60\r\nemail = 3/60\r\n",
        "max_depth": " 3 ",
        "revise_minutes": "1,440",
        "flag_threshold": "0",
        "close_after_days": "30",
        "spam_threshold": " 0,95",
        "late_after_minutes": "90",
    }
    answer = save(ada, site, **typed)
    assert answer.status_code == 303
    assert settings(site) == {
        "slug": site.slug,
        "name": "The <Other> Gazette",
        "origins": ["https://a.example", "https://b.example"],
        "policy": "first",
        "trusted_after": 5,
        "limits": {"client": [10, 60], "email": [3, 60]},
        "max_depth": 3,
        "revise_seconds": 86_400,
        "flag_threshold": 0,
        "close_after_days": 30,
        "spam_threshold": 0.95,
        "late_after_minutes": 90,
        "reader_trust": "proven",
        "retention": {"client_keys": 30, "rejected": 180, "spam": 60, "unproven_emails": 365, "log": None},
    }
    page = ada.get(answer.headers["Location"])
    assert "The settings are saved." in page.text
    assert "The &lt;Other&gt; Gazette" in page.text
    emptied = form_of(page, "/desk/site") | {"limits": " ", "close_after_days": "0"}
    assert save(ada, site, **emptied).status_code == 303
    assert (settings(site)["limits"], settings(site)["close_after_days"]) == (None, None)
    assert save(ada, site, **form_of(opened(ada, site), "/desk/site") | {"limits": " Off "}).status_code == 303
    assert settings(site)["limits"] == "off"


def test_a_refusal_keeps_what_was_typed_and_stands_beside_each_field(site: SiteDriver) -> None:
    ada, before = signed_in(site, role="admin"), settings(site)
    wrong = {
        "name": " ",
        "origins": "https://a.example/<path>",
        "policy": "first",
        "trusted_after": "0",
        "limits": "nothing=1/60",
        "max_depth": "deep",
        "revise_minutes": "10081",
        "flag_threshold": "-1",
        "close_after_days": "3651",
    }
    page = save(ada, site, **form_of(opened(ada, site), "/desk/site") | wrong)
    assert page.status_code == 422
    for name in wrong.keys() - {"policy"}:
        assert f'id="{name}-fault"' in page.text, name
        assert re.search(rf'id="{name}"[^>]* aria-invalid="true" aria-describedby="{name}-fault', page.text), name
    kept = form_of(page, "/desk/site")
    assert {name: kept[name] for name in wrong} == wrong
    assert settings(site) == before
    mended = kept | {name: kept[f"was.{name}"] for name in wrong.keys() - {"policy"}} | {"max_depth": "2"}
    assert save(ada, site, **mended).status_code == 303
    assert settings(site) == before | {"policy": "first", "max_depth": 2}


def test_what_a_colleague_saved_meanwhile_is_not_undone(site: SiteDriver) -> None:
    ada, bo = signed_in(site, role="admin"), signed_in(site, role="admin", name="Bo")
    hers, his = (form_of(opened(browser, site), "/desk/site") for browser in (ada, bo))
    save(ada, site, **hers | {"max_depth": "2"})
    save(bo, site, **his | {"flag_threshold": "9"})
    assert (settings(site)["max_depth"], settings(site)["flag_threshold"]) == (2, 9)


def test_reasons_are_added_changed_moved_and_removed(site: SiteDriver) -> None:
    ada, before = signed_in(site, role="admin"), titles(site)
    address = f"/desk/site/reasons?site={site.slug}"
    done = ada.post(address, do="add", title="Too <long>", text="Please be brief.")
    assert done.status_code == 303
    page = ada.get(done.headers["Location"].partition("#")[0])
    assert "The reason is added." in page.text
    assert "Too &lt;long&gt;" in page.text
    fields = form_of(page, "/desk/site/reasons", "Please be brief.")
    assert ada.post(address, **fields | {"do": "change", "title": "Long"}).status_code == 303
    assert titles(site) == [*before, "Long"]
    assert ada.post(address, do="up", reason=fields["reason"]).status_code == 303
    assert titles(site) == [*before[:-1], "Long", before[-1]]
    for _ in range(2):
        assert ada.post(address, do="down", reason=fields["reason"]).status_code == 303
    assert titles(site) == [*before, "Long"]
    assert ada.post(address, do="remove", reason=fields["reason"]).status_code == 303
    assert titles(site) == before


def test_a_refused_reason_keeps_what_was_typed_beside_what_is_wrong(site: SiteDriver) -> None:
    ada, before = signed_in(site, role="admin"), titles(site)
    address = f"/desk/site/reasons?site={site.slug}"
    page = ada.post(address, do="add", title="x" * 101, text="")
    assert page.status_code == 422
    assert "x" * 101 in page.text
    assert 'id="title-new-fault"' in page.text
    assert 'id="text-new-fault"' in page.text
    first = form_of(opened(ada, site), "/desk/site/reasons")
    page = ada.post(address, do="change", reason=first["reason"], title="", text="What I <typed>.")
    assert page.status_code == 422
    assert f'id="title-{first["reason"]}-fault"' in page.text
    assert "What I &lt;typed&gt;." in page.text
    assert titles(site) == before


def test_what_no_form_of_the_page_sends_is_refused_in_words(site: SiteDriver) -> None:
    ada = signed_in(site, role="admin")
    address = f"/desk/site/reasons?site={site.slug}"
    for sent, status in (({"do": "burn"}, 422), ({"do": "up", "reason": "x"}, 404), ({"do": "remove"}, 404)):
        page = ada.post(address, **sent)
        assert page.status_code == status
        assert 'role="alert"' in page.text
    assert save(ada, site, policy="some").status_code == 422


def test_who_is_no_admin_reads_the_page_and_changes_nothing(site: SiteDriver) -> None:
    noor, before = signed_in(site), settings(site)
    page = opened(noor, site)
    assert "Save the settings" not in page.text
    assert 'name="do"' not in page.text
    assert titles(site)[0] in page.text
    assert save(noor, site, max_depth="1").status_code == 403
    assert noor.post(f"/desk/site/reasons?site={site.slug}", do="add", title="A", text="B").status_code == 403
    assert settings(site) == before

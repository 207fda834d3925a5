"""Signing in at the desk: what opens, what does not, and what neither tells."""

from __future__ import annotations

import base64
import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from service.domain.totp import code_at, step_at
from service.extensions import db
from service.store.models import SessionRow
from service.store.session import writing
from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import PASSWORD, DeskBrowser, new_moderator, new_network, signed_in
from tests.driver import SiteDriver
from tests.stored import everything_stored


def fault(page: str) -> str:
    """Return the first sentence that a page finds fault with."""
    found = re.search(r'class="fault"[^>]*>([^<]+)<', page)
    return "" if found is None else found[1]


def aged(app: Flask, **age: timedelta) -> None:
    """Let every session be older than it is."""
    with app.app_context(), writing():
        db.session.execute(update(SessionRow).values({name: datetime.now(UTC) - older for name, older in age.items()}))


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return html.unescape(found[1])


def with_second_factor(noor: DeskBrowser) -> tuple[bytes, list[str]]:
    """Set up a second factor and return its secret and recovery codes."""
    offer = noor.post("/desk/account/second-factor", step="offer").text
    text = re.search(r'<code class="secret">([A-Z2-7]+)</code>', offer)
    assert text is not None
    secret = base64.b32decode(text[1])
    # The code of the step before leaves the present one for signing in.
    code = code_at(secret, step_at(datetime.now(UTC)) - 1)
    shown = noor.post("/desk/account/second-factor", step="prove", sealed=hidden(offer, "sealed"), code=code).text
    return secret, re.findall(r"<code>([a-z2-7-]{19})</code>", shown)


def test_address_and_password_open_the_desk(site: SiteDriver) -> None:
    noor = DeskBrowser(site.app, new_moderator(site))
    answer = noor.sign_in(next="/desk/account")
    assert (answer.status_code, answer.location) == (303, "/desk/account")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Noor" in noor.get("/desk/account").text


@ON_SQLITE_ALONE
def test_over_https_the_cookie_is_bound_to_this_host(site: SiteDriver) -> None:
    noor = DeskBrowser(site.app, new_moderator(site))
    answer = noor.client.post(
        "/desk/sign-in", data={"email": noor.email, "password": PASSWORD}, base_url="https://comments.example"
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-postbag=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_a_wrong_password_and_an_unknown_account_are_told_the_same(site: SiteDriver) -> None:
    known, unknown = DeskBrowser(site.app, new_moderator(site)), DeskBrowser(site.app, "nobody@example.org")
    answers = [known.sign_in("not the password"), unknown.sign_in(), DeskBrowser(site.app, "no address").sign_in()]
    assert {answer.status_code for answer in answers} == {422}
    assert {fault(answer.text) for answer in answers} == {"The address or the password is not right."}
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert known.email in answers[0].text, "what was typed stays, but the password"
    assert "not the password" not in answers[0].text


# Each try costs a fifth of a second on purpose, and what counts them is not the database.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_tries_are_limited_by_account_and_by_network(site: SiteDriver) -> None:
    email = new_moderator(site)
    answers = [DeskBrowser(site.app, email).sign_in("wrong password") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[10].headers["Retry-After"]) > 0
    assert DeskBrowser(site.app, email).sign_in().status_code == 429, "the right password has to wait too"
    network = new_network()
    one_network = [DeskBrowser(site.app, f"n{n}-{site.slug}@example.org", network).sign_in() for n in range(31)]
    assert [answer.status_code for answer in one_network] == [422] * 30 + [429]


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/\\evil.example", "/docs", "javascript:1"]
)
def test_signing_in_leads_nowhere_but_to_the_desk(site: SiteDriver, place: str) -> None:
    assert DeskBrowser(site.app, new_moderator(site)).sign_in(next=place).location == "/desk"


def test_whoever_is_not_signed_in_is_asked_to_and_led_back(site: SiteDriver) -> None:
    answer = site.client.get("/desk/account?done=name")
    assert (answer.status_code, answer.location) == (303, "/desk/sign-in?next=%2Fdesk%2Faccount%3Fdone%3Dname")


def test_signing_out_ends_the_session_for_good(site: SiteDriver) -> None:
    noor = signed_in(site)
    cookie = noor.cookie
    assert noor.post("/desk/sign-out").location == "/desk/sign-in"
    noor.client.set_cookie("postbag", cookie)
    assert noor.get("/desk/account").status_code == 303


@pytest.mark.parametrize(
    "age",
    [{"last_seen_at": timedelta(hours=13)}, {"created_at": timedelta(days=15)}],
    ids=["unused for half a day", "older than two weeks"],
)
def test_a_session_has_its_time(site: SiteDriver, age: dict[str, timedelta]) -> None:
    noor = signed_in(site)
    aged(site.app, **age)
    assert noor.get("/desk/account").status_code == 303
    assert noor.api("GET", "/v1/moderation/comments").status_code == 401


def test_what_was_being_sent_when_the_session_ended_is_kept_through_signing_in(site: SiteDriver) -> None:
    noor = signed_in(site)
    csrf = noor.csrf
    noor.post("/desk/sign-out")
    stopped = noor.client.post("/desk/account/name", data={"csrf": csrf, "name": 'Noor "the" <b>Second</b>'})
    assert stopped.status_code == 401
    assert "What you were sending is kept" in stopped.text
    carried = {name: hidden(stopped.text, name) for name in ("next", "whence", "kept")}
    back = noor.sign_in(**carried)
    assert back.status_code == 200
    shown = back.text
    assert 'action="/desk/account/name"' in shown
    assert 'Noor "the" &lt;b&gt;Second&lt;/b&gt;' in shown.replace("&#34;", '"')
    assert (
        noor.client.post("/desk/account/name", data={"csrf": hidden(shown, "csrf"), "name": "Noor II"}).status_code
        == 303
    )


@ON_SQLITE_ALONE
def test_passwords_are_never_carried_along(site: SiteDriver) -> None:
    stopped = site.client.post(
        "/desk/account/password", data={"old_password": "old secret", "new_password": "new secret"}
    )
    assert stopped.status_code == 401
    assert "secret" not in stopped.text.replace("<code", "")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
    ids=["origin", "fetch metadata", "sandboxed"],
)
@pytest.mark.parametrize("address", ["/desk/sign-in", "/desk/account/name"])
def test_forms_of_other_pages_are_refused(site: SiteDriver, address: str, headers: dict[str, str]) -> None:
    noor = signed_in(site)
    data = {"csrf": noor.csrf, "name": "Evil", "email": noor.email, "password": PASSWORD}
    assert noor.client.post(address, data=data, headers=headers).status_code == 403
    assert site.client.post(address, data=data, headers=headers).status_code == 403


@pytest.mark.parametrize("token", ["", "made-up", "x" * 43])
def test_without_the_session_s_own_token_nothing_is_changed(site: SiteDriver, token: str) -> None:
    noor = signed_in(site)
    refused = noor.client.post("/desk/account/name", data={"csrf": token, "name": "Evil"})
    assert refused.status_code == 403
    sent = site.submitted()["id"]
    refused = noor.client.post(
        f"/v1/moderation/comments/{sent}/decisions",
        json={"action": "approve", "revision": 1},
        headers={"X-CSRF-Token": token},
    )
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert site.opened(sent)["status"] == "pending"
    assert "Evil" not in noor.get("/desk/account").text


def test_a_second_factor_is_asked_for_and_no_code_is_good_twice(site: SiteDriver) -> None:
    noor = signed_in(site)
    secret, codes = with_second_factor(noor)
    assert len(codes) == 10
    noor.post("/desk/sign-out")
    asked = noor.sign_in()
    assert (asked.status_code, "Set-Cookie" in asked.headers) == (200, False)
    sealed = hidden(asked.text, "sealed")
    wrong = noor._post("/desk/sign-in", {"sealed": sealed, "code": "000000"})
    assert (wrong.status_code, "This code is not right" in fault(wrong.text)) == (422, True)
    code = code_at(secret, step_at(datetime.now(UTC)))
    assert noor._post("/desk/sign-in", {"sealed": sealed, "code": code}).status_code == 303
    noor.post("/desk/sign-out")
    again = noor._post("/desk/sign-in", {"sealed": hidden(noor.sign_in().text, "sealed"), "code": code})
    assert again.status_code == 422


def test_a_recovery_code_stands_in_for_the_app_once(site: SiteDriver) -> None:
    noor = signed_in(site)
    _, codes = with_second_factor(noor)
    noor.post("/desk/sign-out")
    typed = codes[0].upper().replace("-", " ")
    assert (
        noor._post("/desk/sign-in", {"sealed": hidden(noor.sign_in().text, "sealed"), "code": typed}).status_code == 303
    )
    assert "9 recovery codes" in noor.get("/desk/account").text
    noor.post("/desk/sign-out")
    again = noor._post("/desk/sign-in", {"sealed": hidden(noor.sign_in().text, "sealed"), "code": codes[0]})
    assert again.status_code == 422


def test_the_first_step_is_worth_nothing_once_the_password_has_changed(site: SiteDriver) -> None:
    noor = signed_in(site)
    _, codes = with_second_factor(noor)
    other = DeskBrowser(site.app, noor.email)
    sealed = hidden(other.sign_in().text, "sealed")
    noor.post("/desk/account/password", old_password=PASSWORD, new_password="another long password")
    assert other._post("/desk/sign-in", {"sealed": sealed, "code": codes[0]}).status_code == 422


@ON_SQLITE_ALONE
def test_a_made_up_first_step_opens_nothing(site: SiteDriver) -> None:
    for sealed in ("x", "AAAA", "é"):
        answer = DeskBrowser(site.app, "")._post("/desk/sign-in", {"sealed": sealed, "code": "000000"})
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (422, False)


def test_nothing_that_opens_the_desk_is_stored_as_it_is(site: SiteDriver) -> None:
    noor = signed_in(site)
    secret, codes = with_second_factor(noor)
    stored = everything_stored(site.app)
    for kept in (noor.cookie, noor.email, PASSWORD, secret.hex(), *codes):
        assert kept.encode() not in stored
